"""Addresses in an answer: one that was shown may be repeated, none may be made.

An address that a model composes can carry data to whoever owns its host: in a picture that loads by
itself, or in a link that somebody opens. One that stood in the question or in a tool result, letter
for letter, tells its host nothing but that it was opened. So this is a rule that code can keep,
whatever a log line talked a model into. A result that only repeats what the model called the tool with,
or had an expression put together, shows nothing.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

# What is learned is read when an answer makes it necessary, and is not written out before.
Text = str | Callable[[], str]

# What ends an address in prose of either language.
_REST = r"[^\s<>\"'`，。；：！？、（）《》「」]*"
# What readers of Markdown and chat tools make a link of unasked: with a scheme or www., and, in
# some, a bare host with a query, a host behind two slashes, or a mailbox. A run of name characters is
# tried once, from its beginning.
_ADDRESS = re.compile(
    rf"(?:https?|ftps?|wss?)://{_REST}|mailto:{_REST}|\bwww\.{_REST}"
    rf"|(?<![\w:/.-])//[\w-]+(?:\.[\w-]+)+[/?:#]{_REST}"
    rf"|(?<![\w.@/:+-])[\w.+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+(?![\w@:/])"
    rf"|(?<![\w.@/-])[\w-]+(?:\.[\w-]+)+(?::\d+)?(?:/[^\s<>\"'`?]*)?\?(?=\S){_REST}",
    re.IGNORECASE,
)
# To readers of Markdown an address goes on to the next space, whatever closes it in prose: "。" is a dot
# of a host to browsers, and what stands behind a quote would be told to the host as well.
_SPOKEN = re.compile(rf"({_ADDRESS.pattern})([\"'`>]*)((?=[^\s<]*\w))?", re.IGNORECASE)
_LINKED = re.compile(r"(?<!\\)\[[^\[\]\\`<>\n]*\]\($")
# Where Markdown leads to without saying it so plainly: another scheme, another host, in disguise.
_TARGET = re.compile(r"\]\(\s*(?:<[^>\n]*>|(?:[^\s()]|\([^\s()]*\))*)\)?")
_DEFINITION = re.compile(
    r"\]:\s*<?(?://|\\|&#?\w|[a-z][\w+.-]*://|javascript:|data:\w)\S*", re.IGNORECASE
)
_ANGLED = re.compile(r"<[a-z][a-z0-9+.-]{1,31}:[^\s<>]*[/?@&][^\s<>]*>", re.IGNORECASE)
_TAG = re.compile(
    r"<[a-z][^<>]*?[\s/](?:src|srcset|href|xlink:href|action|formaction|data|poster|background|style"
    r"|ping|cite|on\w+)\s*=[^>]*>?|<(?:style|script)\b[^>]*>?",
    re.IGNORECASE,
)
_LEADS_AWAY = re.compile(r"[/\\:&%]")
_PICTURE = re.compile(r"!(?=\[)")
# Behind an address, not a part of it.
_TAIL = ".,;:!?*_~|)]}'\"\\"
# A cluster's own names lead nowhere outside it.
_INSIDE = re.compile(
    r"(?:https?|wss?)://(?:\[::1\]|(?!(?:\d+|0x[\da-f]*)(?:[:/?#]|$))[\w-]+|[\w.-]+\.svc(?:\.cluster\.local)?"
    r"|(?:127|10|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d+){2,3})"
    r"(?::\d+)?(?:[/?#]|$)",
    re.IGNORECASE | re.ASCII,
)
_MARKS = ("//", "mailto:", "www.", "?", "@", "](", "]:", "<", "![")
# What puts texts together that stood nowhere: functions of PromQL, and templates.
_MAKES_TEXT = re.compile(r"\blabel_(?:replace|join)\b|\{\{", re.IGNORECASE)
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
    _written: str = ""  # in calls, by a model
    _unread: list[tuple[Text, Mapping[str, Any]]] = field(
        default_factory=list[tuple[Text, Mapping[str, Any]]]
    )

    def learn(self, text: Text, arguments: Mapping[str, Any] = {}) -> None:
        """The addresses in what a person asked or a tool told may be named from now on.

        `arguments` are what a model called the tool with: what it wrote itself there is not shown to it.
        """
        self._unread.append((text, arguments))

    def without_made_up(self, text: str, removed: str) -> str:
        """The text with `removed` where an address stood that nobody showed; pictures become links."""
        if not any(mark in text for mark in _MARKS):
            return text
        text = _PICTURE.sub("", text)
        text = _TARGET.sub(lambda found: self._target(found.group(), removed), text)
        text = _DEFINITION.sub(lambda found: self._behind("]:", found.group(), removed), text)
        text = _TAG.sub(lambda _: f" {removed}", text)
        text = _ANGLED.sub(lambda found: self._behind("<", found.group(), removed), text)
        return _SPOKEN.sub(lambda found: self._plain(found, removed), text)

    def _target(self, found: str, removed: str) -> str:
        return self._behind("](", found, removed) if _LEADS_AWAY.search(found) else found

    def _behind(self, mark: str, found: str, removed: str) -> str:
        address = found.removeprefix(mark).strip().strip("<>")
        return found if self._may_stand(address) else f"{mark.rstrip('(<:')} {removed}"

    def _plain(self, found: re.Match[str], removed: str) -> str:
        address, closed = found[1], found[2]
        bare = address.rstrip(_TAIL)
        if not self._may_stand(bare):
            return f"{removed}{address[len(bare) :]}{closed}"
        ends = found[3] is None or _LINKED.search(found.string[: found.start()])
        return found[0] if ends else f"{found[0]} "

    def _may_stand(self, address: str) -> bool:
        is_inside = _INSIDE.match(address) and "://" not in address.partition("://")[2]
        return bool(is_inside) or address.rstrip(_TAIL) in self._shown()

    def _shown(self) -> set[str]:
        for one, arguments in self._unread:
            self._written += _letters(_words(arguments))
            text = one if isinstance(one, str) else one()
            if any(mark in text for mark in _MARKS) and not _makes_text(arguments):
                self._known.update(at for at in _named_in(text) if not self._repeats(at))
        self._unread.clear()
        return self._known

    def _repeats(self, address: str) -> bool:
        """Whether a model wrote it before anybody showed it."""
        return bool(self._written) and _letters(address) in self._written


def _named_in(text: str) -> Iterator[str]:
    return (at.group().rstrip(_TAIL) for at in _ADDRESS.finditer(text))


def _makes_text(arguments: Mapping[str, Any]) -> bool:
    return bool(arguments) and _MAKES_TEXT.search(_words(arguments)) is not None


def _words(value: Any) -> str:
    """All texts in nested arguments, one behind the other."""
    if isinstance(value, Mapping):
        return "".join(map(_words, cast("Mapping[str, Any]", value).values()))
    if isinstance(value, list):
        return "".join(map(_words, cast("list[Any]", value)))
    return value if isinstance(value, str) else ""


def _letters(text: str) -> str:
    """Letters and digits alone: results quote, escape, shorten and fold what they repeat."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(filter(str.isalnum, folded))
