"""How budgets stand, the ones in trouble first, with what drives them."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.answers.costs import amount, cited
from agent.answers.markdown import bullets, joined, plain, table
from agent.asked import Asked
from agent.intents import Language
from agent.toolbox import Result
from agent.wording import phrase

Json = Mapping[str, Any]
ROWS_SHOWN = 15
TROUBLED = ("over", "at_risk")


def told_budgets(asked: Asked, result: Result) -> str:
    """Of the namespace or team that was named, else all."""
    rows = _meant(asked, result.data["rows"])
    wish = _wish(asked)
    if not rows:
        what = plain(asked.namespace or str(asked.arguments.get("team", "")))
        key = "budgets.none_of" if what and result.data["rows"] else "budgets.none"
        return joined([cited(result, phrase(key, asked.language, what=what)), wish])
    ranked = sorted(rows, key=lambda row: (row["state"] not in TROUBLED, -(row["share"] or 0)))
    troubled = [row for row in ranked if row["state"] in TROUBLED]
    key = "budgets.troubled" if troubled else "budgets.calm"
    names = ", ".join(plain(row["name"]) for row in troubled)
    head = phrase(key, asked.language, names=names, count=len(rows))
    headings = [
        phrase(f"budgets.{one}", asked.language)
        for one in ("name", "scope", "spent", "share", "end", "state")
    ]
    cells = [_cells(row, asked.language) for row in ranked[:ROWS_SHOWN]]
    grown = [_driver(row, one, asked) for row in troubled[:3] for one in row["drivers"][:2]]
    notes = [f"{plain(row['name'])}: {one['text']}" for row in ranked for one in row["notes"]]
    return joined([cited(result, head), table(headings, cells), bullets([*grown, *notes]), wish])


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
        workload=plain(one["workload"]),
        currency=row["currency"],
        **facts,
    )


def _wish(asked: Asked) -> str:
    """Somebody wants one set or changed: where that is done."""
    return phrase("budgets.how_to_set", asked.language) if "amount" in asked.arguments else ""
