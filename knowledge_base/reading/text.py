"""Bytes → text, whichever encoding they were written in."""

import codecs

from core.errors import Invalid
from knowledge_base.sentences import SENTENCES

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# No page has these; a picture or a program read as text has them at once.
_CONTROLS = frozenset(map(chr, range(32))) - frozenset("\t\n\r\f\x1b")


def decoded(content: bytes) -> str:
    """UTF-8, UTF-16 and UTF-32 by their marks, or GB 18030. Raises `Invalid` for what is no text."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _in(content, encoding)
    try:
        return _without_controls(content.decode("utf-8"))
    except UnicodeDecodeError:
        return _in(content, "gb18030")


def _in(content: bytes, encoding: str) -> str:
    try:
        return _without_controls(content.decode(encoding))
    except UnicodeDecodeError as error:
        raise SENTENCES.error(Invalid, "no_encoding") from error


def _without_controls(text: str) -> str:
    if not _CONTROLS.isdisjoint(text):
        raise SENTENCES.error(Invalid, "binary")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
