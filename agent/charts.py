"""Pure: what the result of a cost, forecast or cause tool looks like drawn, in the language of the answer.

A chart is its own text twin: `columns` and `rows` are the table, and the drawing is made of them.
Results without anything to draw have none.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from agent.events import ToolFinished
from agent.intents import Language
from agent.wording import phrase
from core.payers import payer

Json = Mapping[str, Any]
Drawn = dict[str, Any]
# When, of what kind, and what happened.
Event = tuple[str, str, str]

# More bars than this are a table; the points of a week by the hour fit a line.
MOST_BARS, MOST_POINTS = 12, 336
MOST_SERIES, MOST_MARKS = 4, 12
MIB = 1 << 20


def charts_of(calls: Iterable[ToolFinished], language: Language) -> list[Drawn]:
    """One for each call that has something to draw; the same asked twice is drawn once."""
    found: dict[str, Drawn] = {}
    calls = list(calls)
    for call in calls:
        draw = DRAWN.get(call.tool)
        if draw is None or call.status != "ok" or not call.data:
            continue
        chart = draw(call.data, language)
        if chart.get("series"):
            chart["marks"] = marks_within(calls, chart["rows"])
        if chart["rows"]:
            known = f"{call.tool} {chart['title']}"
            found[known] = {"id": call.call_id, "tool": call.tool, **chart}
    return list(found.values())


def _load(data: Json, language: Language) -> Drawn:
    """The mean with its interval, and what comes otherwise; bytes as MiB and shares as percent."""
    unit, by = _scale(str(data.get("unit", "")))
    points = data["forecast"][:MOST_POINTS]
    rows = [
        [one["at"], *(None if one[key] is None else one[key] * by for key in _BAND)]
        for one in points
    ]
    heads = _heads(language, "time", *_BAND)
    if parted := data["level_break"]:
        heads += _heads(language, parted["otherwise"])
        for row, one in zip(rows, parted["forecast"], strict=False):
            row.append(one["mean"] * by)
    title = phrase("charts.load", language, query=data["query"], level=f"{data['level']:g}")
    return _chart("line", title, unit, heads, rows)


_BAND = ("mean", "lower", "upper")


def _course(data: Json, language: Language) -> Drawn:
    """What series did: a row for each moment at which one of them has a point, a column for each."""
    unit, by = _scale(str(data.get("unit", "")))
    shown = data["rows"][:MOST_SERIES]
    rows: dict[str, list[Any]] = {}
    for place, series in enumerate(shown):
        for at, value in series["points"]:
            rows.setdefault(at, [at, *([None] * len(shown))])[place + 1] = value * by
    heads = [*_heads(language, "time"), *_series_names(shown)]
    told = _chart("line", data["query"], unit, heads, [rows[at] for at in sorted(rows)])
    return {**told, "series": True, "more": len(data["rows"]) - len(shown)}


def _series_names(shown: Sequence[Json]) -> list[str]:
    """By the labels in which they differ; alone, by its name."""
    labels = [{k: v for k, v in one["labels"].items() if k != "__name__"} for one in shown]
    telling = [key for key in labels[0] if len({one.get(key) for one in labels}) > 1] or (
        list(labels[0])[-1:] if labels else []
    )
    named = [" ".join(str(one.get(key, "–")) for key in telling) for one in labels]
    return [name or str(n + 1) for n, name in enumerate(named)]


def marks_within(calls: Iterable[ToolFinished], rows: Sequence[Sequence[Any]]) -> list[Drawn]:
    """What changed or fired between the first and the last moment, as other calls of the turn tell it."""
    if not rows:
        return []
    first, last = rows[0][0], rows[-1][0]
    found = {
        (at, text): {"at": at, "kind": kind, "text": text}
        for call in calls
        if call.status == "ok" and call.tool in EVENTS
        for at, kind, text in EVENTS[call.tool](call.data or {})
        if first <= at <= last
    }
    return [found[key] for key in sorted(found)][:MOST_MARKS]


def _changed(data: Json) -> list[Event]:
    return [
        (one["at"], one["kind"], f"{one['namespace']}/{one['name']}: {one['summary']}".lstrip("/"))
        for one in data.get("rows", ())
    ]


def _timeline(data: Json) -> list[Event]:
    """What evidence shows is a symptom; the rest are changes."""
    return [
        (one["at"], "symptom" if one["evidence"] else "change", one["text"])
        for one in data.get("timeline", ())
    ]


def _fired(data: Json) -> list[Event]:
    return [
        (one["starts_at"], "alert", one["summary"] or one["name"]) for one in data.get("rows", ())
    ]


EVENTS: Mapping[str, Callable[[Json], list[Event]]] = {
    "kubernetes_what_changed": _changed,
    "rca_investigate": _timeline,
    "alerting_list": _fired,
}


def _scale(unit: str) -> tuple[str, float]:
    if unit == "bytes":
        return "MiB", 1 / MIB
    return ("%", 100.0) if unit.startswith("share") else (unit, 1.0)


def _spend(data: Json, language: Language) -> Drawn:
    days = {"start": str(data["start"])[:10], "end": str(data["end"])[:10]}
    rows = [[payer(row["name"], language), row["cost"], row["unused_cost"]] for row in data["rows"]]
    title = phrase("charts.spend", language, **days)
    return _chart("bars", title, data["currency"], _heads(language, "what", "cost", "unused"), rows)


def _savings(data: Json, language: Language) -> Drawn:
    rows = [
        [f"{row['namespace']}/{row['name']} {row['container']}".strip("/ "), row["monthly"]]
        for row in data["rows"]
        if row["monthly"] is not None
    ]
    heads = _heads(language, "what", "monthly")
    return _chart("bars", phrase("charts.savings", language), data["currency"], heads, rows)


def _disks(data: Json, language: Language) -> Drawn:
    rows = [
        [
            f"{row['namespace']}/{row['name']}"
            if row["namespace"]
            else row["name"] + row["mountpoint"],
            100 * row["share"],
            row["days_until_full"],
        ]
        for row in data["rows"]
    ]
    heads = _heads(language, "what", "used", "days")
    return _chart("bars", phrase("charts.disks", language), "%", heads, rows)


def _budgets(data: Json, language: Language) -> Drawn:
    rows = [
        [row["name"], row["share"], None if end is None else end["mean"], row["amount"]]
        for row in data["rows"]
        if row["share"] is not None
        for end in [row["foretold"]]
    ]
    heads = _heads(language, "budget", "share", "end", "amount")
    return _chart("bars", phrase("charts.budgets", language), "%", heads, rows)


def _anomalies(data: Json, language: Language) -> Drawn:
    """What the last week, or a month, cost a day by workload, and what the days before did."""
    month = data["month"]
    rows = [
        [payer(one["workload"], language), one["daily"], one["daily_before"]]
        for one in (month["causes"] if month else data["week"])
    ]
    title = phrase("charts.week", language)
    if month:
        dates = {"month": month["start"][:7], "before": month["before"][:7]}
        title = phrase("charts.month", language, **dates)
    heads = _heads(language, "what", "now", "before")
    return _chart("bars", title, data["currency"], heads, rows)


def _what_if(data: Json, language: Language) -> Drawn:
    rows = [
        [phrase("charts.replicas", language, count=data[count]), data[cost]]
        for count, cost in (("replicas", "monthly"), ("replicas_then", "monthly_then"))
    ]
    title = phrase("charts.what_if", language, name=f"{data['namespace']}/{data['name']}")
    return _chart("bars", title, data["currency"], _heads(language, "replicas_head", "cost"), rows)


def _bills(data: Json, language: Language) -> Drawn:
    report: Json = data["report"] or {"rows": [], "currency": "", "start": "", "end": ""}
    rows = [[payer(row["name"], language), row["cost"]] for row in report["rows"]]
    title = phrase("charts.bills", language, start=report["start"], end=report["end"])
    return _chart("bars", title, report["currency"], _heads(language, "what", "cost"), rows)


def _models(data: Json, language: Language) -> Drawn:
    rows = [[payer(row["name"], language), row["cost"]] for row in data["rows"]]
    heads = _heads(language, "what", "cost")
    return _chart("bars", phrase("charts.models", language), data["currency"], heads, rows)


def _causes(data: Json, language: Language) -> Drawn:
    """Along each root cause's chain, after the change that began it: cause, effect, what shows it."""
    shown = {_place(one): one["evidence"] for one in data.get("symptoms", ())}
    rows: dict[tuple[str, str], list[str]] = {}
    for root in data.get("root_causes", ()):
        steps = [(one["title"], shown.get(_place(one), ())) for one in root["chain"]]
        if root["change"] and steps:
            steps = [(root["change"], ()), (steps[0][0], root["evidence"]), *steps[1:]]
        for (cause, _), (effect, evidence) in pairwise(steps):
            if cause != effect:
                why = evidence[0]["text"] if evidence else ""
                rows.setdefault((cause, effect), [cause, effect, why])
    heads = _heads(language, "cause", "effect", "shown_by")
    return _chart("graph", phrase("charts.causes", language), "", heads, list(rows.values()))


def _place(told: Json) -> tuple[str, ...]:
    of = told["resource"]
    return (told["rule"], of["kind"], of["namespace"] or "", of["name"])


def _heads(language: Language, *names: str) -> list[str]:
    return [phrase(f"charts.{one}", language) for one in names]


def _chart(
    form: str, title: str, unit: str, heads: Sequence[str], rows: Sequence[Sequence[Any]]
) -> Drawn:
    """`more` is how many bars were left out: it is said beside the chart, not hidden."""
    shown = rows if form == "line" else rows[:MOST_BARS]
    told = [[_number(one) for one in row] for row in shown]
    return {
        "form": form,
        "title": title,
        "unit": unit,
        "columns": list(heads),
        "rows": told,
        "more": len(rows) - len(shown),
    }


def _number(value: Any) -> Any:
    return float(f"{value:.6g}") if isinstance(value, float) else value


DRAWN: Mapping[str, Callable[[Json, Language], Drawn]] = {
    "rca_investigate": _causes,
    "forecast_load": _load,
    "prometheus_query_range": _course,
    "forecast_disks": _disks,
    "budgets_spend": _spend,
    "budgets_savings": _savings,
    "budgets_list": _budgets,
    "budgets_anomalies": _anomalies,
    "budgets_what_if": _what_if,
    "budgets_model_spend": _models,
    "budgets_kept_bills": _bills,
}
