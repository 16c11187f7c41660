"""`midwatch budgets anomalies --hourly`: hours that cost far more or less than usual."""

from collections.abc import Mapping
from typing import Any

from api.cli.costs_text import amount
from api.cli.desk import called
from api.cli.grades import grave
from api.cli.outcome import NO, OK, put, put_json
from api.cli.source import Output, Source
from api.cli.words import word
from core.payers import payer

Json = Mapping[str, Any]


async def tell_hours(source: Source, asked: dict[str, Any], output: Output) -> int:
    """`asked`: namespace, by and language. `NO` when some stand out."""
    data = await called(source, "budgets_hourly_anomalies", asked, with_cluster=True)
    if output is Output.JSON:
        put_json(data)
    else:
        put(hours_text(data, str(asked["language"])))
    return NO if data["rows"] else OK


def hours_text(data: Json, language: str) -> str:
    facts = {"count": data["total"], "hours": data["hours_known"]}
    lines = [word("hours_head", language, **facts)]
    for row in data["rows"]:
        told = {key: row[key][:16].replace("T", " ") + "Z" for key in ("start", "end")}
        told |= {"impact": f"{row['impact']:+.4f}", "currency": data["currency"]}
        head = {
            "scope": payer(row["scope"], language),
            "severity": grave(row["severity"], language),
            "expected_by": row["expected_by"],
        }
        lines.append(word("changes_line", language, **told, **head))
        lines += [_cause(one, language) for one in row["causes"]]
    return "\n".join([*lines, *(f"! {one['text']}" for one in data["notes"])])


async def tell_noticed(source: Source, asked: dict[str, Any], language: str, output: Output) -> int:
    """`asked`: step and window."""
    data = await called(source, "budgets_episodes", asked)
    if output is Output.JSON:
        put_json(data)
    else:
        put(noticed_text(data, language))
    return OK


def noticed_text(data: Json, language: str) -> str:
    lines = [word("noticed_head", language, count=data["total"])]
    for row in data["rows"]:
        told = {key: row[key][:16].replace("T", " ") + "Z" for key in ("start", "end")}
        told |= {"impact": f"{row['impact']:+.4f}", "currency": row["currency"]}
        head = {
            "scope": payer(row["scope"], language),
            "severity": grave(row["severity"], language),
            "expected_by": "",
        }
        lines.append(word("changes_line", language, **told, **head))
        causes = [
            {"workload": payer(one["workload"], language), "cost": amount(one["cost"])}
            | {"before": amount(one["cost_before"])}
            for one in row["causes"]
        ]
        lines += [word("noticed_cause", language, **one) for one in causes]
        lines += [word(f"noticed_{one['state']}", language, **one) for one in row["told"]]
    return "\n".join(lines)


def _cause(one: Json, language: str) -> str:
    kind = word(f"hours_{one['kind']}", language)
    costs = {"cost": amount(one["cost"]), "before": amount(one["cost_before"])}
    return word(
        "hours_cause", language, workload=payer(one["workload"], language), kind=kind, **costs
    )
