"""`midwatch costs`: who the bill is for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.bills import keep_bill, tell_bill, tell_kept
from api.cli.costs_text import amount
from api.cli.diagnose import window as iso
from api.cli.grades import sure
from api.cli.languages import Language, chosen
from api.cli.outcome import NO, OK, finish, put, put_json
from api.cli.source import (
    EverywhereOption,
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


@dataclass(frozen=True, slots=True)
class Told:
    """How to print, in which language."""

    language: str
    output: Output


@with_source
def costs(
    namespace: NamespaceOption = "",
    everywhere: EverywhereOption = False,
    since: Annotated[str, typer.Option("--since", help="How far back: 1h, 7d, P1D.")] = "1d",
    by: Annotated[
        str,
        typer.Option(
            "--by", help="namespace, workload or label:KEY; of a bill a column or tag:KEY."
        ),
    ] = "",
    idle: Annotated[
        str, typer.Option("--idle", help="separate, proportional or even.")
    ] = "separate",
    shared: Annotated[
        list[str] | None, typer.Option("--shared", help="A namespace that the others share.")
    ] = None,
    currency: Annotated[str, typer.Option("--currency", help="As CNY; a rate must be known.")] = "",
    bill: Annotated[
        Path | None, typer.Option("--bill", metavar="F.csv", help="A cloud's bill (FOCUS) instead.")
    ] = None,
    mapped: Annotated[
        Path | None,
        typer.Option("--map", metavar="M.toml", help="How that bill's columns are called."),
    ] = None,
    keep: Annotated[
        str, typer.Option("--keep", metavar="NAME", help="Keep that bill under a name.")
    ] = "",
    kept: Annotated[
        str, typer.Option("--kept", metavar="NAME|all", help="What kept bills are made of instead.")
    ] = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Show what namespaces, workloads or teams cost, and what was idle; or what a bill is made of."""
    if bill or kept:
        given = {"by": by, "currency": currency, "language": chosen(lang)}
        if kept:
            told = tell_kept(source, kept, given, output)
        elif bill and keep:
            told = keep_bill(source, keep, bill, mapped, given, output)
        else:
            told = tell_bill(source, bill or Path(), mapped, given, output)
        finish(told)
        return
    place = "" if everywhere else namespace
    arguments = {
        "namespace": place,
        "window": iso(since),
        "by": by or ("workload" if place else "namespace"),
        "idle": idle,
        "shared": shared or [],
        "currency": currency,
        "language": chosen(lang),
    }
    finish(_costs(source, arguments, Told(chosen(lang), output)))


@with_source
def savings(
    namespace: NamespaceOption = "",
    what: Annotated[
        str, typer.Option("--what", help="requests, volumes or balancers; else all.")
    ] = "",
    currency: Annotated[str, typer.Option("--currency", help="As CNY; a rate must be known.")] = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Show what workloads could request instead, what costs unused, and the money that saves."""
    arguments = {
        "namespace": namespace,
        "what": what,
        "currency": currency,
        "language": chosen(lang),
    }
    finish(_savings(source, arguments, Told(chosen(lang), output)))


async def _savings(source: Source, arguments: dict[str, Any], told: Told) -> int:
    report = await called(source, "budgets_savings", arguments)
    if told.output is Output.JSON:
        put_json(report)
    else:
        put(savings_text(report, told.language))
    return OK if report["verdict"] == "ok" else NO


def savings_text(report: dict[str, Any], language: str) -> str:
    facts = {"monthly": amount(report["monthly"]), "currency": report["currency"]}
    counts = {"examined": report["examined"], "short": report["too_short"]}
    rows = [
        [
            _saved(row),
            f"{row['cpu_request'] or '-'} -> {row['cpu_recommended']}"
            if row["cpu_recommended"]
            else "",
            f"{row['memory_request'] or '-'} -> {row['memory_recommended']}"
            if row["memory_recommended"]
            else "",
            word("unpriced", language) if row["monthly"] is None else amount(row["monthly"]),
            sure(row["confidence"], language),
        ]
        for row in report["rows"]
    ]
    lines = [word("savings_head", language, **facts, **counts)]
    lines += columns(word("savings_columns", language).split("|"), rows) if rows else []
    lines += [
        f"  {_saved(row)}: {' '.join(one['text'] for one in row['reasons'])}"
        for row in report["rows"]
        if row["what"] != "requests"
    ]
    if ready := next((row["fix"] for row in report["rows"] if row["fix"]), None):
        lines.append(word("savings_plan", language, **{**ready, "kind": ready["kind"].lower()}))
    return "\n".join([*lines, *(f"! {one['text']}" for one in report["notes"])])


def _saved(row: dict[str, Any]) -> str:
    """A container of a workload, a volume with its size, or a balancer."""
    place = f"{row['namespace']}/" if row["namespace"] else ""
    more = row["container"] or (f"{row['size_gib']:g}Gi" if row["size_gib"] else "")
    return f"{row['kind']} {place}{row['name']} {more}".rstrip()


async def _costs(source: Source, arguments: dict[str, Any], told: Told) -> int:
    report = await called(source, "budgets_spend", arguments)
    if told.output is Output.JSON:
        put_json(report)
    else:
        put(spend_text(report, told.language))
    return OK if report["verdict"] == "ok" else NO


def spend_text(report: dict[str, Any], language: str) -> str:
    currency = report["currency"]
    facts = {name: amount(report[name]) for name in ("cost", "bill", "idle", "overhead")}
    lines = [word("spend_head", language, currency=currency, **report_times(report), **facts)]
    if report["bill"] is not None:
        lines.append(word("spend_whole", language, currency=currency, **facts))
    rows = [
        [payer(row["name"], language), *(amount(row[key]) for key in ("cost", "cpu_cost", "memory_cost")),
         amount(row["other_cost"] + row["gpu_cost"]), amount(row["shared_cost"]),
         amount(row["unused_cost"])]
        for row in report["rows"]
    ]  # fmt: skip
    heads = word("spend_columns", language).split("|")
    lines += columns(heads, rows) if rows else []
    if report["cursor"]:
        lines.append(word("and_more", language, count=report["total"] - len(report["rows"])))
    return "\n".join([*lines, *(f"! {one['text']}" for one in report["notes"])])


def report_times(report: dict[str, Any]) -> dict[str, str]:
    return {name: str(report[name])[:16].replace("T", " ") + "Z" for name in ("start", "end")}
