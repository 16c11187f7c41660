"""What alert senders post, as alerts. Fields that are not known are left alone.

Every reader raises `Unreadable`, which names the place that cannot be read.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from mcp_servers.facts.alert_policies import Arrival, ArrivedAlert
from mcp_servers.facts.kubernetes import moment

Json = Mapping[str, Any]

MOST_ALERTS = 10_000
ENDED = frozenset({"resolved", "ok", "closed", "normal", "recovered", "inactive"})

# FNV-1a of 64 bits, by which Prometheus names a label set.
OFFSET, PRIME, BITS = 14695981039346656037, 1099511628211, (1 << 64) - 1


class Unreadable(Exception):
    """The request is not what its sender sends. `fault` names the sentence, `facts` fill it; a place
    is a path, or `body` or `event`."""

    def __init__(self, fault: str, **facts: str) -> None:
        super().__init__(fault, facts)
        self.fault, self.facts = fault, facts


def arrival_of(source: str, payload: Any, now: datetime, mapping: Json | None = None) -> Arrival:
    """The alerts of a request. `mapping` says where a generic body has what; see `_mapped`."""
    return READERS[source](payload, now, mapping or {})


def fingerprint(labels: Mapping[str, str]) -> str:
    found = OFFSET
    for name in sorted(labels):
        for byte in (*name.encode(), 255, *labels[name].encode(), 255):
            found = (found ^ byte) * PRIME & BITS
    return f"{found:016x}"


def episode_id(alert: ArrivedAlert) -> str:
    """One alert from its start to its end: the same however often and by whomever it is sent."""
    text = f"{alert.fingerprint}\0{alert.starts_at.isoformat()}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _alertmanager(payload: Any, now: datetime, _: Json) -> Arrival:
    """Version 4 of Alertmanager's webhook, and Grafana's, which has the same fields."""
    body = _object(payload, "body")
    alerts = _list(body.get("alerts"), "alerts")
    return Arrival(
        source="alertmanager",
        alerts=tuple(_posted(one, f"alerts.{n}", now) for n, one in enumerate(alerts)),
        group_key=str(body.get("groupKey") or ""),
        group=_texts(body.get("groupLabels") or {}, "groupLabels"),
        external_url=str(body.get("externalURL") or ""),
    )


def _grafana(payload: Any, now: datetime, mapping: Json) -> Arrival:
    found = _alertmanager(payload, now, mapping)
    return Arrival("grafana", found.alerts, found.group_key, found.group, found.external_url)


def _prometheus(payload: Any, now: datetime, _: Json) -> Arrival:
    """What Prometheus posts to Alertmanager's API v2: a list, resolved by an end in the past."""
    alerts = _list(payload, "body")
    read = tuple(_posted(one, str(n), now) for n, one in enumerate(alerts))
    return Arrival(source="prometheus", alerts=read)


def _posted(raw: Any, place: str, now: datetime) -> ArrivedAlert:
    body = _object(raw, place)
    labels = _texts(body.get("labels"), f"{place}.labels")
    if not labels:
        raise Unreadable("no_labels", place=f"{place}.labels")
    ends_at = _when(body.get("endsAt"))
    ended = ends_at is not None and ends_at <= now
    status = str(body.get("status") or ("resolved" if ended else "firing"))
    if status not in ("firing", "resolved"):
        status = "resolved" if status.lower() in ENDED else "firing"
    return ArrivedAlert(
        fingerprint=str(body.get("fingerprint") or fingerprint(labels)),
        status=status,
        labels=labels,
        annotations=_texts(body.get("annotations") or {}, f"{place}.annotations"),
        starts_at=_when(body.get("startsAt")) or now,
        says_start=_when(body.get("startsAt")) is not None,
        ends_at=(ends_at or now) if status == "resolved" else None,
        generator_url=str(body.get("generatorURL") or ""),
    )


def _cloud_events(payload: Any, now: datetime, _: Json) -> Arrival:
    """CloudEvents 1.0 in JSON, one or a batch; `data` may have labels, severity, status, summary."""
    events: Sequence[Any] = (
        _list(cast("list[Any]", payload), "body")
        if isinstance(payload, list)
        else [_object(payload, "body")]
    )
    return Arrival("cloudevents", tuple(_event(one, now) for one in events))


def _event(raw: Any, now: datetime) -> ArrivedAlert:
    event = _object(raw, "event")
    for needed in ("specversion", "id", "source", "type"):
        if not event.get(needed):
            raise Unreadable("event_lacks", field=needed)
    data: Any = event.get("data")
    body: Json = cast("Json", data) if isinstance(data, Mapping) else {}
    labels = {
        "alertname": str(body.get("alertname") or event["type"]),
        "source": str(event["source"]),
        **({"subject": str(event["subject"])} if event.get("subject") else {}),
        **({"severity": str(body["severity"])} if body.get("severity") else {}),
        **_texts(body.get("labels") or {}, "data.labels"),
    }
    summary = body.get("summary") or body.get("message") or event.get("subject") or event["type"]
    return _made(labels, str(body.get("status") or ""), str(summary), event.get("time"), now)


def _mapped(payload: Any, now: datetime, mapping: Json) -> Arrival:
    """Any JSON. `mapping`: `alerts`, `status`, `summary`, `starts_at` and `labels` are paths by dots.

    Without `alerts` the body is one alert; a label's path that begins with "=" is its value.
    """
    listed: Any = at(payload, str(mapping.get("alerts") or ""))
    items = _list(cast("list[Any]", listed), "alerts") if isinstance(listed, list) else [listed]
    paths = _texts(mapping.get("labels") or {"alertname": "alertname"}, "labels")
    found: list[ArrivedAlert] = []
    for item in items:
        labels = {name: _text_at(item, path) for name, path in paths.items()}
        labels = {name: value for name, value in labels.items() if value}
        if not labels.get("alertname"):
            raise Unreadable("no_name", place=paths.get("alertname", "alertname"))
        status = _text_at(item, str(mapping.get("status") or "status"))
        summary = _text_at(item, str(mapping.get("summary") or "summary"))
        starts: Any = at(item, str(mapping.get("starts_at") or "starts_at"))
        found.append(_made(labels, status, summary, starts, now))
    return Arrival("generic", tuple(found))


def _made(
    labels: dict[str, str], status: str, summary: str, starts: Any, now: datetime
) -> ArrivedAlert:
    ended = status.lower() in ENDED
    return ArrivedAlert(
        fingerprint=fingerprint(labels),
        status="resolved" if ended else "firing",
        labels=labels,
        annotations={"summary": summary} if summary else {},
        starts_at=_when(starts) or now,
        says_start=_when(starts) is not None,
        ends_at=now if ended else None,
    )


def at(value: Any, path: str) -> Any:
    """What is at a path such as `event.items.0.name`; None where there is nothing."""
    for part in filter(None, path.split(".")):
        if isinstance(value, Mapping):
            value = cast("Json", value).get(part)
        elif isinstance(value, list) and part.isdecimal():
            items = cast("list[Any]", value)
            value = items[int(part)] if int(part) < len(items) else None
        else:
            return None
    return value


def _text_at(item: Any, path: str) -> str:
    if path.startswith("="):
        return path[1:]
    found: Any = at(item, path)
    return str(found) if isinstance(found, str | int | float) else ""


def _object(value: Any, place: str) -> Json:
    if not isinstance(value, Mapping):
        raise Unreadable("no_object", place=place)
    return cast("Json", value)


def _list(value: Any, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise Unreadable("no_list", place=place)
    items = cast("list[Any]", value)
    if len(items) > MOST_ALERTS:
        raise Unreadable("too_long", place=place, most=str(MOST_ALERTS))
    return items


def _texts(value: Any, place: str) -> dict[str, str]:
    return {str(key): str(one) for key, one in _object(value, place).items() if str(one)}


def _when(value: Any) -> datetime | None:
    """A moment; none for nothing, what is no time, and Go's zero time."""
    found = moment(value)
    return found if found and found.year > 1 else None


READERS: Mapping[str, Callable[[Any, datetime, Json], Arrival]] = {
    "alertmanager": _alertmanager,
    "grafana": _grafana,
    "prometheus": _prometheus,
    "cloudevents": _cloud_events,
    "generic": _mapped,
}
