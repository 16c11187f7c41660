"""Rows side by side in a terminal, where a Chinese character is two places wide."""

from collections.abc import Sequence
from unicodedata import east_asian_width


def columns(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The first column to the left, numbers to the right."""
    table = [list(heads), *map(list, rows)]
    widths = [max(width(row[i]) for row in table) for i in range(len(heads))]
    return ["  " + "  ".join(_cells(row, widths)).rstrip() for row in table]


def _cells(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    first = row[0] + " " * (widths[0] - width(row[0]))
    return [
        first,
        *(" " * (w - width(one)) + one for one, w in zip(row[1:], widths[1:], strict=True)),
    ]


def width(text: str) -> int:
    return sum(2 if east_asian_width(one) in "WF" else 1 for one in text)
