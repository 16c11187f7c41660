"""What is kept by version: one that is there, and the number of the next, for who read the newest."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from core.errors import Conflict, NotFound
from core.sentences import Sentences
from core.storage.rule_records import ManagerConfigRow, RuleFileRow

if TYPE_CHECKING:
    from core.storage.repositories.rules import Versions

Row = TypeVar("Row", RuleFileRow, ManagerConfigRow)


@dataclass(frozen=True, slots=True)
class KeptVersions:
    """The words of one kind: the keys of its sentences for what is not there, and for who read an older one."""

    words: Sentences
    none: str
    no_version: str
    moved_on: str

    async def there(self, kept: "Versions[Row]", name: str, version: int = 0) -> Row:
        """A version, 0: the newest, which must not be removed. Raises `NotFound`."""
        row = await kept.get(name, version)
        if row is None and version:
            raise self.words.error(NotFound, self.no_version, name=name, version=max(version, 0))
        if row is None or not (row.text or version):
            raise self.words.error(NotFound, self.none, name=name)
        return row

    async def history(self, kept: "Versions[Row]", name: str, *, limit: int = 200) -> list[Row]:
        """Its versions, the newest first; there is one at least. Raises `NotFound`."""
        rows = await kept.versions(name, limit=limit)
        if not rows:
            raise self.words.error(NotFound, self.none, name=name)
        return rows

    async def newest(self, kept: "Versions[Row]", name: str, based_on: int) -> Row | None:
        """The newest, where it is the one that was read; None before the first. Raises `Conflict`."""
        row = await kept.get(name)
        latest = row.version if row else 0
        if based_on != latest:
            facts = {"latest": latest, "version": based_on}
            raise self.words.error(Conflict, self.moved_on, name=name, **facts)
        return row
