"""Small pieces of Markdown. Text from a cluster is quoted so that it can neither format nor cite."""

import re
from collections.abc import Iterable, Sequence

CELL_CHARACTERS = 120


def plain(text: object, at_most: int = 400) -> str:
    """Text of a cluster on one line; its own [1] must not look like a citation of ours."""
    told = " ".join(str(text).split())
    told = re.sub(r"\[(\d[\d\s,]*)\]", r"(\1)", told)
    return told if len(told) <= at_most else f"{told[: at_most - 1]}…"


def code(text: object, at_most: int = 400) -> str:
    """The same as code, whatever backticks it holds itself."""
    told = plain(text, at_most).replace("`", "'")
    return f"`{told}`" if told else ""


def bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines if line)


def numbered(lines: Iterable[str]) -> str:
    return "\n".join(f"{n}. {line}" for n, line in enumerate(lines, start=1))


def section(title: str, body: str) -> str:
    """A titled part; nothing when there is nothing to tell."""
    return f"**{title}**\n\n{body}" if body else ""


def joined(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; a bar inside a cell would end it."""
    told = [_row(headings), _row(["---"] * len(headings))]
    told += [_row(cells) for cells in rows]
    return "\n".join(told)


def fenced(lines: Iterable[str], language: str = "text") -> str:
    inside = "\n".join(lines).replace("```", "'''")
    return f"```{language}\n{inside}\n```"


class Marks(str):
    """Our own citation marks: the one text of a cell that may cite."""

    __slots__ = ()


def _row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(cell: object) -> str:
    return cell if isinstance(cell, Marks) else plain(cell, CELL_CHARACTERS).replace("|", "\\|")
