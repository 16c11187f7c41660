"""What each address of API v2 does."""

import functools
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import yaml
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sandbox.alertmanager_api import alerts, bodies, silences
from sandbox.alertmanager_api.alerts import Alert, Alerts
from sandbox.alertmanager_api.matching import all_match, parse_filter, receiver_pattern
from sandbox.alertmanager_api.refusals import WRONG_TYPE, Refused, json_answer, sentence, unchecked
from sandbox.alertmanager_api.sending import Sender
from sandbox.alertmanager_api.silences import Silences
from sandbox.alertmanager_api.times import written

Json = dict[str, Any]
Endpoint = Callable[[Request], Awaitable[Response]]

_GROUP_BY = "alertname"
_TRUE = {"1", "true", "t", "yes", "y", "on", "ok", "enabled", "selected", "checked"}
_VERSION = {
    "branch": "practice-cluster",
    "buildDate": "",
    "buildUser": "midwatch",
    "goVersion": "",
    "revision": "practice-cluster",
    "version": "0.28.0",
}


def refusing(endpoint: Endpoint) -> Endpoint:
    """Turns a refusal into its answer."""

    @functools.wraps(endpoint)
    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Refused as refused:
            return json_answer(refused.body, refused.status)

    return answered


@dataclass
class Endpoints:
    alerts: Alerts
    sender: Sender
    silences: Silences
    receivers: tuple[str, ...]
    started_at: datetime
    now: Callable[[], datetime]

    async def list_alerts(self, request: Request) -> Response:
        """GET /api/v2/alerts"""
        return json_answer([shown for _, shown in await self._wanted(request)])

    async def list_groups(self, request: Request) -> Response:
        """GET /api/v2/alerts/groups: by receiver and the one label of our route"""
        groups: dict[tuple[str, str], list[Json]] = {}
        for alert, shown in await self._wanted(request):
            for receiver in alert.receivers:
                key = alert.labels.get(_GROUP_BY, ""), receiver
                groups.setdefault(key, []).append(shown)
        return json_answer(
            [
                {
                    "alerts": members,
                    "labels": {_GROUP_BY: label} if label else {},
                    "receiver": {"name": receiver},
                }
                for (label, receiver), members in sorted(groups.items(), key=lambda one: one[0])
            ]
        )

    async def post_alerts(self, request: Request) -> Response:
        """POST /api/v2/alerts: takes the sound ones, and tells of the first that is not"""
        now = self.now()
        listed = await bodies.read(request, "alerts", list)
        posted = [bodies.read_alert(one, place, now) for place, one in enumerate(listed)]
        flaws = [bodies.flaw(alert) for alert in posted]
        for alert, flaw in zip(posted, flaws, strict=True):
            if not flaw:
                self.alerts.post(replace(alert, receivers=self.receivers[:1]))
        if any(flaws):
            raise sentence("; ".join(filter(None, flaws)))
        return Response()

    async def list_silences(self, request: Request) -> Response:
        """GET /api/v2/silences"""
        filters = [parse_filter(text) for text in request.query_params.getlist("filter")]
        return json_answer(self.silences.listed(filters, self.now()))

    async def post_silence(self, request: Request) -> Response:
        """POST /api/v2/silences"""
        now = self.now()
        wanted = bodies.read_silence(await bodies.read(request, "silence", dict), now)
        return json_answer({"silenceID": self.silences.put(wanted, now)})

    async def get_silence(self, request: Request) -> Response:
        """GET /api/v2/silence/<id>"""
        found = self.silences.by_id.get(_silence_id(request))
        return (
            json_answer(silences.shown(found, self.now())) if found else Response(status_code=404)
        )

    async def expire_silence(self, request: Request) -> Response:
        """DELETE /api/v2/silence/<id>"""
        known = self.silences.expire(_silence_id(request), self.now())
        return Response(status_code=200 if known else 404)

    async def list_receivers(self, _: Request) -> Response:
        """GET /api/v2/receivers"""
        return json_answer([{"name": one} for one in self.receivers])

    async def status(self, _: Request) -> Response:
        """GET /api/v2/status"""
        route = {"receiver": self.receivers[0], "group_by": [_GROUP_BY]}
        config = {"route": route, "receivers": [{"name": one} for one in self.receivers]}
        return json_answer(
            {
                "cluster": {"peers": [], "status": "disabled"},
                "config": {"original": yaml.safe_dump(config, sort_keys=False)},
                "uptime": written(self.started_at),
                "versionInfo": _VERSION,
            }
        )

    async def _wanted(self, request: Request) -> list[tuple[Alert, Json]]:
        """The alerts that the request's filters let through, and how they are shown."""
        asked, now = request.query_params, self.now()
        filters = [parse_filter(text) for text in asked.getlist("filter")]
        receiver = receiver_pattern(asked.get("receiver", ""))
        found: list[tuple[Alert, Json]] = []
        at_start, firing = await run_in_threadpool(self.sender.found, now)
        for name, alert in self.sender.current(now, at_start, firing):
            heard = receiver is None or any(map(receiver.fullmatch, alert.receivers))
            shown = alerts.shown(name, alert, self.silences, now)
            if heard and _in_state(shown["status"], request) and all_match(filters, alert.labels):
                found.append((alert, shown))
        return found


def _in_state(status: Json, request: Request) -> bool:
    """`unprocessed` is taken and has no effect, as in the real server."""
    wants = functools.partial(_flag, request)
    return (
        (status["state"] != "active" or wants("active"))
        and (not status["silencedBy"] or wants("silenced"))
        and (not status["inhibitedBy"] or wants("inhibited"))
    )


def _flag(request: Request, name: str) -> bool:
    return request.query_params.get(name, "true").lower() in _TRUE


def _silence_id(request: Request) -> str:
    text = request.path_params["silence_id"]
    try:
        uuid.UUID(text)
    except ValueError as error:
        message = f'silenceID in path must be of type uuid: "{text}"'
        raise unchecked(WRONG_TYPE, message) from error
    return text
