"""What is told of money: spend and what it rests on, every figure with its currency and source."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.answers.markdown import bullets, joined, plain, table
from agent.asked import Asked, is_of
from agent.planning_costs import names_label
from agent.toolbox import Result
from agent.wording import phrase
from core.payers import payer

Json = Mapping[str, Any]
ROWS_SHOWN = 15


def told_spend(asked: Asked, result: Result) -> str:
    data = result.data
    if data["verdict"] != "ok":
        return joined([cited(result, phrase("costs.no_data", asked.language)), notes(data)])
    rows = _about(asked, data["rows"])
    if asked.name and not rows:
        return cited(result, _nothing_of(asked, asked.names))
    cost = sum(row["cost"] for row in rows) if rows != data["rows"] else data["cost"]
    facts = {
        "cost": amount(cost),
        "currency": data["currency"],
        "start": moment(data["start"]),
        "end": moment(data["end"]),
        "what": _of_what(asked),
    }
    head = [phrase("costs.spend", asked.language, **facts)]
    if data["bill"] is not None:
        whole = {name: amount(data[name]) for name in ("bill", "idle", "overhead")}
        head.append(phrase("costs.whole", asked.language, currency=data["currency"], **whole))
    missing = [one for one in asked.names if not _rows_of(one, rows)]
    if (
        missing and len(asked.names) > 1
    ):  # a single one may be a namespace, whose rows are of workloads
        head.append(_nothing_of(asked, missing))
    cells = [
        (
            payer(row["name"], asked.language),
            amount(row["cost"]),
            amount(row["cpu_cost"]),
            amount(row["memory_cost"]),
            amount(row["unused_cost"]),
        )
        for row in rows[:ROWS_SHOWN]
    ]
    told = cost_table(asked, ("what", "cost", "cpu", "memory", "unused"), cells)
    return joined([cited(result, sentences(asked, head)), told, notes(data)])


def told_models(asked: Asked, result: Result) -> str:
    """What calls of models cost, the dearest first; calls without a price are counted beside it."""
    data = result.data
    facts = {
        "cost": amount(data["cost"]),
        "currency": data["currency"],
        "start": moment(data["start"]),
        "end": moment(data["end"]),
        "calls": data["calls"],
    }
    head = cited(result, phrase("costs.models", asked.language, **facts))
    cells = [
        (
            payer(row["name"], asked.language),
            amount(row["cost"]),
            row["calls"],
            f"{row['tokens']:,}",
            row["unpriced_calls"],
        )
        for row in data["rows"][:ROWS_SHOWN]
    ]
    table = cost_table(asked, ("what", "cost", "calls", "tokens", "unpriced"), cells)
    return joined([head, table, notes(data)])


def told_savings(asked: Asked, result: Result) -> str:
    """What could ask for less, or should ask for more, with the money and how sure that is."""
    data = result.data
    sized = [row for row in data["rows"] if row["what"] == "requests"]
    unused = [row for row in data["rows"] if row["what"] != "requests"]
    facts = {
        # The sum is of all that saves, on later pages too; what is unused is told apart.
        "monthly": amount(round(data["monthly"] - sum(row["monthly"] or 0 for row in unused), 4)),
        "currency": data["currency"],
        "examined": data["examined"],
        "short": data["too_short"],
    }
    places = {row["namespace"] for row in data["rows"]}
    if asked.name and asked.name not in places and not _only_unused(result):
        return joined([_of_one(asked, result, sized), notes(data)])
    parts: list[str] = []
    if sized or not (unused or _only_unused(result)):
        key = "costs.savings" if sized else "costs.no_savings"
        parts += [cited(result, phrase(key, asked.language, **facts)), _sized(asked, sized)]
    if unused or _only_unused(result):
        priced = [row["monthly"] for row in unused if row["monthly"] is not None]
        key = "costs.unused" if priced else "costs.unused_unpriced" if unused else "costs.no_unused"
        facts["monthly"] = amount(sum(priced))
        parts += [cited(result, phrase(key, asked.language, **facts)), _unused(asked, unused)]
    return joined([*parts, notes(data)])


def _of_what(asked: Asked) -> str:
    """What was paid for; a name stands apart from the characters behind it."""
    several = len(asked.names) > 1
    one = asked.namespace or ("" if names_label(asked) else asked.name)
    name = _listed(asked, asked.names) if several else plain(one)
    if not name:
        return phrase("costs.all", asked.language)
    return f"{name} " if asked.language == "zh" else name


def _of_one(asked: Asked, result: Result, sized: Sequence[Json]) -> str:
    """What one workload could ask for instead."""
    own = [row for row in sized if is_of(row, asked.name)]
    saved = sum(float(row["monthly"]) for row in own)
    key = "costs.savings_of" if saved > 0 else "costs.needs_more"
    key = key if own else "costs.no_savings_of"
    facts = {
        "name": plain(asked.name),
        "monthly": amount(abs(saved)),
        "currency": result.data["currency"],
    }
    told = cited(result, phrase(key, asked.language, **facts))
    return joined([told, _sized(asked, own)]) if own else told


def _only_unused(result: Result) -> bool:
    return result.arguments.get("what") in ("volumes", "balancers")


def _sized(asked: Asked, rows: Sequence[Json]) -> str:
    cells = [
        (
            f"{row['kind']} {row['namespace']}/{row['name']} {row['container']}",
            _changed(row, "cpu"),
            _changed(row, "memory"),
            *_worth(asked, row),
        )
        for row in rows[:ROWS_SHOWN]
    ]
    return cost_table(asked, ("what", "cpu", "memory", "monthly", "confidence", "why"), cells)


def _unused(asked: Asked, rows: Sequence[Json]) -> str:
    cells = [
        (
            f"{row['kind']} {row['namespace']}/{row['name']}".replace(" /", " "),
            f"{row['size_gib']:g}Gi" if row["size_gib"] else "",
            moment(row["unused_since"]) if row["unused_since"] else "?",
            *_worth(asked, row),
        )
        for row in rows[:ROWS_SHOWN]
    ]
    return cost_table(
        asked, ("what", "size", "unused_since", "monthly", "confidence", "why"), cells
    )


def _worth(asked: Asked, row: Json) -> tuple[str, str, str]:
    return (
        phrase("costs.unpriced", asked.language)
        if row["monthly"] is None
        else amount(row["monthly"]),
        phrase(f"costs.confidence_{row['confidence']}", asked.language),
        " ".join(one["text"] for one in row["reasons"]),
    )


def told_what_if(asked: Asked, result: Result) -> str:
    """What the replicas would take, and what that does to the bill, which is another thing; first
    of all whether there is room, where that is asked."""
    data = result.data
    bill = data["bill_difference"]
    facts = {
        "what": plain(f"{data['kind']} {data['namespace']}/{data['name']}"),
        "replicas": data["replicas"],
        "then": data["replicas_then"],
        "monthly": amount(data["monthly"]),
        "monthly_then": amount(data["monthly_then"]),
        "currency": data["currency"],
        "bill": "?" if bill is None else amount(bill),
        "coming": data["replicas_then"] - data["replicas"],
        "fitting": data["fitting"],
    }
    asks_room = asked.intent == "forecast"
    told = ["costs.room"] if asks_room else []
    head = [phrase(one, asked.language, **facts) for one in (*told, "costs.what_if")]
    return joined([cited(result, sentences(asked, head)), notes(data)])


def told_bills(asked: Asked, result: Result) -> str:
    """What the bills that were read in are made of, how the month ends, what later files changed."""
    report = result.data["report"]
    if not report:
        return cited(result, phrase("costs.no_bills", asked.language))
    keys = ("currency", "start", "end")
    facts = {"total": amount(report["total"]), **{key: report[key] for key in keys}}
    head = [phrase("costs.bills", asked.language, **facts)]
    if end := report["month"]:
        told = {key: "?" if end[key] is None else amount(end[key]) for key in _ENDS}
        facts = {**told, "currency": report["currency"], "start": end["starts_on"]}
        head.append(phrase("costs.bill_month", asked.language, **facts))
    cells = [
        (payer(row["name"], asked.language), amount(row["cost"]), f"{row['share']:.1%}")
        for row in report["rows"][:ROWS_SHOWN]
    ]
    rows = cost_table(asked, ("what", "cost", "share"), cells)
    return joined([cited(result, sentences(asked, head)), rows, notes(result.data)])


_ENDS = ("mean", "lower", "upper")


def _changed(row: Json, what: str) -> str:
    wanted = row[f"{what}_recommended"]
    return f"{row[f'{what}_request'] or '-'} → {wanted}" if wanted else ""


def _about(asked: Asked, rows: Sequence[Json]) -> Sequence[Json]:
    """The rows of the names that were asked for, of which a single one may be a namespace."""
    if not asked.name or names_label(asked):
        return rows
    own = [row for row in rows if any(_rows_of(one, [row]) for one in asked.names)]
    return own or [row for row in rows if row["namespace"] == asked.name]


def _rows_of(name: str, rows: Sequence[Json]) -> list[Json]:
    return [row for row in rows if str(row["name"]).rpartition("/")[2] == name]


def _nothing_of(asked: Asked, names: Sequence[str]) -> str:
    return phrase("costs.nothing_of", asked.language, name=_listed(asked, names))


def _listed(asked: Asked, names: Sequence[str]) -> str:
    return plain(("、" if asked.language == "zh" else ", ").join(names))


def sentences(asked: Asked, told: Sequence[str]) -> str:
    return ("" if asked.language == "zh" else " ").join(told)


def cost_table(asked: Asked, columns: Sequence[str], cells: Sequence[Sequence[object]]) -> str:
    headings = [phrase(f"cost_columns.{one}", asked.language) for one in columns]
    return table(headings, cells) if cells else ""


def notes(data: Json) -> str:
    return bullets(one["text"] for one in data.get("notes") or ())


def cited(result: Result, text: str) -> str:
    return f"{text} [{result.whole}]" if result.whole else text


def amount(value: float) -> str:
    """Cents, and more digits where an amount is smaller than a few of them."""
    return f"{value:,.2f}" if abs(value) >= 0.1 or not value else f"{value:.4f}"


def moment(text: str) -> str:
    return str(text)[:16].replace("T", " ") + "Z"
