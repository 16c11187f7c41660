"""`midwatch predict`: what load, memory or a disk will be in the next hours."""

from typing import Annotated, Any

import typer

from api.cli.costs_text import amount as money
from api.cli.desk import called as kept
from api.cli.diagnose import window as iso
from api.cli.languages import Language, chosen
from api.cli.outcome import NO, OK, finish, put, put_json
from api.cli.source import (
    LanguageOption,
    NamespaceOption,
    Output,
    OutputOption,
    Source,
    with_source,
)
from api.cli.tables import columns
from api.cli.tools import called
from api.cli.words import word
from core.payers import payer


@with_source
def predict(
    metric: Annotated[
        str,
        typer.Argument(
            metavar="[METRIC]",
            help="qps, cpu, memory, disk; disks: when each is full; spend: what a period will cost.",
        ),
    ] = "",
    service: Annotated[str, typer.Option("--service", help="Of which service.")] = "",
    query: Annotated[str, typer.Option("--query", help="PromQL of one series instead.")] = "",
    horizon: Annotated[str, typer.Option("--horizon", help="6h, 1d, P7D; 168 h at most.")] = "1d",
    level: Annotated[float, typer.Option(help="Of the interval, in percent.")] = 80,
    exceeds: Annotated[
        str,
        typer.Option("--exceeds", help="How likely the peak is above it: 2, 500m, 4Gi; disks 80%."),
    ] = "",
    period: Annotated[
        str, typer.Option("--period", help="Of spend: month, quarter or year.")
    ] = "month",
    label: Annotated[str, typer.Option("--label", help="Of spend: KEY=VALUE, as team=web.")] = "",
    namespace: NamespaceOption = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Foretell load, memory, a disk, any series or what a period will cost, with an interval."""
    if metric == "spend":
        asked = {"period": period, "namespace": namespace, "label": label}
        finish(_spend(source, asked, chosen(lang), output))
        return
    if metric == "disks":
        disks = {"name": service, "namespace": namespace, "language": chosen(lang)}
        finish(_disks(source, disks, chosen(lang), output))
        return
    arguments = {
        "metric": metric,
        "name": service,
        "query": query,
        "horizon": iso(horizon),
        "level": level,
        "exceeds": exceeds,
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


async def _disks(source: Source, arguments: dict[str, Any], language: str, output: Output) -> int:
    report = await called(source, "forecast_disks", arguments)
    if output is Output.JSON:
        put_json(report)
    else:
        put(disks_text(report, language))
    return OK if report["verdict"] == "ok" else NO


async def _spend(source: Source, asked: dict[str, Any], language: str, output: Output) -> int:
    asked = {**asked, "language": language}
    report = await kept(source, "budgets_foretell", asked, with_cluster=True)
    if output is Output.JSON:
        put_json(report)
    else:
        put(spend_text(report, language))
    return OK if report["verdict"] == "ok" else NO


def spend_text(report: dict[str, Any], language: str) -> str:
    """What is spent and expected, what drives it, and what limits the figures."""
    end = report["foretold"] or {"mean": None, "lower": None, "upper": None}
    told = {key: "-" if one is None else money(one) for key, one in end.items()}
    keys = ("scope", "currency", "starts_on", "ends_on", "days_known")
    facts = {key: report[key] for key in keys}
    lines = [
        word(
            "spend_end",
            language,
            spent="-" if report["spent"] is None else money(report["spent"]),
            **told,
            **facts,
        )
    ]
    for one in report["drivers"]:
        daily = {key: money(one[key]) for key in ("daily", "daily_before")}
        workload = payer(one["workload"], language)
        lines.append("  " + word("spend_driver", language, workload=workload, **daily))
    return "\n".join([*lines, *(f"! {one['text']}" for one in report["notes"])])


def disks_text(report: dict[str, Any], language: str) -> str:
    """One line a volume or disk, the soonest full first."""
    facts = {"filling": report["filling"], "total": report["total"]}
    head = word("disks_head", language, **facts)
    cells = [
        (
            f"{one['namespace']}/{one['name']}"
            if one["namespace"]
            else one["name"] + one["mountpoint"],
            f"{one['share']:.0%}",
            "-" if one["percent_per_day"] is None else f"{one['percent_per_day']:+.2f} %",
            *(_days(one[key]) for key in ("days_until_full", "earliest_days", "latest_days")),
            word(f"disk_{one['state']}", language),
        )
        for one in report["rows"]
    ]
    table = columns(word("disks_columns", language).split("|"), cells) if cells else []
    return "\n".join([head, *table, *report["notes"]])


def _days(days: float | None) -> str:
    return "-" if days is None else f"{days:.1f}"


def load_text(report: dict[str, Any], language: str) -> str:
    if report["verdict"] != "ok":
        return f"{word('verdict_insufficient_data', language)}: {report['missing']}"
    parted, unit = report["level_break"], report["unit"]
    lines = [
        _head(report, language),
        *([parted["text"]] if parted else []),
        *_likely(report, language),
        *_advice(report["recommendation"], language),
    ]
    for one in report["forecast"]:
        told = {
            key: "-" if one[key] is None else _figure(one[key], unit)
            for key in ("mean", "lower", "upper")
        }
        lines.append("  " + word("forecast_point", language, at=_minute(one["at"]), **told))
    return "\n".join(lines)


def _head(report: dict[str, Any], language: str) -> str:
    """Now and to come; where nothing was measured lately, since when."""
    peak, silent, unit = report["peak"], report["silent_since"], report["unit"]
    facts = {key: report[key] for key in ("query", "unit", "method")}
    return word(
        "predicted_silent" if silent else "predicted",
        language,
        now="" if report["now"] is None else _figure(report["now"], unit),
        since=_minute(silent) if silent else "",
        mean=_figure(report["mean"], unit),
        peak=_figure(peak["mean"], unit),
        at=_minute(peak["at"]),
        **facts,
    )


def _figure(value: float, unit: str) -> str:
    """Bytes as MiB and shares as percent, which people read."""
    if unit == "bytes":
        return f"{value / (1 << 20):.5g} MiB"
    return f"{100 * value:.4g} %" if unit.startswith("share") else f"{value:.5g}"


def _chance(chance: float | None) -> str:
    """Nothing that is foretold is impossible or certain."""
    if chance is None:
        return "?"
    return "< 1 %" if chance < 0.01 else "> 99 %" if chance > 0.99 else f"{100 * chance:.0f} %"


def _minute(at: str) -> str:
    return at[:16].replace("T", " ") + "Z"


def _likely(report: dict[str, Any], language: str) -> list[str]:
    """Where the highest value lies, and how likely it is above each level."""
    peak = report["peak"]
    lines = [_exceeding(one, report["unit"], language) for one in report["chances"]]
    if peak["low"] is not None:
        between = {key: _figure(peak[key], report["unit"]) for key in ("low", "high")}
        lines.insert(0, word("peak_between", language, share=f"{report['level']:g}", **between))
    return lines


def _exceeding(one: dict[str, Any], unit: str, language: str) -> str:
    """The chance of one level, with that of what comes otherwise where the newest values broke away."""
    level, chance = _figure(one["level"], unit), _chance(one["chance"])
    told = word(f"chance_{one['of']}", language, level=level, chance=chance)
    if one["otherwise"] is None:
        return told
    return word("chance_otherwise", language, told=told, chance=_chance(one["otherwise"]))


def _advice(advice: dict[str, Any] | None, language: str) -> list[str]:
    """The instances it takes, and why."""
    if advice is None:
        return []
    why = [f"  {one}" for one in advice["reasons"]]
    if advice["verdict"] != "ok":
        return why
    totals = {key: advice[key] or "-" for key in ("cpu_total", "memory_total")}
    head = [word("instances", language, **{**advice, **totals})]
    if advice["scale_by"]:
        head.append(word("scale_by", language, at=_minute(advice["scale_by"])))
    return [*head, *why]
