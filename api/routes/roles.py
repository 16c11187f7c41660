"""Roles: the built-in ones, and those of one's own."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from api.dependencies import Current, UserManager, noted
from api.listing import sort_by
from api.sent import IfMatch, Sent, check_match, tag_of
from core.ordering import in_order, terms
from core.principal import Permission
from core.security.permissions import ROLES
from core.security.roles import OwnRoles, RoleTerms
from core.storage.records import RoleRow

router = APIRouter(prefix="/api/v1", tags=["users and tokens"])
SORTS_BY = "name built_in about changed_by changed_at"
Name = Annotated[str, Path(max_length=40)]
Permissions = Annotated[
    list[str], Field(min_length=1, max_length=100, examples=[["cluster:read", "chat:use"]])
]
Namespaces = Annotated[
    list[str] | None,
    Field(max_length=500, description="What holders see at most; null: every namespace."),
]


Clusters = Annotated[
    list[str] | None,
    Field(max_length=500, description="What holders reach at most; null: every cluster."),
]


class Terms(Sent):
    permissions: Permissions
    namespaces: Namespaces = None
    clusters: Clusters = None
    about: str = Field(default="", max_length=200)

    def terms(self) -> RoleTerms:
        seen = None if self.namespaces is None else frozenset(self.namespaces)
        reached = None if self.clusters is None else frozenset(self.clusters)
        return RoleTerms(frozenset(self.permissions), seen, self.about, reached)


class NewRole(Terms):
    name: str = Field(min_length=2, max_length=16, examples=["on-call"])


class Role(BaseModel):
    name: str
    built_in: bool = Field(description="It comes with Midwatch and never changes.")
    permissions: list[str]
    namespaces: list[str] | None = Field(description="null: every namespace.")
    clusters: list[str] | None = Field(default=None, description="null: every cluster.")
    about: str
    changed_by: str
    changed_at: datetime | None


class RoleList(BaseModel):
    items: list[Role]
    permissions: list[str] = Field(description="All there are, to make roles of.")


@router.get("/roles", operation_id="listRoles")
async def list_roles(
    _manager: UserManager,
    current: Current,
    sort: Annotated[str, sort_by(SORTS_BY)] = "",
) -> RoleList:
    """All roles, the built-in ones first, from the one that may least."""
    built_in = [
        Role(
            name=name,
            built_in=True,
            permissions=sorted(permissions),
            namespaces=None,
            about="",
            changed_by="",
            changed_at=None,
        )
        for name, permissions in ROLES.items()
    ]
    own = [_role(row) for row in await OwnRoles(current.database).all()]
    items = in_order([*built_in, *own], terms(sort, SORTS_BY.split()))
    return RoleList(items=items, permissions=sorted(Permission))


@router.post("/roles", operation_id="addRole", status_code=201)
async def add_role(
    body: NewRole, manager: UserManager, current: Current, response: Response
) -> Role:
    """Make a role, of nothing that you do not hold yourself."""
    row = await OwnRoles(current.database).add(body.name, body.terms(), maker=manager)
    await noted(current, manager, "role.add", row.name, **_told(row))
    return _tagged(row, response)


@router.get("/roles/{name}", operation_id="getRole")
async def get_role(name: Name, _manager: UserManager, current: Current, response: Response) -> Role:
    """A role of your own, with the ETag to change it by."""
    return _tagged(await OwnRoles(current.database).get(name), response)


@router.put("/roles/{name}", operation_id="changeRole")
async def change_role(
    name: Name,
    body: Terms,
    manager: UserManager,
    current: Current,
    response: Response,
    if_match: IfMatch = "",
) -> Role:
    """Replace what a role grants; who holds it has the new rights with the next request."""
    roles = OwnRoles(current.database)
    version = None
    if if_match:
        old = await roles.get(name)
        check_match(if_match, _role(old))
        version = old.version
    row = await roles.change(name, body.terms(), maker=manager, version=version)
    await noted(current, manager, "role.change", row.name, **_told(row))
    return _tagged(row, response)


@router.delete("/roles/{name}", operation_id="removeRole", status_code=204)
async def remove_role(name: Name, manager: UserManager, current: Current) -> None:
    """Remove a role that nobody holds."""
    await OwnRoles(current.database).remove(name, maker=manager)
    await noted(current, manager, "role.remove", name)


def _role(row: RoleRow) -> Role:
    return Role(
        name=row.name,
        built_in=False,
        permissions=sorted(row.permissions),
        namespaces=None if row.namespaces is None else sorted(row.namespaces),
        clusters=None if row.clusters is None else sorted(row.clusters),
        about=row.about,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
    )


def _tagged(row: RoleRow, response: Response) -> Role:
    shown = _role(row)
    response.headers["ETag"] = tag_of(shown)
    return shown


def _told(row: RoleRow) -> dict[str, object]:
    """For the audit trail."""
    namespaces = None if row.namespaces is None else sorted(row.namespaces)
    clusters = None if row.clusters is None else sorted(row.clusters)
    permissions = sorted(row.permissions)
    return {"permissions": permissions, "namespaces": namespaces, "clusters": clusters}
