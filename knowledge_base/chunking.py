"""A Markdown document → passages, each with the path of headings above it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

# A passage is what a person reads at one glance and a model can afford several of.
MAX_CHARACTERS = 1_200

_HEADING = re.compile(r"(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_FENCE = re.compile(r"[ \t]*(```|~~~)")
_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title:[ \t]*[\"']?(.*?)[\"']?[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Passage:
    """`heading` is the path below the title, "A › B"; "" before the first heading."""

    doc: str
    title: str
    heading: str
    text: str


def passages(doc: str, markdown: str) -> list[Passage]:
    """The passages of a document in reading order. A document without text has none."""
    markdown = markdown.replace("\r\n", "\n").removeprefix("\ufeff")
    front = _FRONT_MATTER.match(markdown)
    stated = _FRONT_TITLE.search(front[1]) if front else None
    sections = list(_sections(markdown[front.end() :] if front else markdown))
    title = stated[1] if stated else _title(sections, doc)
    return [
        Passage(doc, title, " › ".join(path[1:] if path[:1] == [title] else path), piece)
        for path, text in sections
        for piece in _pieces(text)
    ]


def _title(sections: list[tuple[list[str], str]], doc: str) -> str:
    first = next((path[0] for path, _ in sections if path), "")
    return first or PurePosixPath(doc).stem.replace("-", " ").replace("_", " ")


def _sections(markdown: str) -> Iterator[tuple[list[str], str]]:
    """(heading path, text below it) for every heading, the text before the first one included."""
    path: list[tuple[int, str]] = []
    lines: list[str] = []
    fence = ""
    for line in markdown.split("\n"):
        mark = _FENCE.match(line)
        if mark and fence in ("", mark[1]):
            fence = "" if fence else mark[1]
        heading = None if fence else _HEADING.match(line)
        if heading is None:
            lines.append(line)
            continue
        yield [name for _, name in path], "\n".join(lines).strip()
        level, lines = len(heading[1]), []
        path = [above for above in path if above[0] < level] + [(level, heading[2])]
    yield [name for _, name in path], "\n".join(lines).strip()


def _pieces(text: str) -> Iterator[str]:
    """The text in pieces of at most about `MAX_CHARACTERS`, cut between paragraphs or lines."""
    piece = ""
    for block in _blocks(text):
        if piece and len(piece) + len(block) > MAX_CHARACTERS:
            yield piece.strip()
            piece = ""
        piece += block
    if piece.strip():
        yield piece.strip()


def _blocks(text: str) -> Iterator[str]:
    for paragraph in re.split(r"(?<=\n)\n+", text):
        if len(paragraph) <= MAX_CHARACTERS:
            yield paragraph + "\n"
            continue
        for line in paragraph.splitlines(keepends=True):
            for start in range(0, len(line), MAX_CHARACTERS):
                yield line[start : start + MAX_CHARACTERS]
