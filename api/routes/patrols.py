"""Patrols: diagnoses on a schedule, their rounds and reports."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import Field

from api.dependencies import CallerTools, Wake, takes
from api.listing import sort_by
from api.routes.markdown import Markdown
from api.sent import Sent
from core.principal import Permission

router = APIRouter(prefix="/api/v1/patrols", tags=["patrols"])

Name = Annotated[str, Path(max_length=100)]
Language = Literal["en", "zh"]


class PatrolTerms(Sent):
    """Only what is given changes."""

    every: str = Field(default="", description="ISO 8601, from PT5M on.", examples=["PT1H"])
    namespaces: list[str] | None = Field(default=None, description="[]: everywhere.")
    enabled: bool | None = None


@router.get("", operation_id="listPatrols", dependencies=[takes(Permission.ALERTS_READ)])
async def list_patrols(
    tools: CallerTools,
    cursor: str = "",
    sort: Annotated[
        str, sort_by("name every_s enabled next_at last_at score faults created_by")
    ] = "",
) -> dict[str, Any]:
    """Patrols, with the score of their last round."""
    return (await tools.call("alerting_list_patrols", cursor=cursor, sort=sort)).data


@router.put("/{name}", operation_id="setPatrol", dependencies=[takes(Permission.ALERTS_MANAGE)])
async def set_patrol(
    name: Name, body: PatrolTerms, tools: CallerTools, wake: Wake
) -> dict[str, Any]:
    """Set a patrol up, or change what is given of it; a new one goes out at once."""
    made = await tools.call("alerting_set_patrol", name=name, **body.model_dump())
    wake()
    return made.data


@router.delete(
    "/{name}", operation_id="removePatrol", dependencies=[takes(Permission.ALERTS_MANAGE)]
)
async def remove_patrol(name: Name, tools: CallerTools) -> dict[str, Any]:
    """Remove a patrol; its rounds stay on record."""
    return (await tools.call("alerting_remove_patrol", name=name)).data


@router.post(
    "/{name}/run",
    operation_id="runPatrol",
    dependencies=[takes(Permission.ALERTS_MANAGE)],
    status_code=202,
)
async def run_patrol(name: Name, tools: CallerTools, wake: Wake) -> dict[str, Any]:
    """Send a patrol out now."""
    sent = await tools.call("alerting_run_patrol", name=name)
    wake()
    return sent.data


@router.get(
    "/{name}/rounds", operation_id="listPatrolRounds", dependencies=[takes(Permission.ALERTS_READ)]
)
async def rounds(name: Name, tools: CallerTools, cursor: str = "") -> dict[str, Any]:
    """The rounds of a patrol, the newest first."""
    return (await tools.call("alerting_patrol_rounds", name=name, cursor=cursor)).data


@router.get(
    "/{name}/report", operation_id="patrolReport", dependencies=[takes(Permission.ALERTS_READ)]
)
async def report(
    name: Name, tools: CallerTools, run_id: str = "", language: Language = "en"
) -> dict[str, Any]:
    """The report of a round, of the last one when none is named, with its Markdown."""
    asked = {"name": name, "run_id": run_id, "language": language}
    return (await tools.call("alerting_patrol_report", **asked)).data


@router.get(
    "/{name}/report.md",
    operation_id="patrolReportMarkdown",
    dependencies=[takes(Permission.ALERTS_READ)],
    response_class=Markdown,
)
async def report_markdown(
    name: Name, tools: CallerTools, run_id: str = "", language: Language = "en"
) -> Markdown:
    """The same as a Markdown file."""
    asked = {"name": name, "run_id": run_id, "language": language}
    found = (await tools.call("alerting_patrol_report", **asked)).data
    return Markdown(found["markdown"])
