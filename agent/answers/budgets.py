"""How budgets stand, and why spend changed, each with the workloads behind."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.answers.costs import amount, cited, notes
from agent.answers.markdown import bullets, joined, plain, table
from agent.asked import Asked
from agent.intents import Language
from agent.planning_budgets import removes
from agent.raising import is_raised
from agent.toolbox import Result
from agent.wording import phrase
from core.payers import payer

Json = Mapping[str, Any]
ROWS_SHOWN = 15
TROUBLED = ("over", "at_risk")
WHICH_TEAM = re.compile(r"\b(?:which|what|whose|any)\s+teams?\b|(?:哪|什么)[个些]?(?:团队|小组|组)")
TEAM_OF = re.compile(r"(?:^|\s)team=(\S+)")


def told_budgets(asked: Asked, result: Result) -> str:
    """Of the namespace or team that was named, else all."""
    rows = _meant(asked, result.data["rows"])
    wish = _wish(asked)
    if not rows:
        what = plain(asked.namespace or str(asked.arguments.get("team", "")))
        key = "budgets.none_of" if what and result.data["rows"] else "budgets.none"
        return joined([cited(result, phrase(key, asked.language, what=what)), wish])
    if asks_which_team(asked):
        return _of_teams(asked, result, rows)
    ranked = sorted(rows, key=lambda row: (row["state"] not in TROUBLED, -(row["share"] or 0)))
    troubled = [row for row in ranked if row["state"] in TROUBLED]
    key = "budgets.troubled" if troubled else "budgets.calm"
    names = ", ".join(plain(row["name"]) for row in troubled)
    head = phrase(key, asked.language, names=names, count=len(rows))
    headings = [
        phrase(f"budgets.{one}", asked.language)
        for one in ("name", "scope", "spent", "remaining", "share", "end", "state")
    ]
    cells = [_cells(row, asked.language) for row in ranked[:ROWS_SHOWN]]
    grown = [_driver(row, one, asked) for row in troubled[:3] for one in row["drivers"][:2]]
    used_up = [
        phrase("budgets.used_up", asked.language, name=plain(row["name"]), day=row["exhausted_on"])
        for row in troubled[:ROWS_SHOWN]
        if row["exhausted_on"] and row["state"] == "at_risk"
    ]
    known = [f"{plain(row['name'])}: {one['text']}" for row in ranked for one in row["notes"]]
    return joined(
        [cited(result, head), table(headings, cells), bullets([*used_up, *grown, *known]), wish]
    )


def asks_which_team(asked: Asked) -> bool:
    return bool(WHICH_TEAM.search(asked.question.lower()))


def _of_teams(asked: Asked, result: Result, rows: Sequence[Json]) -> str:
    """The teams whose budget is or will be passed, the furthest over first, each with its figures."""
    own = [row for row in rows if TEAM_OF.search(row["scope"])]
    broken = sorted(
        (row for row in own if row["state"] in TROUBLED), key=lambda row: -_end_share(row)
    )
    unknown = [_team(row) for row in own if row["state"] == "insufficient_data"]
    key = "team_breaks" if broken else "no_team_breaks" if own else "no_team"
    if own and len(unknown) == len(own):
        key = "teams_all_unknown"
    teams = ", ".join(dict.fromkeys(_team(row) for row in broken))
    head = phrase(f"budgets.{key}", asked.language, teams=teams, count=len(own))
    lines = [_breaks(row, asked.language) for row in broken]
    grown = [_driver(row, one, asked) for row in broken[:3] for one in row["drivers"][:2]]
    if 0 < len(unknown) < len(own):
        facts = {"teams": ", ".join(unknown)}
        lines.append(phrase("budgets.teams_unknown", asked.language, **facts))
    return joined([cited(result, head), bullets([*lines, *grown])])


def _breaks(row: Json, language: Language) -> str:
    end, day = row["foretold"], row["exhausted_on"]
    facts = {
        "team": _team(row),
        "name": plain(row["name"]),
        "spent": amount(row["spent"]),
        "amount": amount(row["amount"]),
        "currency": row["currency"],
        "end": amount(end["mean"]) if end else "?",
        "day": day or "",
    }
    key = "team_line" if day is None else "team_line_until"
    return phrase(f"budgets.{key}", language, **facts)


def _team(row: Json) -> str:
    found = TEAM_OF.search(row["scope"])
    return plain(found[1]) if found else ""


def _end_share(row: Json) -> float:
    """What is expected in the end, or was spent, of the amount."""
    end = row["foretold"]["mean"] if row["foretold"] else row["spent"]
    return max(end, row["spent"]) / row["amount"] if row["amount"] else float("inf")


def told_one_budget(asked: Asked, result: Result) -> str:
    """One that was set, changed, removed or tried out, and how it stands; why it may tell nobody."""
    row = result.data
    end = row["foretold"]
    facts = {
        "name": plain(row["name"]),
        "scope": plain(row["scope"]),
        "amount": amount(row["amount"]),
        "currency": row["currency"],
        "period": phrase(f"budgets.period_{row['period']}", asked.language),
        "spent": amount(row["spent"]),
        "share": "-" if row["share"] is None else f"{row['share']:.0f} %",
        "end": amount(end["mean"]) if end else "-",
        "state": phrase(f"budgets.state_{row['state']}", asked.language),
    }
    head = phrase(f"budgets.{result.tool.removeprefix('budgets_')}", asked.language, **facts)
    stands = phrase("budgets.stands" if end else "budgets.stands_unknown", asked.language, **facts)
    told = phrase(
        "budgets.tells",
        asked.language,
        channels=", ".join(map(plain, row["channels"])),
        thresholds=", ".join(f"{one} %" for one in row["thresholds"]),
    )
    is_kept = result.tool in ("budgets_add", "budgets_change")
    tells = told if is_kept and row["channels"] else ""
    sentences = ("" if asked.language == "zh" else " ").join(
        one for one in (head, stands, tells) if one
    )
    return joined([cited(result, sentences), notes(row)])


def told_anomalies(asked: Asked, result: Result) -> str:
    """Days that stand out with their causes; and what the last week, or a month, cost otherwise."""
    data = result.data
    if data["verdict"] != "ok":
        return joined([cited(result, phrase("anomalies.unknown", asked.language)), notes(data)])
    rows = [row for row in data["rows"] if _is_about(asked, row)]
    key = "anomalies.found" if rows else "anomalies.none"
    key = "anomalies.found_one" if len(rows) == 1 else key
    head = _compared(data, asked) + phrase(
        key, asked.language, count=len(rows), days=data["days_known"]
    )
    told = [_change(row, data["currency"], asked.language) for row in rows[:ROWS_SHOWN]]
    month = data["month"]
    key, causes = (
        ("anomalies.month", month["causes"]) if month else ("anomalies.week", data["week"])
    )
    own = [one for one in causes if _is_named(asked, one["workload"])]
    dates = _dates(month)
    lines = [_cause(key, one, data["currency"], asked.language, **dates) for one in own]
    return joined([cited(result, head), bullets([*told, *lines]), notes(data)])


def _compared(data: Json, asked: Asked) -> str:
    """What a day cost against those before; of one workload its own line says it."""
    month: Json | None = data["month"]
    told: Json = month or data
    now, before = told["daily"], told["daily_before"]
    if asked.name or now is None or not before:
        return ""
    facts = {
        **_dates(month),
        "what": plain(asked.namespace) or phrase("anomalies.workloads", asked.language),
        "daily": amount(now),
        "before": amount(before),
        "currency": data["currency"],
        "share": f"{100 * (now / before - 1):+.0f} %",
    }
    key = "anomalies.month_compared" if month else "anomalies.compared"
    return phrase(key, asked.language, **facts)


def _dates(month: Json | None) -> dict[str, str]:
    """Of a month and the one before, and how much of them is known."""
    if month is None:
        return {}
    days = {key: str(month[key]) for key in ("start", "end", "days", "days_before")}
    return {**days, "month": month["start"][:7], "month_before": month["before"][:7]}


def _is_about(asked: Asked, row: Json) -> bool:
    named = asked.name or asked.namespace
    return (
        not named
        or named in row["scope"]
        or any(_is_named(asked, one["workload"]) for one in row["causes"])
    )


def _is_named(asked: Asked, workload: str) -> bool:
    return not asked.name or workload.endswith(f"/{asked.name}") or f" {asked.name}/" in workload


def _change(row: Json, currency: str, language: Language) -> str:
    why = "; ".join(_cause("anomalies.cause", one, currency, language) for one in row["causes"])
    facts = {
        "scope": plain(payer(row["scope"], language)),
        "start": row["start"],
        "end": row["end"],
        "impact": f"{row['impact']:+,.2f}",
        "currency": currency,
        "severity": phrase(f"anomalies.{row['severity']}", language),
        "why": why or phrase("anomalies.nobody", language),
        "said": plain(row["expected_by"]),
    }
    return phrase(
        "anomalies.expected_line" if row["expected_by"] else "anomalies.line", language, **facts
    )


def _cause(key: str, one: Json, currency: str, language: Language, **dates: str) -> str:
    rollouts = ", ".join(map(plain, one["rollouts"]))
    return phrase(
        key,
        language,
        workload=plain(payer(one["workload"], language)),
        kind=phrase(f"anomalies.of_{one['kind']}", language),
        daily=amount(one["daily"]),
        before=amount(one["daily_before"]),
        currency=currency,
        rollouts=f" ({rollouts})" if rollouts else "",
        **dates,
    )


def _meant(asked: Asked, rows: Sequence[Json]) -> Sequence[Json]:
    team = str(asked.arguments.get("team", ""))
    named = [one for one in (asked.namespace, asked.name, team) if one]
    if not named:
        return rows
    return [
        row
        for row in rows
        if any(one == row["name"] or f"/{one}" in row["scope"] or f"={one}" in row["scope"]
               for one in named)
    ]  # fmt: skip


def _cells(row: Json, language: Language) -> tuple[object, ...]:
    end = row["foretold"]
    interval = (
        f" ({amount(end['lower'])} – {amount(end['upper'])})"
        if end and end["upper"] is not None
        else ""
    )
    return (
        row["name"],
        row["scope"],
        f"{amount(row['spent'])} / {amount(row['amount'])} {row['currency']}",
        amount(row["remaining"]),
        "-" if row["share"] is None else f"{row['share']:.0f} %",
        f"{amount(end['mean'])}{interval}" if end else "-",
        phrase(f"budgets.state_{row['state']}", language),
    )


def _driver(row: Json, one: Json, asked: Asked) -> str:
    facts = {"daily": amount(one["daily"]), "before": amount(one["daily_before"])}
    return phrase(
        "budgets.driver",
        asked.language,
        name=plain(row["name"]),
        workload=plain(payer(one["workload"], asked.language)),
        currency=row["currency"],
        **facts,
    )


def _wish(asked: Asked) -> str:
    """Somebody wants one set, changed or removed, and it is not known which."""
    wanted = "amount" in asked.arguments or removes(asked) or is_raised(asked.question.lower())
    return phrase("budgets.how_to_set", asked.language) if wanted else ""
