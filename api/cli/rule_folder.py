"""A folder of files that a Prometheus or an Alertmanager reads: each file changed in one step, and what was there kept.

A file beside them says what was written, so that a change by somebody else is seen, and holds what
was there before until Prometheus has taken the new files.
"""

import hashlib
import os
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from api.cli.sentences import SENTENCES
from core.errors import Invalid

NOTES = ".midwatch-sync.json"


@dataclass(frozen=True, slots=True)
class Written:
    """Files by name, each with the SHA-256 of its text, and the digest that all of them have together."""

    digest: str = ""
    files: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Notes:
    """`before` are texts by name as they were when Prometheus last took them; None: it took the newest."""

    written: Written = Written()
    reloaded: bool = True
    before: dict[str, str] | None = None
    before_digest: str = ""
    refused: str = ""
    why: str = ""


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class RuleFolder:
    """One writer alone; Prometheus may read at any moment."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def path(self) -> Path:
        return self._path

    def notes(self) -> Notes:
        """What was written last. Raises `Invalid` when the notes cannot be read."""
        try:
            told: dict[str, Any] = orjson.loads((self._path / NOTES).read_bytes())
            told["written"] = Written(**told["written"])
            return Notes(**told)
        except FileNotFoundError:
            return Notes()
        except (OSError, ValueError, TypeError, KeyError) as error:
            file = self._path / NOTES
            raise SENTENCES.error(Invalid, "sync_notes", file=str(file), why=str(error)) from error

    def drifted(self, notes: Notes) -> list[str]:
        """Files that are not as they were written: changed or removed by somebody else."""
        if not notes.written.digest:  # whoever wrote last was cut: nobody knows what is ours
            return []
        files = notes.written.files
        return sorted(name for name in files if self._digest(name) != files[name])

    def text(self, name: str) -> str | None:
        """None where no such file is there, or none that is a text."""
        there = self._there(name)
        try:
            return None if there is None else there.decode()
        except UnicodeDecodeError:
            return None

    def replace(self, notes: Notes, digest: str, texts: Mapping[str, str]) -> Notes:
        """Make these the files. Those that somebody else put there stay; `Invalid` if one is in the way."""
        written = notes.written.files
        self._refuse_others(texts, written)
        before, before_digest = notes.before, notes.before_digest
        if before is None:
            there = {name: self.text(name) for name in written}
            before = {name: text for name, text in there.items() if text is not None}
            before_digest = notes.written.digest
        files = {name: digest_of(text) for name, text in texts.items()}
        changed = replace(notes, before=before, before_digest=before_digest, reloaded=False)
        # Noted first, so that whoever is killed on the way knows its own files again.
        self._note(replace(changed, written=Written("", dict.fromkeys(files, "") | written)))
        self._put(texts, gone=set(written) - set(texts))
        return self._note(replace(changed, written=Written(digest, files)))

    def taken(self, notes: Notes) -> Notes:
        """Prometheus has what is written."""
        return self._note(Notes(notes.written))

    def given_back(self, notes: Notes, why: str) -> Notes:
        """Prometheus refused what is written: make the files again what they were."""
        texts = notes.before or {}
        self._put(texts, gone=set(notes.written.files) - set(texts))
        files = {name: digest_of(text) for name, text in texts.items()}
        back = Notes(Written(notes.before_digest, files), refused=notes.written.digest, why=why)
        return self._note(back)

    def _there(self, name: str) -> bytes | None:
        """Raises `Invalid` when it is there and cannot be read."""
        file = self._path / name
        try:
            return file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            why = error.strerror or str(error)
            raise SENTENCES.error(Invalid, "sync_cannot_read", file=str(file), why=why) from error

    def _digest(self, name: str) -> str:
        there = self._there(name)
        return "" if there is None else hashlib.sha256(there).hexdigest()

    def _refuse_others(self, texts: Mapping[str, str], ours: Collection[str]) -> None:
        for name in texts:
            if name not in ours and self._there(name) not in (None, texts[name].encode()):
                raise SENTENCES.error(Invalid, "sync_in_the_way", file=str(self._path / name))

    def _put(self, texts: Mapping[str, str], *, gone: Collection[str]) -> None:
        for name, text in texts.items():
            if self._there(name) != text.encode():
                put_at_once(self._path / name, text.encode())
        for name in gone:
            (self._path / name).unlink(missing_ok=True)

    def _note(self, notes: Notes) -> Notes:
        put_at_once(self._path / NOTES, orjson.dumps(asdict(notes)))
        return notes


def put_at_once(file: Path, content: bytes) -> None:
    """Whoever reads it sees what was there or all of this. Raises `Invalid` when it cannot be written."""
    # Prometheus is told to read *.yaml, which this name is not.
    beside = file.with_name(f".{file.name}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as new:
            new.write(content)
            new.flush()
            os.fsync(new.fileno())
        beside.replace(file)
    except OSError as error:
        why = error.strerror or str(error)
        raise SENTENCES.error(Invalid, "sync_cannot_write", file=str(file), why=why) from error
