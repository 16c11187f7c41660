"""What registries and runtimes say about an image that does not arrive."""

import re

# What registries and runtimes say, the clearest words first. An auth word wins over "not found":
# registries hide private repositories behind both.
SAID: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("rate_limited", re.compile(r"toomanyrequests|rate limit|\b429\b", re.IGNORECASE)),
    ("arch", re.compile(r"no match(ing manifest| for platform)", re.IGNORECASE)),
    (
        "auth",
        re.compile(
            r"unauthorized|\bdenied\b|authentication required|\b40[13]\b|no basic auth"
            r"|failed to authorize|authorization failed|insufficient_scope|forbidden",
            re.IGNORECASE,
        ),
    ),
    (
        "network",
        re.compile(
            r"no such host|i/o timeout|connection refused|connection reset|x509|proxyconnect"
            r"|TLS handshake|no route to host|network is unreachable|server misbehaving"
            r"|deadline exceeded|\b50[0234]\b|Client\.Timeout",
            re.IGNORECASE,
        ),
    ),
    ("not_found", re.compile(r"not found|manifest unknown|does not exist|\b404\b", re.IGNORECASE)),
)


def class_of(message: str, image: str) -> str:
    """The first kind of trouble these words name, the image's own name left out of them."""
    words = message.replace(image, "").replace(repository_of(image), "") if image else message
    return next((kind for kind, shape in SAID if shape.search(words)), "")


def repository_of(image: str) -> str:
    """The image without tag and digest: `registry:5000/team/app:1.2` → `registry:5000/team/app`."""
    head, _, tail = image.partition("@")[0].rpartition(":")
    return head if head and "/" not in tail else image.partition("@")[0]


def image_parts(image: str) -> dict[str, str]:
    """An image with its repository, tag and registry apart, as texts ask for them."""
    repository = repository_of(image)
    first = repository.split("/")[0]
    named = "." in first or ":" in first or first == "localhost"
    return {
        "image": image,
        "repository": repository,
        "tag": image[len(repository) :].lstrip(":@"),
        "registry": first if named else "docker.io",
    }
