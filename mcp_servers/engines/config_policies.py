"""An Alertmanager's configuration as a policy, so that it can be tried on what came before."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from mcp_servers.engines.config_checks import parts_of_matcher, seconds_of
from mcp_servers.engines.config_times import map_of, maps_of
from mcp_servers.facts.alert_policies import Route

# Integrations that tell of ends unless their configuration says otherwise; the others do not.
TELL_ENDS = frozenset(
    {
        *("webhook_configs", "pagerduty_configs", "opsgenie_configs", "victorops_configs"),
        *("pushover_configs", "sns_configs", "telegram_configs", "webex_configs"),
        *("discord_configs", "msteams_configs", "msteamsv2_configs", "jira_configs"),
        *("rocketchat_configs", "mattermost_configs", "incidentio_configs"),
    }
)
SPANS = ("group_wait", "group_interval", "repeat_interval")
_ESCAPED = re.compile(r'\\(["\\n])')
Map = Mapping[str, Any]


def policy_document(tree: Any) -> dict[str, Any]:
    """Routes, inhibitions and times as a policy writes them; receivers stand where channels do.

    Alertmanager groups always, and knows neither flapping nor storms.
    """
    config = map_of(tree)
    intervals = {
        str(one.get("name")): [_span(span) for span in maps_of(one.get("time_intervals"))]
        for key in ("mute_time_intervals", "time_intervals")
        for one in maps_of(config.get(key))
    }
    return {
        "route": _route(map_of(config.get("route"))),
        "inhibit": [_inhibition(one) for one in maps_of(config.get("inhibit_rules"))],
        "intervals": intervals,
        "switches": {"grouping": "on"},
    }


def receivers_in(tree: Any) -> dict[str, bool | None]:
    """By name, whether one tells of ends; None: it has no integration, and nobody hears by it."""
    return {
        str(one.get("name")): _tells_ends(one) for one in maps_of(map_of(tree).get("receivers"))
    }


def with_ends(route: Route, receivers: Mapping[str, bool | None]) -> Route:
    """The routes, each knowing whether its receiver tells of ends."""
    tells = all(receivers.get(one) is not False for one in route.channels)
    below = tuple(with_ends(one, receivers) for one in route.routes)
    return replace(route, tells_ends=tells, routes=below)


def _tells_ends(receiver: Map) -> bool | None:
    said = [
        bool(one.get("send_resolved", key in TELL_ENDS))
        for key, many in receiver.items()
        if str(key).endswith("_configs")
        for one in maps_of(many)
    ]
    return any(said) if said else None


def _route(route: Map) -> dict[str, Any]:
    found: dict[str, Any] = {
        "matchers": [*_matchers(route, "match", "match_re", "matchers")],
        "continue": bool(route.get("continue")),
        "mute": _texts(route.get("mute_time_intervals")),
        "active": _texts(route.get("active_time_intervals")),
        "routes": [_route(one) for one in maps_of(route.get("routes"))],
    }
    if route.get("receiver"):
        found["channels"] = [str(route["receiver"])]
    if "group_by" in route:
        found["group_by"] = _texts(route["group_by"])
    for key in SPANS:
        if (seconds := seconds_of(route.get(key, ""))) is not None:
            found[key] = f"PT{round(seconds)}S"
    return found


def _inhibition(rule: Map) -> dict[str, Any]:
    return {
        side: [*_matchers(rule, f"{side}_match", f"{side}_match_re", f"{side}_matchers")]
        for side in ("source", "target")
    } | {"equal": _texts(rule.get("equal"))}


def _matchers(part: Map, equal: str, patterns: str, written: str) -> Iterator[str]:
    for key, operator in ((equal, "="), (patterns, "=~")):
        yield from (f'{name}{operator}"{value}"' for name, value in map_of(part.get(key)).items())
    for text in _texts(part.get(written)):
        for name, operator, value in parts_of_matcher(text):
            yield f'{name}{operator}"{_unquoted(value)}"'


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    return _ESCAPED.sub(lambda one: "\n" if one[1] == "n" else one[1], value[1:-1])


def _span(span: Map) -> dict[str, Any]:
    times = [f"{one.get('start_time')}-{one.get('end_time')}" for one in maps_of(span.get("times"))]
    return {
        "times": times,
        "weekdays": _texts(span.get("weekdays")),
        "days": _texts(span.get("days_of_month")),
        "months": _texts(span.get("months")),
        "years": _texts(span.get("years")),
        "zone": _zone(str(span.get("location") or "")),
    }


def _zone(location: str) -> str:
    """`Local` is that of the Alertmanager, which is not known here."""
    return location if location not in ("", "Local") else "UTC"


def _texts(found: Any) -> list[str]:
    return [str(one) for one in cast("list[Any]", found)] if isinstance(found, list) else []
