"""A Markdown document → passages, each with the path of headings above it and its lines."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from knowledge_base.front_matter import About, parted
from knowledge_base.segmentation import language_of

# A passage is what a person reads at one glance and a model can afford several of.
MAX_CHARACTERS = 1_200
# A table or a listing is worth nothing in halves; but what is longer than this is no listing.
MAX_WHOLE_CHARACTERS = 6_000

_HEADING = re.compile(r"(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_UNDERLINE = re.compile(r"(=+|-+)[ \t]*$")
_FENCE = re.compile(r"[ \t]*(```|~~~)")
_TABLE = re.compile(r"[ \t]*\|")


@dataclass(frozen=True, slots=True)
class Passage:
    """`heading` is the path below the title, "A › B"; "" before the first heading. Lines count from 1.

    `asked` is how the page is asked for: told by its first passage to an index that takes it in.
    """

    doc: str
    title: str
    heading: str
    text: str
    first_line: int = 0
    last_line: int = 0
    language: str = "en"
    asked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A page as it is kept: what it says of itself, its Markdown, and its passages in reading order."""

    doc: str
    about: About
    body: str
    language: str
    passages: tuple[Passage, ...]

    @property
    def title(self) -> str:
        return self.about.title or self.passages[0].title if self.passages else self.doc


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines that stay together."""

    first: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def last(self) -> int:
        return self.first + len(self.lines) - 1


@dataclass(frozen=True, slots=True)
class _Section:
    path: tuple[str, ...]
    blocks: tuple[_Block, ...]


def document(doc: str, markdown: str) -> Document:
    """The page cut up. Raises `Invalid` when its front matter cannot be read."""
    markdown = markdown.replace("\r\n", "\n").removeprefix("\ufeff")
    about, start = parted(markdown)
    first_line = markdown.count("\n", 0, start) + 1
    sections = list(_sections(markdown[start:].split("\n"), first_line))
    title = about.title or _title(sections, doc)
    cut = [
        Passage(
            doc,
            title,
            " › ".join(one.path[1:] if one.path[:1] == (title,) else one.path),
            piece.text.strip(),
            piece.first,
            piece.last,
            language_of(f"{title} {piece.text}"),
        )
        for one in sections
        for piece in _pieces(one.blocks)
        if piece.text.strip()
    ]
    cut[:1] = [replace(first, asked=about.asked) for first in cut[:1]]
    return Document(doc, about, markdown, language_of(markdown[start:]), tuple(cut))


def passages(doc: str, markdown: str) -> list[Passage]:
    """The passages of a document in reading order. A document without text has none."""
    return list(document(doc, markdown).passages)


def _title(sections: Sequence[_Section], doc: str) -> str:
    first = next((one.path[0] for one in sections if one.path), "")
    return first or PurePosixPath(doc).stem.replace("-", " ").replace("_", " ")


def _sections(lines: Sequence[str], first_line: int) -> Iterator[_Section]:
    """Every heading with the blocks below it, the text before the first heading included."""
    path: list[tuple[int, str]] = []
    blocks: list[_Block] = []
    for block in _blocks(lines, first_line):
        heading = _heading(block)
        if heading is None:
            blocks.append(block)
            continue
        yield _Section(tuple(name for _, name in path), tuple(blocks))
        blocks = []
        path = [above for above in path if above[0] < heading[0]] + [heading]
    yield _Section(tuple(name for _, name in path), tuple(blocks))


def _heading(block: _Block) -> tuple[int, str] | None:
    """The level and the words of a heading: "## Words", or words with a line below them."""
    if len(block.lines) == 1 and (marked := _HEADING.match(block.lines[0])):
        return len(marked[1]), marked[2]
    if len(block.lines) == 2 and block.lines[0].strip() and _UNDERLINE.match(block.lines[1]):
        return (1 if block.lines[1].startswith("=") else 2), block.lines[0].strip()
    return None


def _blocks(lines: Sequence[str], first_line: int) -> Iterator[_Block]:
    """Paragraphs, headings, tables and fenced listings; a fence may hold empty lines and #."""
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        end = _end_of_block(lines, at)
        yield _Block(first_line + at, tuple(lines[at:end]))
        at = end


def _end_of_block(lines: Sequence[str], start: int) -> int:
    if fence := _FENCE.match(lines[start]):
        closing = (i for i in range(start + 1, len(lines)) if lines[i].strip().startswith(fence[1]))
        return next(closing, len(lines) - 1) + 1
    if _HEADING.match(lines[start]):
        return start + 1
    end = start + 1
    while end < len(lines) and lines[end].strip():
        if _HEADING.match(lines[end]) or _FENCE.match(lines[end]):
            break
        end += 1
    return end


def _pieces(blocks: Sequence[_Block]) -> Iterator[_Block]:
    """The blocks of a section joined to pieces of at most about `MAX_CHARACTERS`."""
    joined: list[_Block] = []
    for block in (part for whole in blocks for part in _parts(whole)):
        if joined and sum(len(one.text) for one in joined) + len(block.text) > MAX_CHARACTERS:
            yield _join(joined)
            joined = []
        joined.append(block)
    if joined:
        yield _join(joined)


def _join(blocks: Sequence[_Block]) -> _Block:
    """One block from the first line to the last, with the empty lines that lay between."""
    lines: list[str] = []
    for block in blocks:
        gap = block.first - blocks[0].first - len(lines)
        lines += [""] * gap + list(block.lines)
    return _Block(blocks[0].first, tuple(lines))


def _parts(block: _Block) -> Iterator[_Block]:
    """The block itself when it is short, or a table or listing; else cut between lines."""
    whole = _FENCE.match(block.lines[0]) or _TABLE.match(block.lines[0])
    limit = MAX_WHOLE_CHARACTERS if whole else MAX_CHARACTERS
    if len(block.text) <= limit:
        yield block
        return
    lines: list[str] = []
    first = block.first
    for number, line in enumerate(block.lines, block.first):
        if lines and sum(map(len, lines)) + len(line) > MAX_CHARACTERS:
            yield _Block(first, tuple(lines))
            lines, first = [], number
        for start in range(0, max(len(line), 1), MAX_CHARACTERS):
            if start:
                yield _Block(first, tuple(lines))
                lines, first = [], number
            lines.append(line[start : start + MAX_CHARACTERS])
    yield _Block(first, tuple(lines))
