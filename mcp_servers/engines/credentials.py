"""Credentials by their shape or by the name they stand under. Only the shape is ever told."""

import re
from collections.abc import Iterator

# Values that are credentials wherever they stand; before each pattern a word it cannot lack.
_SHAPES = (
    ("private key", "PRIVATE KEY", re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY")),
    ("AWS access key", "A", re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])")),
    ("GitHub token", "gh", re.compile(r"(?<![\w-])(?:gh[opsur]_[A-Za-z0-9]{30,}|github_pat_\w{30,})")),
    ("GitLab token", "glpat-", re.compile(r"(?<![\w-])glpat-[\w-]{20,}")),
    ("Slack token", "xox", re.compile(r"(?<![\w-])xox[abeoprs]-[\w-]{10,}")),
    ("Google API key", "AIza", re.compile(r"(?<![\w-])AIza[\w-]{35}")),
    ("JSON web token", "eyJ", re.compile(r"(?<![\w-])eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}")),
    ("password in an address", "://", re.compile(r"://[^\s/:@'\"<>{}$()]+:(?P<value>[^\s/@'\"<>{}]+)@[\w.-]+")),
)  # fmt: skip

# What a name must end with to promise a credential: TOKEN_TTL and PASSWORD_FILE do not.
_NAME = re.compile(
    r"(?i)(?:password|passwd|passphrase|secret[_-]?key|access[_-]?key|private[_-]?key|api[_-]?key"
    r"|encryption[_-]?key|client[_-]?secret|(?:auth|access|refresh|api|bearer)[_-]?token|_pwd|_token|_secret)$"
)
# A setting inside a longer text: `spring.datasource.password=…`, `  api_key: …`, `--password=…`. What
# stands before the word is looked at only where there is one: a text may be long.
_SETTING = re.compile(
    r"(?i)(?:password|passwd|secret[_-]?key|access[_-]?key|api[_-]?key|client[_-]?secret|auth[_-]?token|access[_-]?token)"
    r"[\"']?[ \t]*[:=][ \t]*[\"']?(?P<value>[^\s\"',;}\]]+)"
)
_BEFORE = re.compile(r"[\w.-]*$")
_LONGEST_NAME = 60
# Without one of these a text is not searched: the pattern is a hundred times slower.
_HINTS = (
    "password", "passwd", "secret_key", "secret-key", "secretkey", "access_key", "access-key", "accesskey",
    "api_key", "api-key", "apikey", "client_secret", "client-secret", "clientsecret", "auth_token", "auth-token",
    "authtoken", "access_token", "access-token", "accesstoken",
)  # fmt: skip

# References, empty words and what people write before the real value is there.
_PLACEHOLDER = re.compile(
    r"(?i)\$|\{\{|<|%[({]|\*{3}|\.\.\.|x{4,}|(?:change|replace|fill|insert|your|example|sample|dummy|fake|placeholder"
    r"|redacted|todo|tbd|none|null|nil|true|false|empty|default|test|unset|undefined|secret|password|passwd|token"
    r"|not[-_]?(?:set|used|needed)|see[-_ ]|from[-_ ]|ref[:+]|vault:|file:|env:|arn:|projects/|/)"
)
_PLAIN_WORDS = re.compile(r"[a-z0-9]+(?:[-._][a-z0-9]+)*$")
_NUMBER = re.compile(r"[\d.]+(?:ms|s|m|h|d)?$")
SHORTEST = 6


def shape_in(value: str) -> str:
    """What kind of credential stands in a text; "" for none that is known by its shape."""
    for name, word, pattern in _SHAPES:
        if word in value and (match := pattern.search(value)):
            said = match.groupdict().get("value") or ""
            if not _PLACEHOLDER.match(said) or not said:
                return name
    return ""


def literal_credential(name: str, value: str) -> str:
    """The kind of credential that a named value holds literally; "" for a placeholder, a reference,
    a number, or a name that promises none."""
    if shape := shape_in(value):
        return shape
    return _word_for(name) if _NAME.search(name) and _is_literal(name, value) else ""


def settings_with_credentials(text: str) -> Iterator[tuple[str, str]]:
    """(name, kind) of each setting in a longer text that holds a credential literally."""
    lowered = text.lower()
    if any(hint in lowered for hint in _HINTS):
        for match in _SETTING.finditer(text):
            name = _named(text, match.start()) + re.split(r"[\"' \t:=]", match[0], maxsplit=1)[0]
            if _is_literal(name, match["value"]):
                yield name, _word_for(name)


def _named(text: str, end: int) -> str:
    """What of a name stands before a position."""
    before = _BEFORE.search(text[max(0, end - _LONGEST_NAME) : end])
    return before[0].lstrip("-") if before else ""


def _is_literal(name: str, value: str) -> bool:
    said = value.strip()
    if len(said) < SHORTEST or _PLACEHOLDER.match(said) or _NUMBER.match(said) or " " in said:
        return False
    # `DB_SECRET=orders-db` names a Secret; only a password may be as plain as that.
    return "pass" in name.lower() or not _PLAIN_WORDS.match(said) or _is_random(said)


def _is_random(word: str) -> bool:
    """Whether lower-case letters and digits are mixed as in a generated value."""
    return len(word) >= 16 and "-" not in word and sum(one.isdigit() for one in word) >= 3


def _word_for(name: str) -> str:
    lowered = name.lower()
    if "pass" in lowered or "pwd" in lowered:
        return "password"
    return "token" if "token" in lowered else "key"
