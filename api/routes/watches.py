"""Watches over Midwatch's own use of models."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field

from api.dependencies import CallerTools, Wake, takes
from api.listing import sort_by
from api.sent import Sent
from core.principal import Permission

router = APIRouter(prefix="/api/v1/watches", tags=["usage"])

Name = Annotated[str, Path(max_length=100)]


class WatchBody(Sent):
    terms: dict[str, Any] = Field(
        description="measure, compare, threshold, window, held, by, only_…, least, no_data, severity.",
        examples=[{"measure": "failure_rate", "compare": ">", "threshold": 0.2, "by": "model"}],
    )
    enabled: bool = True


@router.get("", operation_id="listWatches", dependencies=[takes(Permission.USAGE_READ)])
async def list_watches(
    tools: CallerTools,
    cursor: str = "",
    sort: Annotated[str, sort_by("name enabled created_by")] = "",
) -> dict[str, Any]:
    """Watches, with what each sees."""
    return (await tools.call("alerting_list_watches", cursor=cursor, sort=sort)).data


@router.put("/{name}", operation_id="setWatch", dependencies=[takes(Permission.ALERTS_MANAGE)])
async def set_watch(name: Name, body: WatchBody, tools: CallerTools, wake: Wake) -> dict[str, Any]:
    """Set a watch, or set it anew."""
    made = await tools.call("alerting_set_watch", name=name, **body.model_dump())
    wake()
    return made.data


@router.delete(
    "/{name}", operation_id="removeWatch", dependencies=[takes(Permission.ALERTS_MANAGE)]
)
async def remove_watch(name: Name, tools: CallerTools, wake: Wake) -> dict[str, Any]:
    """Remove a watch; what fires of it ends."""
    gone = await tools.call("alerting_remove_watch", name=name)
    wake()
    return gone.data
