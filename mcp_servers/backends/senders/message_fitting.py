"""Messages within the limits of channels: whole characters, whole alerts, and a word on the rest."""

import unicodedata
from collections.abc import Callable
from dataclasses import replace

from mcp_servers.facts.notices import Entry, Notice

ELLIPSIS = "…"
JOINER = "\u200d"
# Below so many bytes a text says nothing any more.
LEAST_TEXT_BYTES = 24


def cut_bytes(text: str, most: int) -> str:
    """`text` in at most `most` bytes of UTF-8, with "…" at its end where it was cut.

    It is cut between characters as people see them: no accent, variation or joined emoji is torn
    from what it belongs to.
    """
    return _cut(text, most, lambda part: len(part.encode()))


def cut_characters(text: str, most: int) -> str:
    """The same in at most `most` characters as JSON counts them (code points)."""
    return _cut(text, most, len)


def _cut(text: str, most: int, size: Callable[[str], int]) -> str:
    if size(text) <= most:
        return text
    room, end, used = most - size(ELLIPSIS), 0, 0
    if room < 0:
        return ""
    for character in text:
        used += size(character)
        if used > room:
            break
        end += 1
    while end and _belongs_together(text[end - 1], text[end]):
        end -= 1
    return text[:end].rstrip() + ELLIPSIS


def _belongs_together(before: str, after: str) -> bool:
    extends = unicodedata.combining(after) or unicodedata.category(after) in ("Mn", "Me", "Mc")
    tone = "\U0001f3fb" <= after <= "\U0001f3ff"
    flag = all("\U0001f1e6" <= one <= "\U0001f1ff" for one in (before, after))
    return bool(extends) or tone or flag or JOINER in (before, after)


def fitting(notice: Notice, fits: Callable[[Notice], bool]) -> Notice:
    """The notice with as many of its entries as `fits` takes, in order, and a count of the others.

    When not even one fits, its texts are shortened, then the summary and the title.
    `fits` must take any notice that is shorter than one it takes.
    """
    if fits(notice):
        return notice
    least, most = 0, len(notice.entries)
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (middle, most) if fits(_first(notice, middle)) else (least, middle)
    if least:
        return _first(notice, least)
    return _shortened(_first(notice, min(1, len(notice.entries))), fits)


def _first(notice: Notice, count: int) -> Notice:
    left_out = notice.left_out + len(notice.entries) - count
    return replace(notice, entries=notice.entries[:count], left_out=left_out)


def _shortened(notice: Notice, fits: Callable[[Notice], bool]) -> Notice:
    room = max(len(text.encode()) for text in _texts(notice))
    shorter = notice
    while not fits(shorter) and room > LEAST_TEXT_BYTES:
        room = room * 3 // 4
        shorter = _with_texts_of(notice, room)
    return shorter if fits(shorter) else replace(_first(shorter, 0), links=())


def _texts(notice: Notice) -> list[str]:
    entries = [text for one in notice.entries for text in (one.heading, *one.lines)]
    return [notice.title, notice.summary, *entries]


def _with_texts_of(notice: Notice, room: int) -> Notice:
    return replace(
        notice,
        title=cut_bytes(notice.title, room),
        summary=cut_bytes(notice.summary, room),
        entries=tuple(_entry(one, room) for one in notice.entries),
    )


def _entry(entry: Entry, room: int) -> Entry:
    lines = tuple(cut_bytes(one, room) for one in entry.lines)
    return replace(entry, heading=cut_bytes(entry.heading, room), lines=lines)
