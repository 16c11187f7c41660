"""Addresses in an answer: one that was shown may be repeated, none may be made.

An address that a model composes can carry data to whoever owns its host: in a picture that loads by
itself, or in a link that somebody opens. One that stood in the question or in a tool result, letter
for letter, tells its host nothing but that it was opened. So this is a rule that code can keep,
whatever a log line talked a model into.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

# What is learned is read when an answer makes it necessary, and is not written out before.
Text = str | Callable[[], str]

# What ends an address in prose of either language.
_REST = r"[^\s<>\"'`，。；：！？、（）《》「」]*"
# What readers of Markdown and chat tools make a link of unasked: with a scheme or www., and, in
# some, a bare host with a query. A run of name characters is tried once, from its beginning.
_ADDRESS = re.compile(
    rf"(?:https?|ftps?|wss?)://{_REST}|mailto:{_REST}|\bwww\.{_REST}"
    rf"|(?<![\w.@/-])[\w-]+(?:\.[\w-]+)+(?::\d+)?(?:/[^\s<>\"'`?]*)?\?(?=\S){_REST}",
    re.IGNORECASE,
)
# Where Markdown leads to without saying it so plainly: another scheme, another host, in disguise.
_TARGET = re.compile(r"\]\(\s*(?:<[^>\n]*>|(?:[^\s()]|\([^\s()]*\))*)\)?")
_DEFINITION = re.compile(
    r"\]:\s*<?(?://|\\|&#?\w|[a-z][\w+.-]*://|javascript:|data:\w)\S*", re.IGNORECASE
)
_ANGLED = re.compile(r"<[a-z][a-z0-9+.-]{1,31}:[^\s<>]*[/?@&][^\s<>]*>", re.IGNORECASE)
_TAG = re.compile(
    r"<[a-z][^<>]*?[\s/](?:src|srcset|href|xlink:href|action|formaction|data|poster|background|style"
    r"|ping|cite|on\w+)\s*=[^>]*>?",
    re.IGNORECASE,
)
_LEADS_AWAY = re.compile(r"[/\\:&%]")
_PICTURE = re.compile(r"!(?=\[)")
# Behind an address, not a part of it.
_TAIL = ".,;:!?*_~|)]}'\"\\"
# A cluster's own names lead nowhere outside it.
_INSIDE = re.compile(
    r"(?:https?|wss?)://(?:\[::1\]|[\w-]+|[\w.-]+\.svc(?:\.cluster\.local)?"
    r"|(?:127|10|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d+){2,3})"
    r"(?::\d+)?(?:[/?#]|$)",
    re.IGNORECASE,
)
_MARKS = ("://", "mailto:", "www.", "?", "](", "]:", "<", "![")
# The end of a piece of text that may yet become an address: the last word, and what stands open
# before it.
_WORD = re.compile(r"(?:[!-~]*(?:://|www\.)\S*|[!-~]+)$")
_OPEN = re.compile(r"(?:\]\(\s*(?:<[^>\n]*|\S*)|\]:\s*\S*|<[a-z][^>]*)$", re.IGNORECASE)


def finished_part(text: str) -> int:
    """How much of a text can be judged already, whatever comes behind it."""
    word = _WORD.search(text)
    cut = word.start() if word else len(text)
    begun = _OPEN.search(text[:cut])
    return begun.start() if begun else cut


@dataclass(slots=True)
class Addresses:
    """What one turn was shown, and so may repeat. Most answers name no address: what was shown is read
    when one does."""

    _known: set[str] = field(default_factory=set[str])
    _unread: list[Text] = field(default_factory=list[Text])

    def learn(self, text: Text) -> None:
        """The addresses in what a person asked or a tool told may be named from now on."""
        self._unread.append(text)

    def without_made_up(self, text: str, removed: str) -> str:
        """The text with `removed` where an address stood that nobody showed; pictures become links."""
        if not any(mark in text for mark in _MARKS):
            return text
        text = _PICTURE.sub("", text)
        text = _TARGET.sub(lambda found: self._target(found.group(), removed), text)
        text = _DEFINITION.sub(lambda found: self._behind("]:", found.group(), removed), text)
        text = _TAG.sub(lambda _: f" {removed}", text)
        text = _ANGLED.sub(lambda found: self._behind("<", found.group(), removed), text)
        return _ADDRESS.sub(lambda found: self._plain(found.group(), removed), text)

    def _target(self, found: str, removed: str) -> str:
        return self._behind("](", found, removed) if _LEADS_AWAY.search(found) else found

    def _behind(self, mark: str, found: str, removed: str) -> str:
        address = found.removeprefix(mark).strip().strip("<>")
        return found if self._may_stand(address) else f"{mark.rstrip('(<:')} {removed}"

    def _plain(self, address: str, removed: str) -> str:
        bare = address.rstrip(_TAIL)
        return address if self._may_stand(bare) else removed + address[len(bare) :]

    def _may_stand(self, address: str) -> bool:
        return bool(_INSIDE.match(address)) or address.rstrip(_TAIL) in self._shown()

    def _shown(self) -> set[str]:
        for one in self._unread:
            text = one if isinstance(one, str) else one()
            if any(mark in text for mark in _MARKS):
                self._known.update(at.group().rstrip(_TAIL) for at in _ADDRESS.finditer(text))
        self._unread.clear()
        return self._known
