"""What is told of hours: load to come and the instances it takes, full disks, hours that cost too much."""

from collections.abc import Mapping
from math import ceil
from typing import Any

from agent.answers.costs import amount, cited, cost_table, moment, notes, sentences
from agent.answers.markdown import bullets, joined, plain
from agent.asked import Asked
from agent.planning_costs import TIMES
from agent.toolbox import Result
from agent.wording import phrase
from core.payers import payer

Json = Mapping[str, Any]
ROWS_SHOWN = 15


def told_load(asked: Asked, result: Result) -> str:
    """Now, the peak with its interval, what it rests on and how well that did before."""
    data = result.data
    if data["verdict"] != "ok":
        return cited(result, phrase("costs.no_forecast", asked.language, missing=data["missing"]))
    peak, unit, silent = data["peak"], data["unit"], data["silent_since"]
    facts = {
        "what": plain(result.arguments.get("name") or asked.name or asked.namespace)
        or phrase("costs.all", asked.language),
        "metric": result.arguments.get("metric") or "qps",
        "now": "" if data["now"] is None else measured(data["now"], unit),
        "since": moment(silent) if silent else "",
        "mean": measured(data["mean"], unit),
        "peak": measured(peak["mean"], unit),
        "upper": "?" if peak["upper"] is None else measured(peak["upper"], unit),
        "at": moment(peak["at"]),
        "hours": f"{data['horizon_h']:g}",
        "level": f"{data['level']:g}",
    }
    key = "costs.load_silent" if silent else "costs.load"
    head = [phrase(key, asked.language, **facts)]
    head += [plain(data["level_break"]["text"])] if data["level_break"] else []
    head += _likely(asked, data)
    if data["full_at"]:
        head.append(phrase("costs.full", asked.language, at=moment(data["full_at"])))
    advice = data.get("recommendation")
    head += _multiplied(asked, data)
    told = [cited(result, sentences(asked, head)), _grounds(asked, data)]
    return joined([*told, _advice(asked, advice)] if advice else told)


def _likely(asked: Asked, data: Json) -> list[str]:
    """How likely the peak is above each level, where the past tells; both ways where a level broke."""
    return [told for one in data["chances"] for told in _exceeding(asked, one, data["unit"])]


def _exceeding(asked: Asked, one: Json, unit: str) -> list[str]:
    level = measured(one["level"], unit)
    if one["chance"] is None:
        return [phrase("costs.chance_unknown", asked.language, level=level)]
    chance = share(one["chance"])
    told = [phrase(f"costs.chance_{one['of']}", asked.language, level=level, chance=chance)]
    if one["otherwise"] is not None:
        other = share(one["otherwise"])
        told.append(phrase("costs.chance_otherwise", asked.language, chance=other))
    return told


def _multiplied(asked: Asked, data: Json) -> list[str]:
    """Whether the instances there are carry so many times the peak, where that is asked for."""
    words = asked.said
    times = next((factor for factor, pattern in TIMES if pattern.search(words)), None)
    carried = next((one["level"] for one in data["chances"] if one["of"] == "instances"), None)
    parted = [data["level_break"]["peak"]] if data["level_break"] else []
    peak = max(one["upper"] or one["mean"] for one in (data["peak"], *parted))
    now = int(data["recommendation"]["instances_now"] or 0) if data["recommendation"] else 0
    if not (times and carried and now):
        return []
    load = times * peak
    facts = {
        "times": f"{times:g}",
        "load": measured(load, data["unit"]),
        "carried": measured(carried, data["unit"]),
        "count": ceil(load * now / carried),
        "now": now,
    }
    key = "costs.times_carried" if load <= carried else "costs.times_too_much"
    return [phrase(key, asked.language, **facts)]


def share(chance: float) -> str:
    """In whole percent; nothing is certain, and nothing impossible."""
    if chance < 0.01:
        return "< 1 %"
    return "> 99 %" if chance > 0.99 else f"{chance:.0%}"


def _advice(asked: Asked, advice: Json) -> str:
    """So many instances, and why, each reason one line."""
    if advice["verdict"] != "ok":
        return bullets(advice["reasons"])
    facts = {
        "workload": plain(advice["workload"]),
        "count": advice["instances"],
        "now": advice["instances_now"],
        "cpu": advice["cpu_total"] or "?",
        "memory": advice["memory_total"] or "?",
    }
    sized = advice["instances_otherwise"] or 0
    key = "costs.instances_otherwise" if sized > advice["instances_foretold"] else "costs.instances"
    told = [phrase(key, asked.language, **facts)]
    if advice["scale_by"]:
        told.append(phrase("costs.scale_by", asked.language, at=moment(advice["scale_by"])))
    return joined([sentences(asked, told), bullets(advice["reasons"])])


def _grounds(asked: Asked, data: Json) -> str:
    scored = data["backtest"] or {"mase": None, "coverage": None}
    facts = {
        "hours": f"{data['known_hours']:g}",
        "method": data["method"],
        "mase": "?" if scored["mase"] is None else f"{scored['mase']:.2f}",
        "coverage": "?" if scored["coverage"] is None else f"{scored['coverage']:.0%}",
    }
    return bullets([phrase("costs.grounds", asked.language, **facts)])


def measured(value: float, unit: str) -> str:
    if unit == "bytes":
        return f"{value / (1 << 20):,.1f} MiB"
    return f"{value:.1%}" if unit.startswith("share") else f"{value:.4g} {unit}".strip()


def told_period(asked: Asked, result: Result) -> str:
    """What is spent and what the period will have cost, with the interval and what drives it."""
    data, end = result.data, result.data["foretold"]
    facts = {
        "what": plain("" if data["scope"] == "cluster" else data["scope"])
        or phrase("costs.all", asked.language),
        "spent": "" if data["spent"] is None else amount(data["spent"]),
        "currency": data["currency"],
        "start": data["starts_on"],
        "end": data["ends_on"],
        "mean": amount(end["mean"]) if end else "",
        "days": data["days_known"],
    }
    if data["verdict"] != "ok":
        head = phrase("costs.no_period", asked.language, **facts)
        return joined([cited(result, head), notes(data)])
    key = "costs.period" if facts["spent"] else "costs.period_unseen"
    head = [phrase(key, asked.language, **facts)]
    if end["upper"] is not None:
        ends = {key: amount(end[key]) for key in ("lower", "upper")}
        key = "costs.period_steady" if ends["lower"] == ends["upper"] else "costs.period_interval"
        head.append(phrase(key, asked.language, **ends, **facts))
    grown = [
        phrase(
            "costs.period_driver",
            asked.language,
            workload=payer(one["workload"], asked.language),
            daily=amount(one["daily"]),
            before=amount(one["daily_before"]),
            currency=data["currency"],
        )
        for one in data["drivers"]
    ]
    return joined([cited(result, sentences(asked, head)), bullets(grown), notes(data)])


def told_disks(asked: Asked, result: Result) -> str:
    """Those that fill up, the soonest first, with the days and how sure they are."""
    data = result.data
    rows = data["rows"]
    first = rows[0] if rows else None
    facts = {"filling": data["filling"], "total": data["total"]}
    head = [phrase("costs.disks" if rows else "costs.no_disks", asked.language, **facts)]
    if first and first["days_until_full"] is not None:
        days = f"{first['days_until_full']:.1f}"
        head.append(phrase("costs.disk_first", asked.language, name=_of(first), days=days))
    cells = [
        (
            _of(row),
            f"{row['share']:.0%}",
            "-" if row["percent_per_day"] is None else f"{row['percent_per_day']:+.2f} %",
            _days(row),
            phrase(f"costs.disk_{row['state']}", asked.language),
        )
        for row in rows[:ROWS_SHOWN]
    ]
    columns = ("what", "used", "per_day", "days", "state")
    told = cost_table(asked, columns, cells)
    return joined([cited(result, sentences(asked, head)), told, bullets(data["notes"])])


def _of(row: Json) -> str:
    where = f"{row['namespace']}/{row['name']}" if row["namespace"] else row["name"]
    return plain(f"{where}{row['mountpoint']}")


def _days(row: Json) -> str:
    if row["days_until_full"] is None:
        return "-"
    ends = [
        "…" if one is None else f"{one:.1f}" for one in (row["earliest_days"], row["latest_days"])
    ]
    return f"{row['days_until_full']:.1f} ({ends[0]} – {ends[1]})"


def told_hours(asked: Asked, result: Result) -> str:
    """Hours whose spend stands out, the latest first, with the workloads behind."""
    data = result.data
    if data["verdict"] != "ok":
        return joined([cited(result, phrase("anomalies.unknown", asked.language)), notes(data)])
    key = "anomalies.hours" if data["rows"] else "anomalies.no_hours"
    head = phrase(key, asked.language, count=data["total"], hours=data["hours_known"])
    cells = [
        (
            row["scope"],
            f"{moment(row['start'])} – {moment(row['end'])}",
            f"{row['impact']:+.4f} {data['currency']}",
            row["severity"],
            "; ".join(plain(one["workload"]) for one in row["causes"]),
        )
        for row in data["rows"][:ROWS_SHOWN]
    ]
    columns = ("what", "hours", "impact", "severity", "causes")
    return joined([cited(result, head), cost_table(asked, columns, cells), notes(data)])
