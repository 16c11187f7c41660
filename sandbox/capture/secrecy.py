"""Takes secrets out of what is captured, and says in each object that it did."""

import re
from typing import Any, cast

import orjson

Json = dict[str, Any]

REPLACED = "REPLACED"
LEFT_OUT = "midwatch/left-out"

# What is told once for the whole folder.
KINDS_OF_SECRETS = (
    "values of Secrets",
    "tokens and private keys",
    "credentials in kubeconfigs",
    "passwords in addresses",
    "environment values whose name says they are secret",
)

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_SECRET_NAME = re.compile(
    r"(?i)passw|token|secret|credential|api_?key|private_?key|(^|_)pwd?$|auth$"
)

_JWT = r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"
_PEM = r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
_TEXTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(_PEM, re.DOTALL), REPLACED),
    (re.compile(_JWT), REPLACED),
    (re.compile(r"(?i)(\bBearer\s+)[\w.~+/-]{6,}=*"), rf"\g<1>{REPLACED}"),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^/\s:@]*:)[^/\s@]+@"), rf"\g<1>{REPLACED}@"),
)
# Nothing above matches a text without one of these; most texts have none.
_SUSPECT = re.compile(r"(?i)PRIVATE KEY-----|eyJ|Bearer\s|://[^/\s]*@")
_KUBECONFIG_SECRET = re.compile(
    r"(?m)(\b(?:token|password|client-key-data|client-certificate-data|id-token|refresh-token)"
    r"[\"']?\s*:\s*[\"']?)[^\s\"',}]+"
)


def without_secrets(one: Json) -> Json:
    """The object with every secret in it replaced; an annotation tells when there was one."""
    cleaned = _object(one)
    if cleaned == one:
        return one
    metadata: Json = cleaned["metadata"]
    given: Json = metadata.get("annotations") or {}
    annotations = {**given, LEFT_OUT: "secret values"}
    return {**cleaned, "metadata": {**metadata, "annotations": annotations}}


def scrubbed(text: str) -> str:
    """Without tokens, private keys and passwords in addresses; whole if it has none."""
    if _looks_like_a_kubeconfig(text):
        text = _KUBECONFIG_SECRET.sub(rf"\g<1>{REPLACED}", text)
    if _SUSPECT.search(text):
        for pattern, instead in _TEXTS:
            text = pattern.sub(instead, text)
    return text


def scrubbed_tree(value: Any) -> Any:
    """The same for every text in a JSON value."""
    if isinstance(value, str):
        return scrubbed(value)
    if isinstance(value, list):
        return [scrubbed_tree(one) for one in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    fields = cast("Json", value)
    if _is_secret_variable(fields):
        return {**fields, "value": REPLACED}
    return {name: scrubbed_tree(one) for name, one in fields.items()}


def _object(one: Json) -> Json:
    if one.get("kind") == "Secret" and one.get("apiVersion") == "v1":
        return _emptied(one)
    metadata: Json = one.get("metadata") or {}
    annotations: Json = metadata.get("annotations") or {}
    applied = annotations.get(_LAST_APPLIED)
    if isinstance(applied, str):
        annotations = {**annotations, _LAST_APPLIED: _applied(applied)}
        one = {**one, "metadata": {**metadata, "annotations": annotations}}
    return scrubbed_tree(one)


def _emptied(secret: Json) -> Json:
    """A Secret keeps its keys; its values, and the copy of them in an annotation, are left out."""
    metadata: Json = secret.get("metadata") or {}
    given: Json = metadata.get("annotations") or {}
    annotations: Json = {
        name: REPLACED if name == _LAST_APPLIED else scrubbed(str(text))
        for name, text in given.items()
    }
    kept = {**metadata, "annotations": annotations} if annotations else metadata
    fields = ("data", "stringData")
    emptied = {field: dict.fromkeys(secret[field], "") for field in fields if secret.get(field)}
    return {**secret, **emptied, "metadata": kept}


def _applied(text: str) -> str:
    """An applied configuration is an object inside a text."""
    try:
        tree: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        return scrubbed(text)
    cleaned = _object(cast("Json", tree)) if isinstance(tree, dict) else scrubbed_tree(tree)
    return text if cleaned == tree else orjson.dumps(cleaned).decode()


def _is_secret_variable(fields: Json) -> bool:
    """An environment variable with a literal value and a telling name."""
    name, value = fields.get("name"), fields.get("value")
    texts = isinstance(name, str) and isinstance(value, str) and bool(value)
    return texts and bool(_SECRET_NAME.search(str(name)))


def _looks_like_a_kubeconfig(text: str) -> bool:
    return "clusters" in text and "users" in text and "contexts" in text
