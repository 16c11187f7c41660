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


_UNFILLED = re.compile(r"\{\{.*?\}\}|\$\{?[\w.]+\}?|<[\w -]+>|%\(?\w*\)?s")


def illegal_part(image: str) -> tuple[str, str]:
    """What makes this no image name, in a word of ours, and the part that does; "" when unclear."""
    if unfilled := _UNFILLED.search(image):
        return "unfilled template", unfilled.group()
    if blank := re.search(r"\s+\S*|^$", image):
        return "blank", blank.group().strip()
    path, _, tag = image.partition("@")[0].rpartition("/")[2].partition(":")
    if ":" in tag:
        return "two tags", tag
    if upper := re.search(r"[A-Z][\w-]*", f"{repository_of(image).partition('/')[2] or path}"):
        return "upper case", upper.group()
    if not path or image.endswith((":", "@", "/")):
        return "empty part", image[-1:]
    odd = re.search(r"[^\w./:@-]+|[._-]{3,}|//", image)
    return ("illegal character", odd.group()) if odd else ("", "")
