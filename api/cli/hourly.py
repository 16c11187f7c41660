"""`midwatch budgets anomalies --hourly`: hours that cost far more or less than usual."""

from collections.abc import Mapping
from typing import Any

from api.cli.costs_text import amount
from api.cli.outcome import NO, OK, put, put_json
from api.cli.source import Output, Source
from api.cli.tools import called
from api.cli.words import word

Json = Mapping[str, Any]


async def tell_hours(source: Source, asked: dict[str, Any], output: Output) -> int:
    """`asked`: namespace and language. `NO` when some stand out."""
    data = await called(source, "budgets_hourly_anomalies", asked)
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
        head = {"scope": row["namespace"], "severity": row["severity"], "expected_by": ""}
        lines.append(word("changes_line", language, **told, **head))
        lines += [_cause(one, language) for one in row["causes"]]
    return "\n".join([*lines, *(f"! {one['text']}" for one in data["notes"])])


def _cause(one: Json, language: str) -> str:
    kind = word(f"hours_{one['kind']}", language)
    costs = {"cost": amount(one["cost"]), "before": amount(one["cost_before"])}
    return word("hours_cause", language, workload=one["workload"], kind=kind, **costs)
