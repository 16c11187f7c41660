"""`midwatch predict`: what load, memory or a disk will be in the next hours."""

from typing import Annotated, Any

import typer

from api.cli.diagnose import window as iso
from api.cli.outcome import NO, OK, finish, put, put_json
from api.cli.source import (
    Language,
    LanguageOption,
    NamespaceOption,
    Output,
    OutputOption,
    Source,
    with_source,
)
from api.cli.tools import called
from api.cli.words import chosen, word


@with_source
def predict(
    metric: Annotated[
        str, typer.Argument(metavar="[METRIC]", help="qps, cpu, memory or disk.")
    ] = "",
    service: Annotated[str, typer.Option("--service", help="Of which service.")] = "",
    query: Annotated[str, typer.Option("--query", help="PromQL of one series instead.")] = "",
    horizon: Annotated[str, typer.Option("--horizon", help="6h, 1d, P7D; 168 h at most.")] = "1d",
    level: Annotated[float, typer.Option(help="Of the interval, in percent.")] = 80,
    namespace: NamespaceOption = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Foretell load, memory, a disk or any series, with an interval."""
    arguments = {
        "metric": metric,
        "name": service,
        "query": query,
        "horizon": iso(horizon),
        "level": level,
        "namespace": namespace,
        "language": chosen(lang),
    }
    finish(_predict(source, arguments, chosen(lang), output))


async def _predict(source: Source, arguments: dict[str, Any], language: str, output: Output) -> int:
    report = await called(source, "forecast_load", arguments)
    if output is Output.JSON:
        put_json(report)
    else:
        put(load_text(report, language))
    return OK if report["verdict"] == "ok" else NO


def load_text(report: dict[str, Any], language: str) -> str:
    if report["verdict"] != "ok":
        return f"{word('verdict_insufficient_data', language)}: {report['missing']}"
    peak = report["peak"]
    numbers = {key: f"{report[key]:.5g}" for key in ("now", "mean")}
    facts = {"query": report["query"], "unit": report["unit"], "method": report["method"]}
    head = word(
        "predicted", language, at=peak["at"], peak=f"{peak['mean']:.5g}", **numbers, **facts
    )
    lines = [head]
    for one in report["forecast"]:
        told = {
            key: "-" if one[key] is None else f"{one[key]:.5g}"
            for key in ("mean", "lower", "upper")
        }
        lines.append("  " + word("forecast_point", language, at=one["at"], **told))
    return "\n".join(lines)
