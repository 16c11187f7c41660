"""A configuration of Alertmanager looked through without one: what it would refuse, and what goes astray.

After Alertmanager's own configuration reference (0.25 to 0.28). What the parts of a receiver are called
differs between versions, and is left to Alertmanager.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from mcp_servers.engines.config_times import Map, map_of, maps_of, time_remarks
from mcp_servers.facts.alertmanagers import ConfigRemark

TOP = frozenset(
    {
        *("global", "templates", "route", "inhibit_rules", "receivers"),
        *("mute_time_intervals", "time_intervals", "tracing"),
    }
)
ROUTE = frozenset(
    {
        *("receiver", "group_by", "match", "match_re", "matchers", "continue", "routes"),
        *("group_wait", "group_interval", "repeat_interval"),
        *("mute_time_intervals", "active_time_intervals"),
    }
)
INHIBIT = frozenset(
    {
        *("name", "source_match", "source_match_re", "source_matchers", "equal"),
        *("target_match", "target_match_re", "target_matchers"),
    }
)
# A value of such a name is a secret; beside nearly each there is one that names a file.
SECRETS = frozenset(
    {
        *("smtp_auth_password", "smtp_auth_secret", "auth_password", "auth_secret", "password"),
        *("slack_api_url", "slack_app_token", "opsgenie_api_key", "victorops_api_key", "api_key"),
        *("wechat_api_secret", "api_secret", "routing_key", "service_key", "bot_token", "token"),
        *("user_key", "credentials", "bearer_token", "client_secret", "secret_key"),
    }
)
# What an integration cannot do without: its own field, or the one of `global` that stands in.
NEEDS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "webhook_configs": (("url", "url_file"),),
    "email_configs": (("to",), ("smarthost", "smtp_smarthost"), ("from", "smtp_from")),
    "slack_configs": (
        ("api_url", "api_url_file", "slack_api_url", "slack_api_url_file", "slack_app_token",
         "app_token", "app_token_file", "slack_app_token_file"),
    ),
    "pagerduty_configs": (("routing_key", "routing_key_file", "service_key", "service_key_file"),),
    "opsgenie_configs": (
        ("api_key", "api_key_file", "opsgenie_api_key", "opsgenie_api_key_file"),
    ),
    "msteams_configs": (("webhook_url", "webhook_url_file"),),
    "telegram_configs": (("bot_token", "bot_token_file"), ("chat_id",)),
}  # fmt: skip
_MATCHER = re.compile(
    r'\s*(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?P<op>=~|!~|!=|=)\s*(?P<value>"(?:[^"\\]|\\.)*"|[^"{},]*?)\s*'
)
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_SPAN = re.compile(r"0|(?=\d)(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?")
_UNITS = {"y": 31_536_000, "w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1, "ms": 0.001}
_PART = re.compile(r"(\d+)(ms|[ywdhms])")
_APART = re.compile(r',(?=(?:[^"\\]|\\.|"(?:[^"\\]|\\.)*")*$)')


@dataclass(frozen=True, slots=True)
class Names:
    receivers: frozenset[str]
    intervals: frozenset[str]


def checked(tree: Any) -> list[ConfigRemark]:
    """Everything that is wrong with it, in the order of the file's parts."""
    if not isinstance(tree, Mapping):
        return [ConfigRemark("no_map", "")]
    config = cast("Map", tree)
    names = Names(_names(config, "receivers"), _interval_names(config))
    found = [*_unknown(config, TOP, ""), *_secrets(config, "")]
    found += _receivers(config)
    found += time_remarks(config)
    found += _root(config.get("route"), names)
    for n, rule in enumerate(_list(config.get("inhibit_rules"))):
        found += _inhibition(rule, f"inhibit_rules[{n}]")
    return [*found, *_unused(config, names)]


def _root(route: Any, names: Names) -> Iterator[ConfigRemark]:
    if not isinstance(route, Mapping):
        yield ConfigRemark("no_route", "route")
        return
    root = cast("Map", route)
    if not root.get("receiver"):
        yield ConfigRemark("root_without_receiver", "route")
    if any(root.get(key) for key in ("match", "match_re", "matchers")):
        yield ConfigRemark("root_with_matchers", "route")
    for key in ("mute_time_intervals", "active_time_intervals"):
        if root.get(key):
            yield ConfigRemark("root_with_times", f"route.{key}")
    if root.get("continue"):
        yield ConfigRemark("root_continues", "route")
    yield from _route(root, "route", names, (300.0, 14_400.0))


def _route(
    route: Map, where: str, names: Names, above: tuple[float, float]
) -> Iterator[ConfigRemark]:
    """`above`: the group and repeat intervals that it inherits, in seconds."""
    yield from _unknown(route, ROUTE, where)
    receiver = route.get("receiver")
    if receiver and receiver not in names.receivers:
        yield ConfigRemark("no_receiver", where, {"name": str(receiver)})
    for key in ("mute_time_intervals", "active_time_intervals"):
        for name in _list(route.get(key)):
            if name not in names.intervals:
                yield ConfigRemark("no_times", f"{where}.{key}", {"name": str(name)})
    yield from _grouping(route, where)
    yield from _matchers(route, where, ("matchers",), ("match_re",))
    yield from _spans(route, where)
    spans = _span(route, "group_interval", above[0]), _span(route, "repeat_interval", above[1])
    if spans[1] < spans[0] and spans != above:
        yield ConfigRemark("repeats_too_soon", where, fatal=False)
    yield from _below(route, where, names, spans)


def _below(
    route: Map, where: str, names: Names, spans: tuple[float, float]
) -> Iterator[ConfigRemark]:
    caught = ""
    for n, below in enumerate(_list(route.get("routes"))):
        place = f"{where}.routes[{n}]"
        if not isinstance(below, Mapping):
            yield ConfigRemark("no_map", place)
            continue
        one = cast("Map", below)
        if caught:
            yield ConfigRemark("never_reached", place, {"by": caught}, fatal=False)
        yield from _route(one, place, names, spans)
        takes_all = not any(one.get(key) for key in ("match", "match_re", "matchers"))
        caught = caught or (place if takes_all and not one.get("continue") else "")


def _grouping(route: Map, where: str) -> Iterator[ConfigRemark]:
    labels = [str(one) for one in _list(route.get("group_by"))]
    if len(set(labels)) < len(labels):
        yield ConfigRemark("label_twice", f"{where}.group_by")
    if "..." in labels and len(labels) > 1:
        yield ConfigRemark("all_and_more", f"{where}.group_by")
    for one in labels:
        if one != "..." and not _LABEL.fullmatch(one):
            yield ConfigRemark("no_label", f"{where}.group_by", {"label": one})


def _spans(route: Map, where: str) -> Iterator[ConfigRemark]:
    for key in ("group_wait", "group_interval", "repeat_interval"):
        if key not in route:
            continue
        seconds = seconds_of(route[key])
        if seconds is None:
            yield ConfigRemark("no_span", f"{where}.{key}", {"text": str(route[key])})
        elif not seconds and key != "group_wait":
            yield ConfigRemark("zero_span", f"{where}.{key}")


def _span(route: Map, key: str, above: float) -> float:
    return above if key not in route else seconds_of(route[key]) or above


def seconds_of(written: Any) -> float | None:
    """A span such as 1h30m in seconds; None when it is none."""
    text = str(written)
    if not text or not _SPAN.fullmatch(text):
        return None
    return sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(text))


def _inhibition(rule: Any, where: str) -> Iterator[ConfigRemark]:
    if not isinstance(rule, Mapping):
        yield ConfigRemark("no_map", where)
        return
    one = cast("Map", rule)
    yield from _unknown(one, INHIBIT, where)
    yield from _matchers(
        one, where, ("source_matchers", "target_matchers"), ("source_match_re", "target_match_re")
    )
    if not one.get("equal"):
        yield ConfigRemark("inhibits_everywhere", where, fatal=False)
    for side in ("source", "target"):
        if not any(one.get(f"{side}_{key}") for key in ("match", "match_re", "matchers")):
            yield ConfigRemark("takes_every_alert", where, {"side": side}, fatal=False)


def _matchers(
    part: Map, where: str, written: tuple[str, ...], patterns: tuple[str, ...]
) -> Iterator[ConfigRemark]:
    for key in written:
        for text in _list(part.get(key)):
            yield from _matcher(str(text), f"{where}.{key}")
    for key in patterns:
        for text in map_of(part.get(key)).values():
            yield from _pattern(str(text), f"{where}.{key}")


def parts_of_matcher(text: str) -> list[tuple[str, str, str]]:
    """Name, operator and value as it is written, of each matcher in a text; what is none is left out."""
    found = [_MATCHER.fullmatch(one) for one in _apart(text)]
    return [(one["name"], one["op"], one["value"]) for one in found if one]


def _apart(text: str) -> list[str]:
    inner = text.strip()
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1].rstrip().removesuffix(",")
    return _APART.split(inner)


def _matcher(text: str, where: str) -> Iterator[ConfigRemark]:
    for one in _apart(text):
        found = _MATCHER.fullmatch(one)
        if found is None:
            yield ConfigRemark("no_matcher", where, {"text": text})
        elif found["op"].endswith("~"):
            yield from _pattern(found["value"].strip('"'), where)


def _pattern(text: str, where: str) -> Iterator[ConfigRemark]:
    try:
        re.compile(text)
    except re.error as error:
        yield ConfigRemark("no_pattern", where, {"text": text, "why": str(error)})


def _receivers(config: Map) -> Iterator[ConfigRemark]:
    defaults = map_of(config.get("global"))
    seen: set[str] = set()
    for n, one in enumerate(_list(config.get("receivers"))):
        where = f"receivers[{n}]"
        if not isinstance(one, Mapping) or not cast("Map", one).get("name"):
            yield ConfigRemark("receiver_without_name", where)
            continue
        receiver = cast("Map", one)
        if receiver["name"] in seen:
            yield ConfigRemark("receiver_twice", where, {"name": str(receiver["name"])})
        seen.add(receiver["name"])
        yield from _integrations(receiver, where, defaults)


def _integrations(receiver: Map, where: str, defaults: Map) -> Iterator[ConfigRemark]:
    for key, many in receiver.items():
        if key != "name" and not key.endswith("_configs"):
            yield ConfigRemark("unknown_field", where, {"field": key})
        for n, one in enumerate(_list(many) if key in NEEDS else ()):
            own = map_of(one)
            for needed in NEEDS[key]:
                if not any(own.get(field) or defaults.get(field) for field in needed):
                    facts = {"field": needed[0]}
                    yield ConfigRemark("field_missing", f"{where}.{key}[{n}]", facts)


def _secrets(tree: Any, where: str) -> Iterator[ConfigRemark]:
    if isinstance(tree, list):
        for n, one in enumerate(cast("list[Any]", tree)):
            yield from _secrets(one, f"{where}[{n}]")
    if not isinstance(tree, Mapping):
        return
    for key, below in cast("Map", tree).items():
        place = f"{where}.{key}" if where else str(key)
        hidden = key in SECRETS or (key == "api_url" and "slack_configs" in where)
        if hidden and isinstance(below, str) and below:
            code = "secret_key_inside" if key == "secret_key" else "secret_inside"
            yield ConfigRemark(code, place, {"field": str(key)})
        yield from _secrets(below, place)


def _unknown(part: Map, known: frozenset[str], where: str) -> Iterator[ConfigRemark]:
    for key in part:
        if key not in known:
            yield ConfigRemark("unknown_field", where, {"field": str(key)})


def _unused(config: Map, names: Names) -> Iterator[ConfigRemark]:
    used = set(_named(config.get("route")))
    for name in sorted(names.receivers - used):
        yield ConfigRemark("receiver_unused", "receivers", {"name": name}, fatal=False)


def _named(route: Any) -> Iterator[str]:
    if isinstance(route, Mapping):
        one = cast("Map", route)
        yield str(one.get("receiver"))
        for below in _list(one.get("routes")):
            yield from _named(below)


def _names(config: Map, key: str) -> frozenset[str]:
    return frozenset(str(one.get("name")) for one in maps_of(config.get(key)))


def _interval_names(config: Map) -> frozenset[str]:
    return _names(config, "mute_time_intervals") | _names(config, "time_intervals")


def _list(found: Any) -> list[Any]:
    return cast("list[Any]", found) if isinstance(found, list) else []
