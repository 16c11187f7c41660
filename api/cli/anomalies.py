"""`midwatch anomalies`: what season, trend and noise do not explain in a file."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.files import ServerOption, TokenOption, asked, read
from api.cli.grades import grave
from api.cli.languages import Language, chosen
from api.cli.outcome import OK, finish, put, put_json
from api.cli.source import LanguageOption, Output, OutputOption, Source
from api.cli.words import word


class Kind(StrEnum):
    METRIC = "metric"
    COST = "cost"


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
    told = _cost if kind is Kind.COST else _metric
    finish(told(Source(server=server, token=token), csv, name, chosen(lang), output))


async def _cost(source: Source, csv: Path, _: str, language: str, output: Output) -> int:
    wanted = {"values": read(csv), "language": language}
    report = await asked(source, "budgets_table_anomalies", wanted)
    if output is Output.JSON:
        put_json(report)
    else:
        put(_text({**report, "change_points": []}, language))
    return OK


async def _metric(source: Source, csv: Path, name: str, language: str, output: Output) -> int:
    arguments = {"values": read(csv), **({"name": name} if name else {})}
    report = await asked(source, "rca_table_anomalies", arguments)
    if output is Output.JSON:
        put_json(report)
    else:
        put(_text(report, language))
    return OK


def _text(report: dict[str, Any], language: str) -> str:
    if report["verdict"] != "ok":
        missing = report.get("missing")
        head = word("verdict_insufficient_data", language)
        return f"{head}: {missing}" if missing else head
    flagged = [one for one in report["points"] if one["anomaly"]]
    counts = {"count": len(flagged), "total": len(report["points"]), "method": report["method"]}
    lines = [word("anomalies", language, **counts)]
    for one in report["change_points"]:
        told = {**one, "before": f"{one['before']:.6g}", "after": f"{one['after']:.6g}"}
        lines.append("  " + word("level_change", language, **told))
    for one in flagged:
        told = {**one, "value": f"{one['value']:.6g}", "expected": f"{one['expected']:.6g}"}
        told["severity"] = grave(one["severity"], language)
        lines.append("  " + word("anomaly", language, **told))
    return "\n".join(lines)
