"""Read documents, cut them into passages, keep the index in step with the folders."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from core.errors import Invalid
from knowledge_base.chunking import passages
from knowledge_base.index.local_index import LocalIndex

SHIPPED = Path(__file__).parent / "runbooks"
SUFFIXES = frozenset({".md", ".markdown", ".txt"})
MAX_BYTES = 2 * 1024 * 1024


def documents_in(folder: Path, *, prefix: str = "") -> dict[str, str]:
    """Name → text of every document below `folder`; names are paths from it, after `prefix`."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    return {prefix + path.relative_to(folder).as_posix(): read(path) for path in paths}


def read(path: Path) -> str:
    """Raises `Invalid` for what is no text, or too long to be a page that somebody wrote."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Invalid(f"{path} is over 2 MiB.", hint="Split it into pages.")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"Cannot read {path} as UTF-8 text: {error}.") from error


def synchronise(index: LocalIndex, documents: dict[str, str], *, prefix: str) -> int:
    """Make the documents under `prefix` be exactly these; the number that changed."""
    kept = index.fingerprints()
    gone = [doc for doc in kept if doc.startswith(prefix) and doc not in documents]
    new = {doc: text for doc, text in documents.items() if kept.get(doc) != fingerprint(text)}
    for doc in gone:
        index.remove(doc)
    add(index, new.items())
    return len(gone) + len(new)


def add(index: LocalIndex, documents: Iterable[tuple[str, str]]) -> None:
    for doc, text in documents:
        index.put(doc, fingerprint(text), passages(doc, text))


def fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
