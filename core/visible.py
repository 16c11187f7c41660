"""Text without what nobody sees: controls, escapes, and characters that hide or reorder others.

Whoever can write into a log can write an order there that a person does not see and a model reads.
"""

import re
from typing import Any, cast

# Terminal sequences (ECMA-48) whole, then single controls but tab and line feed; zero-width and
# directional characters; the tag block, which spells ASCII invisibly; variation selectors beyond
# the one that emoji use.
_UNSEEN = re.compile(
    "\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?|[@-_])?"
    "|[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e0fff]"
)

# Of plain ASCII, the form of nearly all that is looked at, only these: a tenth of the time that the pattern takes.
_UNSEEN_ASCII = bytes(code for code in range(128) if _UNSEEN.match(chr(code)))


def has_unseen(text: str) -> bool:
    """Whether a text holds anything that does not show."""
    if text.isascii():
        return len(text.encode().translate(None, _UNSEEN_ASCII)) < len(text)
    return _UNSEEN.search(text) is not None


def visible(text: str) -> str:
    """The text as it looks."""
    return _UNSEEN.sub("", text) if has_unseen(text) else text


def visible_fields(value: Any) -> Any:
    """The same for every string in nested lists and mappings; keys as well."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value).items()
        return {visible(key): visible_fields(one) for key, one in pairs}
    if isinstance(value, list):
        return [visible_fields(one) for one in cast("list[Any]", value)]
    return value
