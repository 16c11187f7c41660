"""What is told of three orders: an alert that is taken care of, a channel that is tried, one that is switched."""

from agent.answers.listing import cited, rows_of
from agent.answers.markdown import code, plain
from agent.asked import Asked
from agent.planning_care import is_switched, is_taken, is_tried, meant, open_ones
from agent.toolbox import Result
from agent.wording import phrase


def told_taken(asked: Asked, result: Result) -> str:
    facts = {key: plain(result.data[key]) for key in ("name", "acknowledged_by")}
    place = f" ({plain(result.data['namespace'])})" if result.data["namespace"] else ""
    return cited(result, phrase("alerting.taken_over", asked.language, place=place, **facts))


def told_tried(asked: Asked, result: Result) -> str:
    """By the channel's own answer alone."""
    data = result.data
    facts = {"channel": code(data["channel"]), "why": plain(data["why"]), "ms": data["latency_ms"]}
    return cited(result, phrase(f"alerting.tried_{data['result']}", asked.language, **facts))


def told_switched(asked: Asked, result: Result) -> str:
    key = "switched_on" if result.data["enabled"] else "switched_off"
    channel = code(result.data["name"])
    return cited(result, phrase(f"alerting.{key}", asked.language, channel=channel))


def why_not_taken(asked: Asked, result: Result) -> str:
    """Why an alert that was to be taken care of was not; "" when none was, or one can be meant."""
    if not is_taken(asked):
        return ""
    count = len(open_ones(asked, rows_of(result)))
    key = {0: "none_to_take", 1: ""}.get(count, "take_which")
    return phrase(f"alerting.{key}", asked.language) if key else ""


def why_not_done(asked: Asked, result: Result) -> str:
    """That several channels can be meant where one was to be tried or switched."""
    if len(meant(asked, rows_of(result))) < 2:
        return ""
    if is_tried(asked):
        return phrase("alerting.try_which", asked.language)
    ordered = is_switched(asked) is not None
    return phrase("alerting.switch_which", asked.language) if ordered else ""
