"""Roles of one's own beside the built-in ones. Nobody makes, changes or gives one beyond what they hold."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.clock import utc_now
from core.errors import Conflict, Invalid, NotFound, Stale
from core.principal import Principal
from core.security.permissions import ROLES, check_scopes, check_within
from core.security.sentences import SENTENCES
from core.storage.database import Database
from core.storage.records import RoleRow, UserRow
from core.storage.repositories.roles import Roles

NAME = re.compile(r"[a-z][a-z0-9-]{1,15}")


@dataclass(frozen=True, slots=True)
class RoleTerms:
    """What a role grants, by names of permissions. `namespaces`, `clusters` None: every one."""

    permissions: frozenset[str]
    namespaces: frozenset[str] | None = None
    about: str = ""
    clusters: frozenset[str] | None = None


async def with_role(roles: Roles, user: UserRow, name: str) -> UserRow:
    """The user with that role and what it grants. Raises `Invalid` naming the roles there are."""
    if name in ROLES:
        return replace(user, role=name, granted=None, bounds=None, clusters=None)
    found = await roles.find(name)
    if found is None:
        known = ", ".join([*ROLES, *(one.name for one in await roles.all())])
        raise SENTENCES.error(Invalid, "no_role", role=name, known=known)
    grants = {"granted": found.permissions, "bounds": found.namespaces, "clusters": found.clusters}
    return replace(user, role=name, **grants)


class OwnRoles:
    """Every method opens its own short session."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Sequence[RoleRow]:
        async with self._database.session() as session:
            return await Roles(session).all()

    async def get(self, name: str) -> RoleRow:
        """Raises `NotFound`; the built-in ones are not among them."""
        async with self._database.session() as session:
            return await _kept(Roles(session), name)

    async def add(self, name: str, terms: RoleTerms, *, maker: Principal) -> RoleRow:
        """Raises `Invalid`, `Conflict`, and `Forbidden` for more than the maker holds."""
        if not NAME.fullmatch(name):
            raise SENTENCES.error(Invalid, "role_name", name=name[:40])
        _check(terms, maker)
        row = _row(name, terms, 1, maker)
        async with self._database.session() as session:
            if name in ROLES or not await Roles(session).add(row):
                raise SENTENCES.error(Conflict, "role_exists", name=name)
        return row

    async def change(
        self, name: str, terms: RoleTerms, *, maker: Principal, version: int | None = None
    ) -> RoleRow:
        """Whoever holds it has the new rights with their next request.

        `version` None: whatever it is. Raises `Stale` where it is no longer that, and `Forbidden`
        where it holds, or would hold, more than the maker.
        """
        _check(terms, maker)
        async with self._database.session() as session:
            roles = Roles(session)
            old = await _changeable(roles, name, maker)
            row = _row(name, terms, old.version + 1, maker)
            same = version in (None, old.version)
            if not same or not await roles.save(row, version=old.version):
                raise SENTENCES.error(Stale, "role_changed", name=name, who=old.changed_by)
        return row

    async def remove(self, name: str, *, maker: Principal) -> None:
        """Raises `Conflict` while somebody holds it."""
        async with self._database.session() as session:
            roles = Roles(session)
            await _changeable(roles, name, maker)
            holders = await roles.held_by(name)
            if holders:
                raise SENTENCES.error(Conflict, "role_held", name=name, who=", ".join(holders[:5]))
            await roles.remove(name)


async def _changeable(roles: Roles, name: str, maker: Principal) -> RoleRow:
    if name in ROLES:
        raise SENTENCES.error(Invalid, "role_built_in", name=name)
    found = await _kept(roles, name)
    check_within(maker, found.permissions, found.namespaces, found.clusters)
    return found


async def _kept(roles: Roles, name: str) -> RoleRow:
    found = await roles.find(name)
    if found is None:
        known = ", ".join(one.name for one in await roles.all()) or "—"
        raise SENTENCES.error(NotFound, "role_gone", name=name[:40], known=known)
    return found


def _check(terms: RoleTerms, maker: Principal) -> None:
    check_scopes(terms.permissions)
    if not terms.permissions:
        raise SENTENCES.error(Invalid, "role_nothing")
    check_within(maker, terms.permissions, terms.namespaces, terms.clusters)


def _row(name: str, terms: RoleTerms, version: int, maker: Principal) -> RoleRow:
    return RoleRow(
        name=name,
        permissions=terms.permissions,
        namespaces=terms.namespaces,
        about=terms.about,
        version=version,
        changed_by=maker.subject,
        changed_at=utc_now(),
        clusters=terms.clusters,
    )
