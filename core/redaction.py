"""Secrets out of text and data. What is taken out is named: `[redacted:password]`.

Two kinds of rule. A *shape* is a value that is a secret wherever it stands (a JWT, a private
key). A *label* is a word that says the value after it is one (`password=`, `密码：`). Digests,
UIDs, commits and pod hashes are neither, and stay.
"""

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast


@dataclass(frozen=True, slots=True)
class _Shape:
    """`gates`: the pattern cannot match unless one of them is in the text; a cheap way out."""

    gates: tuple[str, ...]
    pattern: re.Pattern[str]
    replacement: str


def _shape(gates: str, pattern: str, replacement: str) -> _Shape:
    return _Shape(tuple(gates.split()), re.compile(pattern), replacement)


# Order matters: a whole key block before what might match inside it.
_SHAPES = (
    _shape(
        "PRIVATE",
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"
        r"(?:(?s:(?!-----).)*?-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"
        # … or one that was cut: full lines, then a last piece that stands alone or is no word
        r"|(?:(?:\s|\\[nr])*[A-Za-z0-9+/]{20,}={0,2})*(?:(?:\s|\\[nr])+(?:[A-Za-z0-9+/=]+(?![^\s\"'\\)\]},;])"
        r"|(?=[A-Za-z+/]*[0-9])[A-Za-z0-9+/]{10,}))?)",
        "[redacted:private-key]",
    ),
    # The same in base64, as kubeconfigs and Secrets hold it; certificates and public keys stay.
    _shape("LS0tLS1CRUdJTiB", r"LS0tLS1CRUdJTiB(?!DRVJU|QVUJM)[A-Za-z0-9+/=]+", "[redacted:private-key]"),
    _shape("eyJ", r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)*", "[redacted:jwt]"),
    _shape("ZXlK", r"(?<![\w+])ZXlK[A-Za-z0-9+/]{40,}={0,2}", "[redacted:jwt]"),
    _shape("AKIA ASIA", r"(?<![A-Za-z0-9])A[KS]IA[A-Z0-9]{16}(?![A-Za-z0-9])", "[redacted:aws-key]"),
    _shape("AIza", r"(?<![\w-])AIza[\w-]{35}", "[redacted:gcp-key]"),
    _shape("ya29.", r"(?<![\w-])ya29\.[\w-]{20,}", "[redacted:gcp-token]"),
    _shape("GOCSPX-", r"GOCSPX-[\w-]{20,}", "[redacted:gcp-secret]"),
    _shape("8Q~", r"(?<![\w~.-])[\w~.-]{3}8Q~[\w~.-]{31,}", "[redacted:azure-secret]"),
    _shape("gho_ ghp_ ghs_ ghu_ ghr_", r"(?<![A-Za-z0-9])gh[opsur]_[A-Za-z0-9]{20,}", "[redacted:token]"),
    _shape("github_pat_", r"github_pat_\w{20,}", "[redacted:token]"),
    _shape("glpat- dckr_pat_ hvs. npm_ hf_ pypi- dop_v1_ whsec_",
           r"(?<![\w-])(?:glpat-|dckr_pat_|hvs\.|npm_|hf_|pypi-|dop_v1_|whsec_)[\w-]{20,}", "[redacted:token]"),
    _shape("xox", r"(?<![\w-])xox[abeoprs]-[\w-]{8,}", "[redacted:slack-token]"),
    _shape("mw_", r"(?<![\w-])mw_[\w-]{30,}", "[redacted:token]"),
    _shape("mws_", r"(?<![\w-])mws_[\w.-]{30,}", "[redacted:token]"),
    # A pod may be called sk-…: its parts are short and its letters small.
    _shape("sk- sk_ rk_",
           r"(?<![\w-])(?:sk-(?:ant|proj|svcacct|admin|test|live|or)-[\w-]{8,}|[rs]k_(?:live|test)_\w{8,}"
           r"|sk-[A-Za-z0-9]{20,}[\w-]*|sk-(?=[\w-]*[A-Z])[\w-]{20,})", "[redacted:api-key]"),
    # user:password@ in a URL, but not the tag of an image before its digest.
    _shape("://", r"(://[^\s/:@'\"<>]*:)(?!\[redacted)[^\s/'\"<>]+@(?!sha\d+:)", r"\1[redacted:password]@"),
    _shape("@tcp( @unix(", r"(?<=:)(?!password\]@)[^\s:/@]+(?=@(?:tcp|unix)\()", "[redacted:password]"),
    _shape("/services/", r"(hooks\.slack\.com/services/)[\w/-]+", r"\1[redacted:webhook]"),
    _shape("/hook/", r"(/open-apis/bot/v2/hook/)[\w-]+", r"\1[redacted:webhook]"),
    _shape("key= sig= Signature= Credential=",
           r"([?&](?:X-Amz-Signature|X-Amz-Credential|X-Goog-Signature|sig|key)=)[^\s&\"'<>\[]{8,}",
           r"\1[redacted:key]"),
    _shape("earer asic", r"(\b(?:[Bb]earer|[Bb]asic) +)(?=[\w.~+/=-]*[0-9=])[\w.~+/=-]{12,}", r"\1[redacted:token]"),
)  # fmt: skip

_KEY_BLOCK = _SHAPES[0]

# The word that ends a name: DB_PASSWORD, clientSecret, x-api-key, "access_token". Every
# alternative begins with a letter of its own, so that the scan skips to those letters.
_LABELS: Mapping[str, str] = {
    "password": r"password|passwd|passphrase|pass(?<=_pass)|pwd|密码|口令",
    "secret": r"secret[_-]?access[_-]?key|secret[_-]?key|secret|密钥|秘钥|私钥",
    "token": r"token|令牌",
    "key": r"api[_-]?key|private[_-]?key|account[_-]?key|shared[_-]?access[_-]?key|signing[_-]?key"
    r"|encryption[_-]?key|key[_-]data|dockerconfigjson|dockercfg",
    "credential": r"credentials?|authorization",
    "cookie": r"cookie",
}
_LABEL = re.compile("|".join(_LABELS.values()))
_KINDS = {kind: re.compile(words.replace("(?<=_pass)", "")) for kind, words in _LABELS.items()}
_LABEL_GATES = ("pass", "pwd", "secret", "token", "key", "credential", "authorization", "cookie",
                "dockerc", "密", "令", "钥")  # fmt: skip
_GATES = tuple(
    dict.fromkeys([*_LABEL_GATES, *(gate.lower() for shape in _SHAPES for gate in shape.gates)])
)
_IS_LABEL = frozenset(_LABEL_GATES)
Signs = tuple[str, ...]
_LABEL_AT_END = re.compile(f"({_LABEL.pattern})\\d?$")

_BARE = r"(?:[^\s\"',;&)}\]`，。；、]|[,;&)}\]'\"`](?![\s,;&)}\]\"'`\\]|$|[\w.-]+[=:]))+"
_VALUE = (
    r"(?P<value>\"(?:[^\"\\\n]|\\.)*\"?|'[^'\n]*'?|(?P<q>\\+[\"'])(?:(?!(?P=q)).)*(?P=q)"
    rf"|(?:(?:[Bb]earer|[Bb]asic|[Tt]oken) +)?{_BARE})"
)
_ASSIGNED = re.compile(
    rf"\d?(?P<quote>\\*[\"'`]?)[ \t]*(?P<sep>:=|=>|==?|[:：])[ \t]*{_VALUE}", re.MULTILINE
)
_TOLD = re.compile(r"[ \t]*(?P<sep>是|为|is|was)[ \t]*(?P<value>[!-~]{4,})")
_OPTION = re.compile(rf"(?P<sep>[ \t]+)(?!-){_VALUE}", re.MULTILINE)
_OPTION_NAME = re.compile(r"(?<![\w-])--[\w-]*$")
_REST_OF_LINE = re.compile(r"[\"']?[ \t]*(?P<sep>:)[ \t]*(?P<value>[^\r\n\"]+)")
# name: DB_PASSWORD, value: … as an environment list prints it
_NAMED_VALUE = re.compile(
    r"\d?\\*[\"']?,?\s*\\*[\"']?(?P<sep>value\\*[\"']?\s*:)[ \t]*" + _VALUE, re.MULTILINE
)

# References, empty values and words of prose; none of them is a secret.
_NOT_A_SECRET = re.compile(
    r"\[?redacted|\$[({]|\{\{|\{\w+:|<|\*{3,}$|%(?:[sdv]$|\(|\w+%$)"
    r"|(?:null|none|nil|true|false|undefined|empty|yes|no|not|is|was|must|should|cannot|has|and|or|for"
    r"|from|in|of|invalid|incorrect|wrong|required|missing|expired|authentication|unauthorized|denied"
    r"|failed)[.,;:!)]*$"
    r"|/(?:app|data|etc|home|mnt|opt|root|run|secrets|srv|tmp|usr|var|workspace)(?:/|$)",
    re.IGNORECASE,
)
_RESOURCE_NAME = re.compile(r"[a-z0-9]+(?:[-./][a-z0-9]+)+")
_MIXED = re.compile(r"(?=.*[0-9!@#$%^&*])(?=.*[A-Za-z])")
_SCHEME = re.compile(r"\A(?:[Bb]earer|[Bb]asic|[Tt]oken) +")


def signs_of_secrets(text: str) -> Signs:
    """What in a text, or in JSON, may be the sign of a secret; none: nothing in it is one.

    One look over the whole costs a hundredth of a look into every field, so whoever redacts parts of
    it hands the signs on.
    """
    lowered = text.lower()
    # Half a character is in no sign, and the search takes whole ones.
    return _found(
        lowered if lowered.isascii() else lowered.encode(errors="replace").decode(), _GATES
    )


def _found(lowered: str, signs: Signs) -> Signs:
    """Which of these are in a text: looked for all at once, and where one is found, in each half of them.

    To look for one after the other is a thirtieth of a turn that reads logs.
    """
    if not _finder(signs)(lowered):
        return ()
    if len(signs) == 1:
        return signs
    half = len(signs) // 2
    return _found(lowered, signs[:half]) + _found(lowered, signs[half:])


@functools.cache
def _finder(signs: Signs) -> Callable[[str], bool]:
    """Whether one of them is in a text, by Rust's search, which pydantic has for patterns."""
    from pydantic_core import SchemaValidator, core_schema

    pattern = "|".join(re.escape(sign) for sign in signs)
    return SchemaValidator(core_schema.str_schema(pattern=pattern)).isinstance_python


def redact_text(text: str, signs: Signs | None = None) -> str:
    """`text` without its secrets; the same object when there are none. Safe to apply twice.

    `signs` are those of this text, or of a larger one that it is a part of.
    """
    if signs is None:
        seen: Sequence[str] = signs_of_secrets(text)
    else:
        lowered = text.lower()
        seen = [gate for gate in signs if gate in lowered]
    # Before labels: of a key behind `password=`, a label takes the first word and leaves the rest.
    if any(gate in text for gate in _KEY_BLOCK.gates):
        text = _KEY_BLOCK.pattern.sub(_KEY_BLOCK.replacement, text)
    if not _IS_LABEL.isdisjoint(seen):
        text = _without_labelled(_without_secret_manifests(text))
    for shape in _shapes_of(*seen):
        if any(gate in text for gate in shape.gates):
            text = shape.pattern.sub(shape.replacement, text)
    return text


@functools.lru_cache(maxsize=512)
def _shapes_of(*signs: str) -> tuple[_Shape, ...]:
    """The shapes that have one of these signs, in their order."""
    return tuple(one for one in _SHAPES if any(gate.lower() in signs for gate in one.gates))


def _without_labelled(text: str) -> str:
    # The one letter whose small form is longer would shift every position after it.
    lowered = text.replace("İ", "i").lower()
    pieces: list[str] = []
    done = 0
    for label in _LABEL.finditer(lowered):
        if label.start() < done:
            continue
        found = _value_after(text, label)
        if found is None:
            continue
        kind = _kind(label.group())
        if not _is_secret(found, kind, label.group()):
            continue
        start, end = _inside_quotes(text, *found.span("value"))
        pieces += [text[done:start], f"[redacted:{kind}]"]
        done = end
    return "".join([*pieces, text[done:]]) if pieces else text


def _kind(label: str) -> str:
    return next(kind for kind, words in _KINDS.items() if words.fullmatch(label))


def _value_after(text: str, label: re.Match[str]) -> re.Match[str] | None:
    at = label.end()
    if label.group() == "cookie":
        return _REST_OF_LINE.match(text, at)
    found = _ASSIGNED.match(text, at) or _TOLD.match(text, at) or _NAMED_VALUE.match(text, at)
    if found is None and _OPTION_NAME.search(text, max(0, label.start() - 40), label.start()):
        return _OPTION.match(text, at)
    return found


def _is_secret(found: re.Match[str], kind: str, label: str) -> bool:
    value = _SCHEME.sub("", found["value"].strip("\\\"'`"), count=1)
    if not value or _NOT_A_SECRET.match(value):
        return False
    if found["sep"] in ("is", "was"):
        return bool(_MIXED.match(value))
    if not label.isascii():
        return any("!" <= character <= "~" for character in value)
    return kind not in ("token", "secret", "credential") or not _is_prose(
        found["sep"], value, label
    )


def _is_prose(sep: str, value: str, label: str) -> bool:
    """`secret: db-creds` names an object, `token: 512` counts, `token: expired` is a sentence."""
    if value.isdigit():
        return len(value) < 8
    if sep not in (":", "："):
        return False
    if label == "secret" and _RESOURCE_NAME.fullmatch(value):
        return True
    return value.isalpha() and value.islower() and len(value) < 16


def _inside_quotes(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without the quotes around it, and without the word Bearer before it."""
    while start < end and text[start] in "\\\"'`":
        start += 1
    while end > start and text[end - 1] in "\\\"'`":
        end -= 1
    scheme = _SCHEME.match(text[start:end])
    return start + (scheme.end() if scheme else 0), end


_SECRET_KIND = re.compile(r"\bkind\\*[\"']?\s*:\s*\\*[\"']?Secret\b")
_YAML_OBJECT = re.compile(r"^(?=---|- apiVersion:|- kind:|apiVersion:)", re.MULTILINE)
_YAML_DATA = re.compile(r"^(?P<pad>[ -]*)(?:data|stringData):[ \t]*\n(?P<body>(?:(?P=pad)[ ]+\S.*\n?)+)", re.MULTILINE)  # fmt: skip
_YAML_ENTRY = re.compile(r"^([ ]+[\w.\"'-]+:[ \t]*)(?!\[redacted)\S.*$", re.MULTILINE)
_YAML_BLOCK = re.compile(
    r"^([ ]+)([\w.\"'-]+:[ \t]*)[|>][+-]?[ \t]*\n(?:\1[ ]+.*\n?)+", re.MULTILINE
)
_JSON_DATA = re.compile(r"(\\*\"(?:data|stringData)\\*\"\s*:\s*\{)([^{}]*)\}")
_JSON_ENTRY = re.compile(r"(\\*\"[\w.-]+\\*\"\s*:\s*)(\\*\")(?:(?!\2).)*\2")


def _without_secret_manifests(text: str) -> str:
    """Every value of a Secret's data, whatever its key is called."""
    if not _SECRET_KIND.search(text):
        return text
    objects = _YAML_OBJECT.split(text)
    return "".join(_without_data(part) if _SECRET_KIND.search(part) else part for part in objects)


def _without_data(manifest: str) -> str:
    def yaml_body(found: re.Match[str]) -> str:
        offset = found.start("body") - found.start()
        body = _YAML_BLOCK.sub(r"\1\2[redacted:secret]\n", found["body"])
        return found.group()[:offset] + _YAML_ENTRY.sub(r"\1[redacted:secret]", body)

    def json_body(found: re.Match[str]) -> str:
        return found[1] + _JSON_ENTRY.sub(r"\1\2[redacted:secret]\2", found[2]) + "}"

    return _JSON_DATA.sub(json_body, _YAML_DATA.sub(yaml_body, manifest))


_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def redact_fields(data: Any, signs: Signs | None = None) -> Any:
    """The same shape without secrets: strings as `redact_text` does, and values by their key.

    `password` and `db_token` hide their strings, `secretName` and `tokenExpirationSeconds`
    do not; a Secret loses all values of its data.
    """
    if signs is None:
        # One look over all strings tells which few rules can find anything in any of them.
        signs = signs_of_secrets("\n".join(_strings(data)))
    return _redacted(data, signs)


def _strings(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for value in cast("Mapping[Any, Any]", data).values():
            yield from _strings(value)
    elif isinstance(data, list | tuple):
        for item in cast("Sequence[Any]", data):
            yield from _strings(item)


def _redacted(data: Any, signs: Signs) -> Any:
    if isinstance(data, str):
        lowered = data.lower() if signs else ""
        return redact_text(data, signs) if any(sign in lowered for sign in signs) else data
    if isinstance(data, dict | Mapping):  # a dict is known for one at once
        return _mapping(cast("Mapping[Any, Any]", data), signs)
    if isinstance(data, list | tuple):
        items = _sequence(cast("Sequence[Any]", data), signs)
        return items if isinstance(data, list) else tuple(items)
    return data


def _mapping(data: Mapping[Any, Any], signs: Signs) -> dict[Any, Any]:
    hidden: set[Any] = {"data", "stringData"} if data.get("kind") == "Secret" else set()
    named = secret_kind(str(data["name"])) if "name" in data and "value" in data else ""
    return {
        key: _hidden(value, "secret" if key in hidden else named)
        if key in hidden or (named and key == "value")
        else _entry(value, str(key), signs)
        for key, value in data.items()
    }


def _entry(value: Any, key: str, signs: Signs) -> Any:
    by_key = secret_kind(key) if isinstance(value, str | bytes) else ""
    if by_key and _hides(str(value), key):
        return f"[redacted:{by_key}]"
    return _redacted(value, signs)


def _hides(value: str, key: str) -> bool:
    if not value or _NOT_A_SECRET.match(value):
        return False
    return key.lower() != "secret" or not _RESOURCE_NAME.fullmatch(value)


def _hidden(value: Any, kind: str) -> Any:
    """The same shape with no string left in it."""
    if isinstance(value, Mapping):
        fields = cast("Mapping[Any, Any]", value)
        return {key: _hidden(below, kind) for key, below in fields.items()}
    if isinstance(value, list | tuple):
        return [_hidden(item, kind) for item in cast("Sequence[Any]", value)]
    return f"[redacted:{kind}]" if isinstance(value, str) and value else value


def _sequence(items: Sequence[Any], signs: Signs) -> list[Any]:
    redacted: list[Any] = []
    for i, item in enumerate(items):
        before = items[i - 1] if i else None
        follows = isinstance(before, str) and before.startswith("--") and secret_kind(before)
        hide = follows and isinstance(item, str) and not item.startswith("-")
        redacted.append(f"[redacted:{follows}]" if hide else _redacted(item, signs))
    return redacted


@functools.lru_cache(maxsize=4096)
def secret_kind(name: str) -> str:
    """What kind of secret a field of this name holds, or "" for none."""
    found = _LABEL_AT_END.search(_CAMEL.sub("_", name).lower())
    return _kind(found[1]) if found else ""
