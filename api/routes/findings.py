"""Tools without a model: findings, investigations, and every other tool by its name."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query
from pydantic import AwareDatetime, BaseModel, Field

from api.dependencies import CallerTools, Reads, takes
from api.listing import sort_by
from api.sent import Sent
from core.principal import Permission

router = APIRouter(prefix="/api/v1", tags=["tools"])

Language = Literal["en", "zh"]


class Scope(Sent):
    """Empty fields ask about everything."""

    namespace: str = Field(default="", max_length=63)
    kind: str = Field(default="", max_length=100, examples=["Deployment"])
    name: str = Field(default="", max_length=253, examples=["checkout"])
    language: Language = "en"


class Investigation(Scope):
    symptom: str = Field(default="", max_length=2000, examples=["checkout answers 500"])
    window: str = Field(default="PT1H", max_length=20, description="ISO 8601: how far back.")


class Log(BaseModel):
    namespace: str = Field(max_length=63)
    name: str = Field(max_length=253, examples=["checkout"])
    container: str = Field(default="", max_length=63)
    previous: bool = False
    new_since: AwareDatetime | None = None


class Part(BaseModel):
    namespace: str = Field(default="", max_length=63)
    cursor: str = Field(default="", max_length=200)


class Around(BaseModel):
    """Without a name, all there is in the namespace; without either, in the cluster."""

    namespace: str = Field(default="", max_length=63)
    name: str = Field(default="", max_length=253, examples=["checkout"])
    hops: int = Field(default=2, ge=1, le=5)
    cursor: str = Field(default="", max_length=200)


class LogFiles(Sent):
    logs: list[str] = Field(min_length=1, description="One text a file.", examples=[["ERROR x"]])
    assign: bool = False


@router.get(
    "/findings", operation_id="listFindings", dependencies=[takes(Permission.INCIDENTS_READ)]
)
async def list_findings(tools: CallerTools, scope: Annotated[Scope, Query()]) -> dict[str, Any]:
    """Everything that is wrong in scope, worst first, with evidence and the class of fix."""
    answer = await tools.call("rca_list_findings", **_given(scope))
    return answer.data


@router.get("/diagnose", operation_id="diagnose", dependencies=[takes(Permission.INCIDENTS_READ)])
async def diagnose(tools: CallerTools, scope: Annotated[Scope, Query()]) -> dict[str, Any]:
    """The same as the findings, under the name that the command line gives it."""
    return await list_findings(tools, scope)


@router.get(
    "/events/patterns",
    operation_id="eventPatterns",
    dependencies=[takes(Permission.INCIDENTS_READ)],
)
async def event_patterns(tools: CallerTools, part: Annotated[Part, Query()]) -> dict[str, Any]:
    """What events say, each kind once: how often and on how many objects."""
    answer = await tools.call("rca_event_patterns", **part.model_dump(exclude_defaults=True))
    return answer.data


@router.get(
    "/errors/summary", operation_id="errorSummary", dependencies=[takes(Permission.INCIDENTS_READ)]
)
async def error_summary(tools: CallerTools, part: Annotated[Part, Query()]) -> dict[str, Any]:
    """What logs complain of, each kind once, and which workloads say it."""
    answer = await tools.call("rca_error_summary", **part.model_dump(exclude_defaults=True))
    return answer.data


@router.post(
    "/investigations", operation_id="investigate", dependencies=[takes(Permission.INCIDENTS_READ)]
)
async def investigate(tools: CallerTools, body: Investigation) -> dict[str, Any]:
    """Root causes ranked over findings, changes, topology and time."""
    answer = await tools.call("rca_investigate", **_given(body))
    return answer.data


@router.post(
    "/rca/analyze", operation_id="analyze", dependencies=[takes(Permission.INCIDENTS_READ)]
)
async def analyze(tools: CallerTools, body: Investigation) -> dict[str, Any]:
    """The same as an investigation, under the name that other systems give it."""
    return await investigate(tools, body)


@router.get(
    "/incidents", operation_id="listIncidents", dependencies=[takes(Permission.INCIDENTS_READ)]
)
async def list_incidents(
    tools: CallerTools,
    reads: Reads,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
    cursor: Annotated[str, Query(max_length=200)] = "",
    sort: Annotated[str, sort_by("id cluster summary first_found last_found times_found")] = "",
    language: Language | None = None,
) -> dict[str, Any]:
    """What investigations found before, the last first. `language`: else as `Accept-Language` says."""
    about = {"limit": limit, "cursor": cursor, "sort": sort, "language": language or reads}
    answer = await tools.call("rca_list_incidents", **about)
    return answer.data


@router.get(
    "/incidents/{incident_id}",
    operation_id="getIncident",
    dependencies=[takes(Permission.INCIDENTS_READ)],
)
async def get_incident(
    tools: CallerTools, reads: Reads, incident_id: str, language: Language | None = None
) -> dict[str, Any]:
    """One incident with the evidence as it was when it was last found."""
    about = {"incident_id": incident_id, "language": language or reads}
    answer = await tools.call("rca_get_incident", **about)
    return answer.data


@router.get(
    "/rca/rules", operation_id="listCustomRules", dependencies=[takes(Permission.INCIDENTS_READ)]
)
async def list_custom_rules(tools: CallerTools) -> dict[str, Any]:
    """The rules that were added here, and the thresholds of the others."""
    answer = await tools.call("rca_list_custom_rules")
    return answer.data


@router.get(
    "/rca/dependencies",
    operation_id="dependencyGraph",
    dependencies=[takes(Permission.INCIDENTS_READ)],
)
async def dependency_graph(
    tools: CallerTools, around: Annotated[Around, Query()]
) -> dict[str, Any]:
    """What depends on what around a service or in a namespace, with the evidence of each edge."""
    answer = await tools.call("rca_dependency_graph", **around.model_dump(exclude_defaults=True))
    return answer.data


@router.get(
    "/logs/patterns", operation_id="logPatterns", dependencies=[takes(Permission.LOGS_READ)]
)
async def log_patterns(tools: CallerTools, log: Annotated[Log, Query()]) -> dict[str, Any]:
    """What a log says, each kind of line once; with `new_since`, what is new in it."""
    given = log.model_dump(mode="json", exclude_defaults=True)
    answer = await tools.call("kubernetes_log_patterns", **given)
    return answer.data


@router.post(
    "/logs/patterns",
    operation_id="logFilePatterns",
    dependencies=[takes(Permission.INCIDENTS_READ)],
)
async def log_file_patterns(tools: CallerTools, body: LogFiles) -> dict[str, Any]:
    """The same of log files that are sent along; with `assign`, which pattern each line is of."""
    answer = await tools.call("rca_log_patterns", **body.model_dump())
    return answer.data


@router.get("/tools", operation_id="listTools")
async def list_tools(tools: CallerTools) -> dict[str, list[dict[str, Any]]]:
    """The tools you may use, with their input schemas."""
    offered = await tools.list()
    return {
        "items": [
            {
                "name": spec.name,
                "server": spec.server,
                "description": spec.description,
                "input_schema": spec.input_schema,
                "changes": spec.changes,
            }
            for spec in offered
        ]
    }


@router.post("/tools/{name}", operation_id="callTool")
async def call_tool(
    name: str,
    tools: CallerTools,
    arguments: Annotated[dict[str, Any], Body(examples=[{"namespace": "shop"}])],
) -> dict[str, Any]:
    """Call one tool; the body holds its arguments, the answer is its structured content."""
    answer = await tools.call(name, **arguments)
    return answer.data


def _given(scope: Scope) -> dict[str, Any]:
    return {name: value for name, value in scope.model_dump().items() if value}
