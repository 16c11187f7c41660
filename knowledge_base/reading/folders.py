"""Where pages lie: files, folders (a Git checkout, a wiki export), and zip archives of them."""

import io
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from core.errors import Invalid, TooLarge
from knowledge_base.reading import MAX_BYTES, is_page, markdown_of
from knowledge_base.sentences import SENTENCES

# An archive that unpacks to more than this, or this many times its size, is no export of a wiki.
MAX_ARCHIVE_BYTES = 512 * 1024 * 1024
MAX_ARCHIVE_FILES = 20_000
MAX_RATIO = 200


@dataclass(frozen=True, slots=True)
class Source:
    """A page that can be read now: `read` gives Markdown, or raises `Invalid` or `TooLarge`."""

    doc: str
    read: Callable[[], str]


def found_in(path: Path, *, prefix: str = "") -> Iterator[Source]:
    """The pages at a path, named by where they lie below it, after `prefix`.

    A folder is searched without following links, hidden folders such as .git left out.
    """
    if path.is_dir():
        yield from _in_folder(path, prefix)
    elif path.suffix.lower() == ".zip":
        yield from in_archive(_bytes(path, MAX_ARCHIVE_BYTES), prefix=prefix)
    elif path.exists():
        yield _of_file(path, prefix + path.name)
    else:
        raise SENTENCES.error(Invalid, "no_place", path=str(path))


def in_archive(content: bytes, *, prefix: str = "") -> list[Source]:
    """The pages in a zip. Raises `Invalid` for no zip or names that lead out of it, `TooLarge` for a bomb."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError) as error:
        raise SENTENCES.error(Invalid, "no_archive", why=str(error).rstrip(".")) from error
    entries = [one for one in archive.infolist() if not one.is_dir()]
    _refuse_bombs(entries, len(content))
    for entry in entries:
        refuse_escapes(entry.filename)
    return [
        Source(prefix + entry.filename, _reading(archive, entry))
        for entry in sorted(entries, key=lambda one: one.filename)
        if is_page(entry.filename) and not _is_hidden(PurePosixPath(entry.filename))
    ]


def refuse_escapes(name: str) -> None:
    """Raises `Invalid` for the name of a document that would lead out of its folder."""
    parts = PurePosixPath(name.replace("\\", "/"))
    drive = len(name) > 1 and name[1] == ":"
    if parts.is_absolute() or ".." in parts.parts or drive or "\0" in name:
        raise SENTENCES.error(Invalid, "leads_out", name=name)


def _refuse_bombs(entries: list[zipfile.ZipInfo], packed: int) -> None:
    unpacked = sum(one.file_size for one in entries)
    if len(entries) > MAX_ARCHIVE_FILES:
        raise SENTENCES.error(TooLarge, "archive_files", limit=MAX_ARCHIVE_FILES)
    if unpacked > MAX_ARCHIVE_BYTES or unpacked > MAX_RATIO * max(packed, 1_024):
        raise SENTENCES.error(TooLarge, "archive_bomb", size=unpacked >> 20)


def _reading(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Callable[[], str]:
    def read() -> str:
        try:
            with archive.open(entry) as file:
                # What is told in the archive's table may be a lie: never more than the bound is read.
                content = file.read(MAX_BYTES + 1)
        # RuntimeError: it is encrypted; NotImplementedError: an unknown compression.
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError) as error:
            raise SENTENCES.error(Invalid, "not_unpacked", why=str(error).rstrip(".")) from error
        return markdown_of(entry.filename, content)

    return read


def _in_folder(folder: Path, prefix: str) -> Iterator[Source]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(place, name)
            if is_page(name) and not name.startswith(".") and not path.is_symlink():
                yield _of_file(path, prefix + path.relative_to(folder).as_posix())


def _of_file(path: Path, doc: str) -> Source:
    return Source(doc, lambda: markdown_of(path.name, _bytes(path, MAX_BYTES)))


def _bytes(path: Path, at_most: int) -> bytes:
    try:
        size = path.stat().st_size
        if size > at_most:
            raise SENTENCES.error(TooLarge, "file_too_large", size=size >> 20, limit=at_most >> 20)
        return path.read_bytes()
    except OSError as error:
        raise SENTENCES.error(Invalid, "unreadable", why=str(error.strerror)) from error


def _is_hidden(name: PurePosixPath) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in name.parts)
