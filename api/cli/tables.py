"""Rows side by side in a terminal, where a Chinese character is two places wide.

On a terminal a table fits it; into a file or another program it goes whole.
"""

import shutil
import sys
from collections.abc import Sequence
from unicodedata import east_asian_width

Cells = Sequence[Sequence[str]]
GAP = "  "
# A text is not cut to less than this: nobody would know it again.
LEAST = 12
# A time with its date and zone.
LONGEST_FIGURE = 20


def columns(heads: Sequence[str], rows: Cells) -> list[str]:
    """The first column to the left, numbers to the right."""
    table = fitted([heads, *rows], _room(len(GAP)))
    widths = _widths(table)
    return [GAP + GAP.join(_cells(row, widths)).rstrip() for row in table]


def listing(heads: Sequence[str], rows: Cells) -> list[str]:
    """All columns to the left; where they cannot fit, each row as a block with a line a cell."""
    room = _room(0)
    table = fitted([heads, *rows], room)
    widths = _widths(table)
    if room and _length(widths) > room:
        return _blocks(heads, rows)
    return [
        GAP.join(padded(one, w) for one, w in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]


def fitted(table: Cells, room: int | None) -> list[list[str]]:
    """With texts cut in their middle so that a line takes `room` places, if that can be.

    Identifiers, figures and times are never cut: half of one is another.
    """
    widths = _widths(table)
    able = [n for n in range(len(widths)) if _is_text([row[n] for row in table])]
    while room and _length(widths) > room:
        widest = max(able, key=lambda n: widths[n], default=-1)
        if widest < 0 or widths[widest] <= LEAST:
            break
        widths[widest] -= 1
    return [[shortened(one, w) for one, w in zip(row, widths, strict=True)] for row in table]


def shortened(text: str, places: int) -> str:
    """Its beginning and its end, with … between where it is too long."""
    if width(text) <= places:
        return text
    begin = _start(text, places // 2)
    return f"{begin}…{_start(text[::-1], places - 1 - width(begin))[::-1]}"


def _start(text: str, places: int) -> str:
    taken = ""
    for one in text:
        if width(taken + one) > places:
            break
        taken += one
    return taken


def padded(text: str, places: int) -> str:
    return text + " " * (places - width(text))


def width(text: str) -> int:
    return sum(2 if east_asian_width(one) in "WF" else 1 for one in text)


def _is_text(column: Sequence[str]) -> bool:
    head, *cells = column
    return head.upper() != "ID" and not all(map(_is_figure, filter(None, cells)))


def _is_figure(cell: str) -> bool:
    """A number, a range of numbers, a time; an identifier may begin with a digit, and is longer."""
    return (cell[0].isdigit() or cell[0] in "+-−") and len(cell) <= LONGEST_FIGURE


def _room(taken: int) -> int | None:
    """Places in a line; None where the result goes to no terminal."""
    return shutil.get_terminal_size().columns - taken if sys.stdout.isatty() else None


def _widths(table: Cells) -> list[int]:
    return [max(map(width, column)) for column in zip(*table, strict=True)]


def _length(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _blocks(heads: Sequence[str], rows: Cells) -> list[str]:
    lines: list[str] = []
    most = max(map(width, heads))
    for row in rows:
        lines += [""] if lines else []
        pairs = zip(heads, row, strict=True)
        lines += [f"{padded(head, most)}{GAP}{one}" for head, one in pairs if one]
    return lines


def _cells(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    rest = zip(row[1:], widths[1:], strict=True)
    return [padded(row[0], widths[0]), *(" " * (w - width(one)) + one for one, w in rest)]
