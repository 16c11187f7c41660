"""Prometheus's HTTP API over recorded series."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sandbox.prometheus_api.answers import Answer, Handler, Now, endpoint, rfc3339
from sandbox.prometheus_api.discovery import Discovery
from sandbox.prometheus_api.parameters import Parameters
from sandbox.prometheus_api.queries import Queries
from sandbox.prometheus_api.recording import RecordedByRules
from sandbox.prometheus_api.rules import Group
from sandbox.prometheus_api.ruling import Ruling
from sandbox.prometheus_api.targets import Targets
from sandbox.series import SeriesStore

__all__ = ["routes", "routes_of", "ruling_of"]

_READ, _READ_OR_FORM = ["GET"], ["GET", "POST"]

_BUILD = {
    "version": "2.42.0",
    "revision": "practice-cluster",
    "branch": "practice-cluster",
    "buildUser": "midwatch",
    "buildDate": "",
    "goVersion": "",
}


def routes(
    series: SeriesStore, rules: Iterable[Mapping[str, Any]], now: Callable[[], float]
) -> list[Route]:
    """The API, from its root, of what `ruling_of` makes of the same."""
    return routes_of(ruling_of(series, rules, now))


def ruling_of(
    series: SeriesStore, rules: Iterable[Mapping[str, Any]], now: Callable[[], float]
) -> Ruling:
    """`rules` are the groups of rule files, each with its `file`; `now` is in Unix seconds.

    Raises `Invalid` for a group that cannot be read.
    """
    groups = [Group.of(raw) for raw in rules]
    return Ruling(RecordedByRules(series, groups), groups, Now(now))


def routes_of(ruling: Ruling) -> list[Route]:
    """The API, from its root."""
    series, clock = ruling.series, ruling.now
    queries, discovery = Queries(series, clock), Discovery(series, clock)
    targets = Targets(series, clock)
    started_ms = clock.ms

    def runtime(_: Parameters) -> Answer:
        return Answer({"startTime": rfc3339(started_ms / 1000), "storageRetention": "15d"})

    return [
        _api("query", queries.at_once, _READ_OR_FORM),
        _api("query_range", queries.over_time, _READ_OR_FORM),
        _api("format_query", queries.formatted, _READ_OR_FORM),
        _api("query_exemplars", queries.exemplars, _READ_OR_FORM),
        _api("series", discovery.list_series, _READ_OR_FORM),
        _api("labels", discovery.label_names, _READ_OR_FORM),
        _api("label/{name}/values", discovery.label_values, _READ),
        _api("metadata", discovery.metadata, _READ),
        _api("targets", targets.all, _READ),
        _api("targets/metadata", targets.metadata, _READ),
        _api("scrape_pools", targets.pools, _READ),
        _api("rules", ruling.rules, _READ),
        _api("alerts", ruling.alerts, _READ),
        _api("status/buildinfo", lambda _: Answer(_BUILD), _READ),
        _api("status/runtimeinfo", runtime, _READ),
        Route("/-/ready", _text("Prometheus Server is Ready.\n")),
        Route("/-/healthy", _text("Prometheus Server is Healthy.\n")),
        Route("/", _text("The practice cluster's Prometheus answers under api/v1.\n")),
        Route("/{rest:path}", _text("404 page not found\n", status=404)),
    ]


def _api(path: str, handler: Handler, methods: list[str]) -> Route:
    return Route(f"/api/v1/{path}", endpoint(handler), methods=methods)


def _text(text: str, status: int = 200) -> Callable[[Request], Response]:
    def answered(_: Request) -> Response:
        return PlainTextResponse(text, status)

    return answered
