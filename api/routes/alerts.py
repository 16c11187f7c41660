"""Alerts: taken in from their senders, listed, explained and acknowledged."""

from typing import Annotated, Any, Literal, cast
from urllib.parse import unquote

import orjson
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field

from api.dependencies import CallerTools, Wake, takes
from api.listing import sort_by
from api.problems import language_of
from api.sent import Sent
from api.sentences import SENTENCES
from core.errors import Invalid
from core.links import WebAddress
from core.principal import Permission

router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"])

Source = Literal["alertmanager", "prometheus", "grafana", "cloudevents", "generic"]
Payload = dict[str, Any] | list[Any]
# What alerts give to do; the other jobs need not look two hundred times a second.
WOKEN = ("deliveries", "groups", "jobs")
AlertId = Annotated[str, Path(max_length=32)]


class WorkflowReport(Sent):
    workflow: str = Field(min_length=1, max_length=100, description="Its name.")
    run: str = Field(min_length=1, max_length=200, description="The engine's id of it.")
    status: Literal["started", "done", "failed"]
    text: str = Field(default="", max_length=4000, description="What came of it.")
    url: WebAddress = ""


class Wanted(BaseModel):
    status: str = Field(default="", description="firing, resolved or unheard; empty: all.")
    name: str = Field(default="", description="Part of the alert's name.")
    namespace: str = ""
    window: str = Field(default="", description="ISO 8601, e.g. PT24H.")
    cursor: str = ""
    sort: Annotated[
        str, sort_by("name status severity namespace starts_at ends_at times_received")
    ] = ""


@router.get("", operation_id="listReceivedAlerts", dependencies=[takes(Permission.ALERTS_READ)])
async def list_alerts(tools: CallerTools, wanted: Annotated[Wanted, Query()]) -> dict[str, Any]:
    """Alerts that were sent here, the last heard of first."""
    answer = await tools.call("alerting_list", **wanted.model_dump(exclude_defaults=True))
    return answer.data


@router.get("/quality", operation_id="alertQuality", dependencies=[takes(Permission.ALERTS_READ)])
async def quality(
    tools: CallerTools,
    window: str = "P7D",
    cursor: str = "",
    sort: Annotated[
        str, sort_by("name verdict episodes firing_now brief acknowledged told median_minutes")
    ] = "",
) -> dict[str, Any]:
    """Alert rules by what they were worth: noisy, over by themselves, or never acted on."""
    answer = await tools.call("alerting_quality", window=window, cursor=cursor, sort=sort)
    return answer.data


@router.get("/{alert_id}", operation_id="showAlert", dependencies=[takes(Permission.ALERTS_READ)])
async def show(alert_id: AlertId, tools: CallerTools, request: Request) -> dict[str, Any]:
    """One alert with its processing record: each step, when, why, and who was told."""
    answer = await tools.call("alerting_show", alert_id=alert_id, language=language_of(request))
    return answer.data


@router.post(
    "/{alert_id}/acknowledge",
    operation_id="acknowledgeAlert",
    dependencies=[takes(Permission.ALERTS_MANAGE)],
)
async def acknowledge(alert_id: AlertId, tools: CallerTools) -> dict[str, Any]:
    """Take care of an alert, so that it is not escalated."""
    answer = await tools.call("alerting_acknowledge", alert_id=alert_id)
    return answer.data


@router.post(
    "/{alert_id}/workflow",
    operation_id="reportWorkflow",
    dependencies=[takes(Permission.ALERTS_RECEIVE)],
)
async def report_workflow(
    alert_id: AlertId, body: WorkflowReport, tools: CallerTools
) -> dict[str, Any]:
    """Note what a workflow did about an alert. A token needs no more than `alerts:receive`."""
    answer = await tools.call("alerting_note_workflow", alert_id=alert_id, **body.model_dump())
    return answer.data


@router.post(
    "/prometheus/api/v2/alerts",
    operation_id="receiveFromPrometheus",
    dependencies=[takes(Permission.ALERTS_RECEIVE)],
)
async def receive_from_prometheus(
    request: Request, tools: CallerTools, wake: Wake
) -> dict[str, Any]:
    """For Prometheus itself: name this service an Alertmanager with the path prefix above it."""
    return await _received("prometheus", request, tools, wake)


@router.post(
    "/{source}", operation_id="receiveAlerts", dependencies=[takes(Permission.ALERTS_RECEIVE)]
)
async def receive(
    source: Source,
    request: Request,
    tools: CallerTools,
    wake: Wake,
    mapping: Annotated[str, Query(description="For generic: a mapping of the policy.")] = "",
) -> dict[str, Any]:
    """Take alerts in as their sender posts them. 2xx means that every one of them is stored.

    A token for it needs no more than the scope `alerts:receive`.
    """
    return await _received(source, request, tools, wake, mapping)


async def _received(
    source: str, request: Request, tools: CallerTools, wake: Wake, mapping: str = ""
) -> dict[str, Any]:
    payload = _json(await request.body())
    if source == "cloudevents":
        payload = _with_its_headers(payload, request)
    answer = await tools.call("alerting_receive", source=source, payload=payload, mapping=mapping)
    wake(*WOKEN)
    return answer.data


def _with_its_headers(payload: Payload, request: Request) -> Payload:
    """CloudEvents in binary mode have their attributes in `ce-` headers, and the body is the data."""
    attributes = {
        name.removeprefix("ce-"): unquote(value)
        for name, value in request.headers.items()
        if name.startswith("ce-")
    }
    return {**attributes, "data": payload} if "specversion" in attributes else payload


def _json(body: bytes) -> Payload:
    try:
        payload: Any = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise SENTENCES.error(Invalid, "no_json", error=str(error)) from error
    if not isinstance(payload, dict | list):
        raise SENTENCES.error(Invalid, "alerts_shape")
    return cast("Payload", payload)
