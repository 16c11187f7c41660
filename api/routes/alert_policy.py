"""The policy over alerts, and silences in Alertmanager."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field

from api.dependencies import CallerTools, HandTools, Wake, takes
from api.listing import sort_by
from api.sent import Sent
from core.principal import Permission

router = APIRouter(prefix="/api/v1", tags=["alerts"])


class NewPolicy(Sent):
    document: dict[str, Any]
    reason: str = Field(min_length=3, max_length=500)
    based_on: int = Field(description="The version that was read; 0 before the first.")


class Tried(Sent):
    document: dict[str, Any]
    window: str = Field(default="PT24H", description="ISO 8601, at most 31 days.")


class RollBack(Sent):
    version: int
    reason: str = Field(min_length=3, max_length=500)


class WantedSilence(Sent):
    matchers: list[str] = Field(examples=[['alertname="DiskFull"', 'namespace="shop"']])
    duration: str = Field(default="PT2H", description="ISO 8601.")
    comment: str = Field(default="", max_length=500)
    ticket: str = Field(default="", max_length=100)
    am_cluster: str = Field(
        default="", max_length=200, description="Of Alertmanagers, by name or labels as region=eu."
    )
    starts_at: str = Field(
        default="", max_length=40, description="ISO 8601, at most 7 days ahead; empty: now."
    )


class NewSilence(WantedSilence):
    second: str = Field(default="", max_length=2000, description="A second person's yes.")


class Seconded(Sent):
    matchers: list[str]
    duration: str = "PT2H"
    am_cluster: str = Field(default="", max_length=200)


@router.get(
    "/alert-policy", operation_id="getAlertPolicy", dependencies=[takes(Permission.ALERTS_READ)]
)
async def get_policy(tools: CallerTools) -> dict[str, Any]:
    """The policy in force."""
    return (await tools.call("alerting_get_policy")).data


@router.put(
    "/alert-policy", operation_id="setAlertPolicy", dependencies=[takes(Permission.ALERTS_MANAGE)]
)
async def set_policy(body: NewPolicy, tools: CallerTools, wake: Wake) -> dict[str, Any]:
    """Put a policy in force at once, as a new version."""
    answer = await tools.call("alerting_set_policy", **body.model_dump())
    wake()
    return answer.data


@router.get(
    "/alert-policy/versions",
    operation_id="alertPolicyVersions",
    dependencies=[takes(Permission.ALERTS_READ)],
)
async def versions(
    tools: CallerTools,
    cursor: str = "",
    sort: Annotated[str, sort_by("version created_by created_at")] = "",
) -> dict[str, Any]:
    """The versions of the policy, the newest first."""
    return (await tools.call("alerting_policy_versions", cursor=cursor, sort=sort)).data


@router.post(
    "/alert-policy/dry-run",
    operation_id="dryRunAlertPolicy",
    dependencies=[takes(Permission.ALERTS_READ)],
)
async def dry_run(body: Tried, tools: CallerTools) -> dict[str, Any]:
    """What a policy would have made of the alerts that came in."""
    return (await tools.call("alerting_dry_run", **body.model_dump())).data


@router.post(
    "/alert-policy/rollback",
    operation_id="rollBackAlertPolicy",
    dependencies=[takes(Permission.ALERTS_MANAGE)],
)
async def roll_back(body: RollBack, tools: CallerTools, wake: Wake) -> dict[str, Any]:
    """Put an earlier version in force again."""
    answer = await tools.call("alerting_roll_back_policy", **body.model_dump())
    wake()
    return answer.data


@router.get("/silences", operation_id="listSilences", dependencies=[takes(Permission.ALERTS_READ)])
async def list_silences(
    tools: CallerTools,
    state: str = "",
    cursor: str = "",
    am_cluster: str = "",
    sort: Annotated[str, sort_by("state starts_at ends_at created_by catches_now cluster")] = "",
) -> dict[str, Any]:
    """Silences, those in force first, with what each of them catches now."""
    asked = {"state": state, "cursor": cursor, "am_cluster": am_cluster, "sort": sort}
    return (await tools.call("alerting_list_silences", **asked)).data


@router.get(
    "/alertmanagers/alerts",
    operation_id="listClusterAlerts",
    dependencies=[takes(Permission.ALERTS_READ)],
)
async def list_cluster_alerts(
    tools: CallerTools,
    am_cluster: Annotated[str, Query(max_length=200, description="Name or labels.")] = "",
    name: str = "",
    namespace: str = "",
    state: Literal["", "active", "suppressed", "unprocessed"] = "",
    group_by: Annotated[str, Query(max_length=500, description="alertname,namespace")] = "",
    cursor: str = "",
    sort: Annotated[str, sort_by("cluster name state severity namespace summary since")] = "",
) -> dict[str, Any]:
    """What every cluster of Alertmanagers has, which members lack it, and groups by labels."""
    asked = {"am_cluster": am_cluster, "name": name, "namespace": namespace, "state": state}
    grouped = {"group_by": group_by, "cursor": cursor, "sort": sort}
    return (await tools.call("alerting_list_cluster_alerts", **asked, **grouped)).data


@router.get(
    "/alertmanagers", operation_id="listAlertmanagers", dependencies=[takes(Permission.ALERTS_READ)]
)
async def list_alertmanagers(
    tools: CallerTools, am_cluster: str = "", cursor: str = ""
) -> dict[str, Any]:
    """Clusters of Alertmanagers, all or those of a name or labels, with the health of each member."""
    asked = {"am_cluster": am_cluster, "cursor": cursor}
    return (await tools.call("alerting_list_alertmanagers", **asked)).data


@router.post(
    "/silences/preview", operation_id="previewSilence", dependencies=[takes(Permission.ALERTS_READ)]
)
async def preview(body: WantedSilence, tools: CallerTools) -> dict[str, Any]:
    """What a silence would catch, and whether it may be set."""
    return (await tools.call("alerting_preview_silence", **body.model_dump())).data


@router.post(
    "/silences/second",
    operation_id="secondSilence",
    dependencies=[takes(Permission.SILENCES_WRITE)],
)
async def second(body: Seconded, tools: HandTools) -> dict[str, Any]:
    """Agree, as the second person, to exactly this silence."""
    return (await tools.call("alerting_second_silence", **body.model_dump())).data


@router.post(
    "/silences",
    operation_id="createSilence",
    dependencies=[takes(Permission.SILENCES_WRITE)],
    status_code=201,
)
async def create_silence(body: NewSilence, tools: CallerTools) -> dict[str, Any]:
    """Set a silence, within the guards."""
    return (await tools.call("alerting_create_silence", **body.model_dump())).data


@router.delete(
    "/silences/{silence_id}",
    operation_id="expireSilence",
    dependencies=[takes(Permission.SILENCES_WRITE)],
)
async def expire_silence(
    silence_id: Annotated[str, Path(max_length=64)], tools: CallerTools, am_cluster: str = ""
) -> dict[str, Any]:
    """End a silence now."""
    asked = {"silence_id": silence_id, "am_cluster": am_cluster}
    return (await tools.call("alerting_expire_silence", **asked)).data
