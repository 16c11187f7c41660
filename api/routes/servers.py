"""Tool servers of others: what they offer, and a person's yes or no to it."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field

from api.dependencies import CallerTools, Current, HandTools, takes
from api.sent import Sent
from core.principal import Permission

router = APIRouter(prefix="/api/v1/servers", tags=["tools"])

Name = Annotated[str, Path(max_length=20)]


class Acceptance(Sent):
    digest: str = Field(
        description="`digest` of the list as it was shown.", pattern=r"^sha256:[0-9a-f]{64}$"
    )


@router.get("", operation_id="listForeignServers", dependencies=[takes(Permission.FOREIGN_USE)])
async def list_foreign_servers(tools: CallerTools, current: Current) -> dict[str, Any]:
    """Each foreign server: reachable or not, accepted or not, and its tools in its own words."""
    if not current.settings.foreign:
        return {"items": []}
    answer = await tools.call("foreign_list_servers")
    return {"items": answer.data["servers"]}


@router.put(
    "/{name}/acceptance",
    operation_id="acceptForeignServer",
    dependencies=[takes(Permission.FOREIGN_ACCEPT)],
)
async def accept_foreign_server(name: Name, tools: HandTools, body: Acceptance) -> dict[str, Any]:
    """Accept its tools exactly as they were shown. 409 when it offers something else by now."""
    return (await tools.call("foreign_accept", name=name, digest=body.digest)).data


@router.delete(
    "/{name}/acceptance",
    operation_id="withdrawForeignServer",
    dependencies=[takes(Permission.FOREIGN_ACCEPT)],
)
async def withdraw_foreign_server(name: Name, tools: HandTools) -> dict[str, Any]:
    """Offer its tools no more."""
    return (await tools.call("foreign_withdraw", name=name)).data
