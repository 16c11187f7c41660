"""`midwatch anomalies`: what season, trend and noise do not explain in a file."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.files import ServerOption, TokenOption, asked, read
from api.cli.grades import grave
from api.cli.languages import Language, chosen
from api.cli.outcome import NO, OK, finish, put, put_json
from api.cli.source import LanguageOption, Output, OutputOption, Source
from api.cli.words import word


class Kind(StrEnum):
    METRIC = "metric"
    COST = "cost"


TOOLS = {Kind.METRIC: "rca_table_anomalies", Kind.COST: "budgets_table_anomalies"}


def anomalies(
    csv: Annotated[
        Path, typer.Option(metavar="F.csv", help="timestamp,value; - for standard input.")
    ],
    kind: Annotated[Kind, typer.Option(help="What the values are.")] = Kind.METRIC,
    name: Annotated[
        str, typer.Option(help="The metric's name; _total tells a counter.")
    ] = "",
    server: ServerOption = "",
    token: TokenOption = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
) -> None:  # fmt: skip
    """Find the values and level changes that season, trend and noise do not explain."""
    told: dict[str, Any] = {"language": chosen(lang)}
    if kind is Kind.METRIC and name:
        told["name"] = name
    finish(_anomalies(Source(server=server, token=token), kind, csv, told, output))


async def _anomalies(
    source: Source, kind: Kind, csv: Path, told: dict[str, Any], output: Output
) -> int:
    report = await asked(source, TOOLS[kind], {"values": read(csv), **told})
    if output is Output.JSON:
        put_json(report)
    else:
        put(_text(report, told["language"]))
    return OK if report["verdict"] == "ok" else NO


def _text(report: dict[str, Any], language: str) -> str:
    if report["verdict"] != "ok":
        return f"{word('verdict_insufficient_data', language)}: {report['missing']}"
    flagged = [one for one in report["points"] if one["anomaly"]]
    counts = {"count": len(flagged), "total": len(report["points"]), "method": report["method"]}
    lines = [word("anomalies", language, **counts)]
    for one in report.get("change_points", []):  # of spend, none are looked for
        told = {**one, "before": f"{one['before']:.6g}", "after": f"{one['after']:.6g}"}
        lines.append("  " + word("level_change", language, **told))
    for one in flagged:
        told = {**one, "value": f"{one['value']:.6g}", "expected": f"{one['expected']:.6g}"}
        told["severity"] = grave(one["severity"], language)
        lines.append("  " + word("anomaly", language, **told))
    return "\n".join(lines)
