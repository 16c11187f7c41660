"""What investigations of alerts found, by themselves or started by hand."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from api.dependencies import CallerTools, Wake, takes
from api.listing import sort_by
from core.principal import Permission

router = APIRouter(prefix="/api/v1", tags=["alerts"])

Id = Annotated[str, Path(max_length=32)]
Language = Literal["en", "zh"]


class Wanted(BaseModel):
    state: str = Field(default="", description="waiting, running, done, dead or cancelled.")
    language: Language = "en"
    cursor: str = ""
    sort: Annotated[
        str, sort_by("state created_by created_at started_at finished_at verdict attempts")
    ] = ""


@router.get("/analyses", operation_id="listAnalyses", dependencies=[takes(Permission.ALERTS_READ)])
async def list_analyses(tools: CallerTools, wanted: Annotated[Wanted, Query()]) -> dict[str, Any]:
    """Analyses of alerts, the newest first."""
    answer = await tools.call("alerting_list_analyses", **wanted.model_dump(exclude_defaults=True))
    return answer.data


@router.get(
    "/analyses/{analysis_id}",
    operation_id="showAnalysis",
    dependencies=[takes(Permission.ALERTS_READ)],
)
async def show(analysis_id: Id, tools: CallerTools, language: Language = "en") -> dict[str, Any]:
    """One analysis: causes, confidence, what to do, similar past alerts."""
    return await _of("alerting_show_analysis", analysis_id, tools, language)


@router.post(
    "/analyses/{analysis_id}/cancel",
    operation_id="cancelAnalysis",
    dependencies=[takes(Permission.ALERTS_MANAGE)],
)
async def cancel(analysis_id: Id, tools: CallerTools, language: Language = "en") -> dict[str, Any]:
    """Cancel one that waits or runs; what it finds meanwhile is not kept."""
    return await _of("alerting_cancel_analysis", analysis_id, tools, language)


@router.post(
    "/analyses/{analysis_id}/retry",
    operation_id="retryAnalysis",
    dependencies=[takes(Permission.ALERTS_MANAGE)],
)
async def retry(
    analysis_id: Id, tools: CallerTools, wake: Wake, language: Language = "en"
) -> dict[str, Any]:
    """Make one again from the start, whatever came of it."""
    made = await _of("alerting_retry_analysis", analysis_id, tools, language)
    wake()
    return made


@router.post(
    "/alerts/{alert_id}/analyse",
    operation_id="analyseAlert",
    dependencies=[takes(Permission.ALERTS_MANAGE)],
    status_code=202,
)
async def analyse(
    alert_id: Id, tools: CallerTools, wake: Wake, language: Language = "en"
) -> dict[str, Any]:
    """Have an alert investigated now; the answer comes later, at `/api/v1/analyses/{id}`."""
    answer = await tools.call("alerting_analyse", alert_id=alert_id, language=language)
    wake()
    return answer.data


async def _of(tool: str, analysis_id: str, tools: CallerTools, language: str) -> dict[str, Any]:
    return (await tools.call(tool, analysis_id=analysis_id, language=language)).data
