"""After an incident: a draft of a page from it, or from an alert, with what the other servers know of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import NotFound, OpsError
from mcp_servers.client import Tools

DRAFT = "rca_draft_page"
# Alerts and changes that are looked through.
MOST_ALERTS, MOST_CHANGES = 100, 100
Json = dict[str, Any]


async def drafted(tools: Tools, asked: Mapping[str, Any]) -> Json:
    """What `rca_draft_page` gives for these arguments; `alert_id` among them names an alert instead."""
    told = dict(asked)
    alert = await _alert(tools, told.pop("alert_id", ""))
    if alert:
        told |= _where(alert, told)
    if "incident_id" not in told:
        first = await _found(tools, told)
        told = {**told, "incident_id": first["incident_id"]}
        if not await _is_kept(tools, first["incident_id"]):
            return first
    known = await aftermath(tools, told["incident_id"], alert=alert)
    named = {key: told[key] for key in ("kind", "language", "incident_id") if key in told}
    return (await tools.call(DRAFT, **named, aftermath=known)).data


async def aftermath(
    tools: Tools, incident_id: str, *, alert: Mapping[str, Any] | None = None, cost: bool = True
) -> Json:
    """What alerts, changes and the bill tell of a kept incident; what this caller may not see is not told."""
    kept = await _told(tools, "rca_get_incident", incident_id=incident_id)
    causes: list[Json] = kept["investigation"]["root_causes"] if kept else []
    about: list[Json] = [one["resource"] for one in causes[:3]]
    alerts = await _told(tools, "alerting_list", incident=incident_id)
    rows: list[Mapping[str, Any]] = list(alerts.get("rows", ()))
    if alert and all(one["id"] != alert["id"] for one in rows):
        rows.append(alert)
    shown = ("name", "starts_at", "ends_at", "acknowledged_by")
    known: Json = {
        "alerts": [{key: one[key] for key in shown} for one in rows[:MOST_ALERTS]],
        "changes": await _changes(tools, about, kept.get("first_found", "")),
    }
    if cost and about and (bill := await _cost(tools, about[0]["namespace"])):
        known["cost"] = bill
    return known


async def _alert(tools: Tools, alert_id: str) -> Json:
    return (await tools.call("alerting_show", alert_id=alert_id)).data if alert_id else {}


def _where(alert: Mapping[str, Any], told: Mapping[str, Any]) -> Json:
    """The incident that an alert was traced to; without one, where an investigation of it looks."""
    analysis: Json = alert["analysis"] or {}
    if incident := analysis.get("incident_id"):
        return {"incident_id": incident}
    asked: Json = {key: value for key, value in alert["investigate"].items() if key not in told}
    if "kind" in alert["investigate"]:
        asked["resource_kind"] = alert["investigate"]["kind"]
    asked.pop("kind", None)
    return asked


async def _found(tools: Tools, told: Mapping[str, Any]) -> Json:
    """What is wrong with the named object, or around it when the cluster does not know it any more."""
    try:
        return (await tools.call(DRAFT, **told)).data
    except NotFound:
        around = {key: value for key, value in told.items() if key not in ("name", "resource_kind")}
        if around == told or not ({"namespace", "symptom"} & around.keys()):
            raise
        return (await tools.call(DRAFT, **around)).data


async def _is_kept(tools: Tools, incident_id: str) -> bool:
    return bool(await _told(tools, "rca_get_incident", incident_id=incident_id))


async def _changes(tools: Tools, about: Sequence[Mapping[str, Any]], since: str) -> list[Json]:
    """What Midwatch changed on the objects of the causes since the incident was first found."""
    found = await _told(tools, "autofix_list_changes", limit=MOST_CHANGES)
    objects = {(one["namespace"], one["name"]) for one in about}
    return [
        {
            "what": f"{one['fix']} {one['target']['kind']} {one['target']['name']}",
            "by": one["approvers"] or one["requester"],
            "status": one["status"],
            "started_at": one["started_at"],
            "finished_at": one["finished_at"],
        }
        for one in reversed(found.get("rows", ()))
        if (one["target"]["namespace"], one["target"]["name"]) in objects
        and one["started_at"] >= since[:19]
    ][-50:]


async def _cost(tools: Tools, namespace: str) -> Json:
    if not namespace:
        return {}
    bill = await _told(tools, "budgets_spend", namespace=namespace)
    hours: int = bill["coverage"]["hours_seen"] if bill else 0
    if not hours:
        return {}
    return {
        "namespace": namespace,
        "per_hour": bill["cost"] / hours,
        "currency": bill["currency"],
        "hours_measured": hours,
    }


async def _told(tools: Tools, tool: str, **arguments: Any) -> Json:
    """What a tool tells; nothing where it cannot, or may not be asked by this caller."""
    try:
        return (await tools.call(tool, **arguments)).data
    except OpsError:
        return {}
