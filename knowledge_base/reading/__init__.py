"""Files of the kinds that people keep pages in → Markdown."""

from collections.abc import Callable
from pathlib import PurePosixPath

from core.errors import Invalid, TooLarge
from knowledge_base.reading.html import markdown_of_html
from knowledge_base.reading.pdf import markdown_of_pdf
from knowledge_base.reading.text import decoded
from knowledge_base.sentences import SENTENCES

# A page that somebody wrote is far below; a PDF carries its fonts and pictures.
MAX_BYTES = 20 * 1024 * 1024
MAX_CHARACTERS = 2 * 1024 * 1024


def _from_html(content: bytes) -> str:
    return markdown_of_html(decoded(content))


READERS: dict[str, Callable[[bytes], str]] = {
    ".md": decoded,
    ".markdown": decoded,
    ".txt": decoded,
    ".html": _from_html,
    ".htm": _from_html,
    ".pdf": markdown_of_pdf,
}


def is_page(name: str) -> bool:
    """Whether a file of this name is one that can be read."""
    return PurePosixPath(name).suffix.lower() in READERS


def markdown_of(name: str, content: bytes) -> str:
    """The page in a file. Raises `Invalid` or `TooLarge`, in a sentence without the name of the file."""
    if len(content) > MAX_BYTES:
        raise SENTENCES.error(TooLarge, "file_over", limit=MAX_BYTES >> 20)
    reader = READERS.get(PurePosixPath(name).suffix.lower())
    if reader is None:
        raise SENTENCES.error(Invalid, "file_kind", known=", ".join(sorted(READERS)))
    text = reader(content)
    if len(text) > MAX_CHARACTERS:
        raise SENTENCES.error(TooLarge, "text_too_long", limit=MAX_CHARACTERS >> 20)
    if not text.strip():
        raise SENTENCES.error(Invalid, "no_text")
    return text
