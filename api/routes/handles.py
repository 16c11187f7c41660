"""Who users are in chat services."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from api.dependencies import Current, UserManager, noted
from api.sent import Sent
from core.clock import utc_now
from core.security.permissions import check_over
from core.storage.records import HandleRow
from core.storage.repositories.handles import Handles
from core.storage.repositories.users import Users

router = APIRouter(prefix="/api/v1/handles", tags=["users and tokens"])


class Handle(BaseModel):
    service: str
    handle: str
    user: str
    linked_at: datetime


class HandleUser(Sent):
    user: str


class HandleList(BaseModel):
    items: list[Handle]


@router.get("", operation_id="listHandles")
async def list_handles(_manager: UserManager, current: Current) -> HandleList:
    """Which person of a chat service is which user."""
    async with current.database.session() as session:
        return HandleList(items=[_handle(row) for row in await Handles(session).all()])


@router.put("/{service}/{handle}", operation_id="linkHandle")
async def link_handle(
    service: str, handle: str, body: HandleUser, manager: UserManager, current: Current
) -> Handle:
    """What this person says and presses in the service is the user's own doing from now on.

    `service` is slack, dingtalk or feishu; `handle` is its own id of the person, such as U024BE7LH.
    """
    async with current.database.session() as session:
        check_over(manager, await Users(session).get(body.user))
        row = await Handles(session).link(body.user, service, handle, utc_now())
    await noted(current, manager, "user.know", row.user_name, service=service, handle=handle)
    return _handle(row)


@router.delete("/{service}/{handle}", operation_id="unlinkHandle", status_code=204)
async def unlink_handle(service: str, handle: str, manager: UserManager, current: Current) -> None:
    """The person is nobody here any more."""
    async with current.database.session() as session:
        await Handles(session).unlink(service, handle)
    await noted(current, manager, "user.unknow", handle, service=service)


def _handle(row: HandleRow) -> Handle:
    return Handle(
        service=row.service, handle=row.handle, user=row.user_name, linked_at=row.linked_at
    )
