"""Alertmanager's API v2 over the alerts and silences of a snapshot.

Alerts of the snapshot go on firing, as their sender would repeat them, until the rule that found
them finds them no longer; posted ones last as long as they say, or five minutes. There is no notification pipeline: `inhibitedBy` and `mutedBy` stay as
they were recorded, and what is posted goes to the first receiver. Like Alertmanager 0.25, but for
`mutedBy` and for 404 on the deletion of an unknown silence, which are of later versions.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sandbox.alertmanager_api.alerts import Alerts
from sandbox.alertmanager_api.endpoints import Endpoint, Endpoints, refusing
from sandbox.alertmanager_api.refusals import json_answer
from sandbox.alertmanager_api.sending import Sender, Sent, nothing_sent
from sandbox.alertmanager_api.silences import Silences

__all__ = ["routes"]

_DEFAULT_RECEIVER = "default"


def routes(
    alerts: Iterable[Mapping[str, Any]],
    silences: Iterable[Mapping[str, Any]],
    now: Callable[[], float],
    sent: Sent = nothing_sent,
) -> list[Route]:
    """The API, from its root, over what a real one answered; `now` is in Unix seconds.

    `sent` says what a Prometheus finds firing at a time.
    """

    def clock() -> datetime:
        return datetime.fromtimestamp(now(), UTC)

    started_at = clock()
    known = Alerts.recorded(alerts, started_at)
    names = {name for one in known.by_fingerprint.values() for name in one.receivers}
    receivers = tuple(sorted(names)) or (_DEFAULT_RECEIVER,)
    api = Endpoints(
        alerts=known,
        sender=Sender(known, sent, started_at, receivers[0]),
        silences=Silences.recorded(silences, started_at),
        receivers=receivers,
        started_at=started_at,
        now=clock,
    )
    return [
        _api("GET", "alerts", api.list_alerts),
        _api("POST", "alerts", api.post_alerts),
        _api("GET", "alerts/groups", api.list_groups),
        _api("GET", "silences", api.list_silences),
        _api("POST", "silences", api.post_silence),
        _api("GET", "silence/{silence_id}", api.get_silence),
        _api("DELETE", "silence/{silence_id}", api.expire_silence),
        _api("GET", "receivers", api.list_receivers),
        _api("GET", "status", api.status),
        Route("/api/v2/{rest:path}", _unknown),
        Route("/-/ready", _ok),
        Route("/-/healthy", _ok),
    ]


def _api(method: str, path: str, endpoint: Endpoint) -> Route:
    return Route(f"/api/v2/{path}", refusing(endpoint), methods=[method])


def _unknown(request: Request) -> Response:
    path = f"/api/v2/{request.path_params['rest']}"
    return json_answer({"code": 404, "message": f"path {path} was not found"}, 404)


def _ok(_: Request) -> Response:
    return PlainTextResponse("OK")
