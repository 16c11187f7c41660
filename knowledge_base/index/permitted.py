# ruff: noqa: S608 - clauses, marks and names of tables are made here, every value is bound
"""Which passages a scope allows, worked out once for all questions until something is written."""

import sqlite3
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from knowledge_base.index import EVERYTHING, INCIDENT_TAG, Scope

# So many scopes are remembered: people have few roles, and filters are rare.
MOST_SCOPES = 64

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Allowed:
    """`passages`: how many. `table` has their ids; "": all are allowed. `mask` says it of each vector."""

    passages: int
    table: str = ""
    mask: npt.NDArray[np.bool_] | None = None


@dataclass
class Permitted:
    """Kept in tables of one connection that nobody else sees. `seen` is the version that they are of."""

    seen: str = ""
    _known: dict[Scope, Allowed] = field(default_factory=dict[Scope, Allowed])
    _total: tuple[str, int] = ("", 0)

    def begin(self, reader: sqlite3.Connection, version: str) -> None:
        """Before a question: what is of an earlier version goes, and all when too much has come together."""
        if version != self.seen or len(self._known) >= MOST_SCOPES:
            for number in range(len(self._known)):
                reader.execute(f"DROP TABLE IF EXISTS temp.scope_{number}")
            self._known = {}
            self.seen = version

    def by(self, reader: sqlite3.Connection, scope: Scope, version: str, vectors: Ids) -> Allowed:
        """What a scope allows; `vectors` are the ids that have one, in the order of their table.

        It holds until the next `begin`.
        """
        if scope == EVERYTHING:
            return Allowed(self._counted(reader, version))
        if scope not in self._known:
            self._known[scope] = self._worked_out(reader, scope, version, vectors)
        return self._known[scope]

    def _counted(self, reader: sqlite3.Connection, version: str) -> int:
        """How many passages there are: to count them is to read them all."""
        if self._total[0] != version:
            found = reader.execute("SELECT count(*) FROM passages").fetchone()
            self._total = (version, int(found[0]))
        return self._total[1]

    def _worked_out(
        self, reader: sqlite3.Connection, scope: Scope, version: str, vectors: Ids
    ) -> Allowed:
        clauses, values = within(scope)
        found = "FROM passages p JOIN documents d ON d.doc = p.doc"
        table = f"temp.scope_{len(self._known)}"
        reader.execute(f"CREATE TEMP TABLE scope_{len(self._known)} (id INTEGER PRIMARY KEY)")
        reader.execute(f"INSERT INTO {table} SELECT p.id {found} WHERE 1 {clauses}", values)
        ids = [row[0] for row in reader.execute(f"SELECT id FROM {table}")]
        if len(ids) == self._counted(reader, version):
            return Allowed(len(ids))
        return Allowed(len(ids), table, np.isin(vectors, np.array(ids, np.int64)))


def within(scope: Scope) -> tuple[str, tuple[str, ...]]:
    """The conditions of a scope on a document `d`, and the values they are bound to."""
    clauses: list[str] = []
    values: list[str] = []
    if scope.readers is not None:
        own = ",".join("?" * len(scope.readers))
        clauses.append(
            "AND (NOT EXISTS (SELECT 1 FROM marks m WHERE m.doc = d.doc AND m.kind = 'group')"
            " OR EXISTS (SELECT 1 FROM marks m WHERE m.doc = d.doc AND m.kind = 'group'"
            f" AND m.value IN ({own})))"
        )
        values += sorted(scope.readers)
    if scope.incidents is not None:
        own = ",".join("?" * len(scope.incidents))
        clauses.append(
            "AND (NOT EXISTS (SELECT 1 FROM marks m WHERE m.doc = d.doc AND m.kind = 'tag'"
            " AND m.value = ?) OR EXISTS (SELECT 1 FROM marks m WHERE m.doc = d.doc"
            f" AND m.kind = 'group' AND m.value IN ({own})))"
        )
        values += [INCIDENT_TAG, *sorted(scope.incidents)]
    for column, value in (("service", scope.service), ("language", scope.language)):
        if value:
            clauses.append(f"AND d.{column} = ?")
            values.append(value)
    for kind, value in (("tag", scope.tag), ("rule", scope.rule)):
        if value:
            clauses.append(
                "AND EXISTS (SELECT 1 FROM marks m WHERE m.doc = d.doc AND m.kind = ? AND m.value = ?)"
            )
            values += [kind, value]
    return " ".join(clauses), tuple(values)
