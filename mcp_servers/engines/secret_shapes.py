"""What can be said of a Secret's values without keeping them: worked out once, at the reading."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mcp_servers.engines.fields import rows, strings, text, whole
from mcp_servers.facts.kubernetes import Json, Resource

# Where a Secret without values keeps what was found; no field of Kubernetes has this name.
_FACTS, _BYTES = "midwatchFacts", "midwatchBytes"

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

# Of each group one key must be there and hold something, or the type promises what it lacks.
REQUIRED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "kubernetes.io/tls": (("tls.crt",), ("tls.key",)),
    "kubernetes.io/dockerconfigjson": ((".dockerconfigjson",),),
    "kubernetes.io/dockercfg": ((".dockercfg",),),
    "kubernetes.io/basic-auth": (("username", "password"),),
    "kubernetes.io/ssh-auth": (("ssh-privatekey",),),
    "kubernetes.io/service-account-token": (("token",),),
}

# Keys whose value is sent as it stands, so that a line end becomes part of it.
_CREDENTIAL_KEY = re.compile(
    r"(?i)(?:pass(?:word|wd|phrase)?|pwd|token|secret|api[-_]?key|access[-_]?key|username|user|dsn|uri|url)$"
)
# A password this short may look like base64 by chance.
_SHORTEST_TWICE = 16
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}\s*")


@dataclass(frozen=True, slots=True)
class SecretFact:
    """`fact`: missing | encoded twice | ends with a line break."""

    key: str
    fact: str


def without_values(secret: Json) -> Resource:
    """The Secret with the names of its keys, and in place of the values what is wrong with them.

    The copy that kubectl keeps in an annotation holds the values too, and goes.
    """
    data = strings(secret, "data")
    facts = [{"key": one.key, "fact": one.fact} for one in _facts(text(secret, "type"), data)]
    metadata: Json = secret.get("metadata") or {}
    notes = strings(metadata, "annotations")
    notes.pop(_LAST_APPLIED, None)
    return Resource(
        {
            **secret,
            "metadata": {**metadata, "annotations": notes},
            "data": dict.fromkeys(data, ""),
            "stringData": {},
            _FACTS: facts,
            _BYTES: sum(len(value) * 3 // 4 for value in data.values()),
        }
    )


def secret_facts(secret: Resource) -> list[SecretFact]:
    """What was found wrong with a Secret when it was read."""
    return [SecretFact(text(one, "key"), text(one, "fact")) for one in rows(secret.raw, _FACTS)]


def secret_bytes(secret: Resource) -> int:
    """How much its values held, in bytes."""
    return whole(secret.raw, _BYTES)


def _facts(kind: str, data: Mapping[str, str]) -> Iterator[SecretFact]:
    for group in REQUIRED.get(kind, ()):
        if not any(data.get(key) for key in group):
            yield SecretFact(" or ".join(group), "missing")
    for key, encoded in sorted(data.items()):
        value = _decoded(encoded)
        if value is None or "\n" in value.rstrip("\n"):
            continue
        if _is_encoded_again(value):
            yield SecretFact(key, "encoded twice")
        elif value.endswith("\n") and len(value) > 1 and _CREDENTIAL_KEY.search(key):
            yield SecretFact(key, "ends with a line break")


def _decoded(encoded: str) -> str | None:
    """The text that a base64 value holds; None for what is no text."""
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None


def _is_encoded_again(value: str) -> bool:
    """Whether a value is base64 of readable text. A random token decodes to noise."""
    bare = value.strip()
    long_enough = len(bare) >= _SHORTEST_TWICE or (len(bare) >= 8 and bare.endswith("="))
    if not long_enough or len(bare) % 4 or not _BASE64.fullmatch(bare):
        return False
    inner = _decoded(bare)
    return inner is not None and inner.strip().isprintable() and inner.isascii()
