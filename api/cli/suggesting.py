"""`midwatch rules suggest-slo` and `suggest-threshold`: rules to store, with what they would have done."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from api.cli.desk import called, lines
from api.cli.diagnose import window
from api.cli.languages import Language, chosen
from api.cli.outcome import NO, OK, finish, put, put_json
from api.cli.ruling import rules
from api.cli.source import LanguageOption, Output, OutputOption, Source, with_source
from api.cli.words import word

Json = Mapping[str, Any]
CONDITIONS = ("severity", "over", "and_still_over", "factor", "error_ratio", "spends")
CANDIDATES = ("value", "fired", "brief", "firing_s")
CHOICES = ("metric", "kind", "expression", "by")


@rules.command("suggest-slo")
@with_source
def suggest_slo(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the objective: checkout.")],
    objective: Annotated[float, typer.Option(help="In percent: 99.9.")],
    errors: Annotated[
        str, typer.Option(help='sum(rate(http_requests_total{code=~"5.."}[$window]))')
    ],
    total: Annotated[str, typer.Option(help="sum(rate(http_requests_total[$window]))")],
    days: Annotated[int, typer.Option(help="Of the budget.")] = 30,
    since: Annotated[str, typer.Option("--since", help="Tried on so much of the past.")] = "7d",
    runbook: Annotated[str, typer.Option(metavar="URL", help="For the alerts.")] = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Burn-rate rules for a service level objective, as a file for `midwatch rules set`."""
    asked = {
        "name": name,
        "objective_percent": objective,
        "errors": errors,
        "total": total,
        "days": days,
        "window": window(since),
        "runbook_url": runbook,
        "language": chosen(lang),
    }
    finish(_slo(source, asked, chosen(lang), output))


@rules.command("suggest-threshold")
@with_source
def suggest_threshold(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the alert: QueueLong.")],
    expression: Annotated[str, typer.Argument(help="Without a comparison.")],
    below: Annotated[bool, typer.Option("--below", help="What is too low is bad.")] = False,
    held: Annotated[str, typer.Option("--for", help="It has to hold so long.")] = "5m",
    since: Annotated[str, typer.Option("--since", help="How far back, at most 31d.")] = "14d",
    at_most: Annotated[int, typer.Option(help="So often it may have fired.")] = 2,
    severity: Annotated[str, typer.Option(help="Of the alert.")] = "warning",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """The most sensitive threshold that would have fired seldom enough, as a file of rules."""
    asked = {
        "name": name,
        "expression": expression,
        "below": below,
        "held": window(held),
        "window": window(since),
        "at_most": at_most,
        "severity": severity,
    }
    finish(_threshold(source, asked, chosen(lang), output))


@rules.command("suggest")
@with_source
def suggest(
    words: Annotated[str, typer.Argument(metavar="WORDS", help="E.g. 'queue length of orders'.")],
    since: Annotated[str, typer.Option("--since", help="How far back, at most 31d.")] = "14d",
    at_most: Annotated[int, typer.Option(help="So often it may have fired.")] = 2,
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """An alert for something said in words, as a file of rules, or the metrics that may be meant."""
    asked = {"words": words, "window": window(since), "at_most": at_most}
    finish(_from_words(source, asked, chosen(lang), output))


async def _slo(source: Source, asked: Json, language: str, output: Output) -> int:
    data = await called(source, "alerting_suggest_slo_rules", asked, with_cluster=True)
    if output is Output.JSON:
        put_json(data)
        return OK
    told = [word("slo_budget", language, minutes=f"{data['budget_minutes']:g}", days=asked["days"])]
    told.append(word("slo_no_data", language, window=data["window"]))
    if data["measured"] is not None:
        facts = {"measured": f"{data['measured']:.4%}", "spent": f"{data['spent']:.0%}"}
        told[-1] = word("slo_measured", language, window=data["window"], **facts)
    told += [
        word("slo_trial", language, rule=one["rule"], fired=one["fired"], brief=one["brief"])
        if not one["failed"]
        else word("trial_failed", language, rule=one["rule"], why=one["failed"])
        for one in data["trials"]
    ]
    told += lines(data["conditions"], CONDITIONS)
    put(_commented(told) + data["text"])
    return OK


async def _from_words(source: Source, asked: Json, language: str, output: Output) -> int:
    """Exit code 1 when no rule can be suggested."""
    data = await called(
        source, "alerting_suggest_from_words", asked, with_cluster=True, keeps=("at_most",)
    )
    found: Json = data["threshold"] or {}
    if output is Output.JSON:
        put_json(data)
        return OK if found.get("suggested") else NO
    told = [word(f"words_{data['verdict']}", language), *lines(data["choices"], CHOICES)]
    if data["unmatched"]:
        told.append(word("words_unmatched", language, words=", ".join(data["unmatched"])))
    if found:
        told += lines(found["candidates"], CANDIDATES)
    put(_commented(told) + found.get("text", ""))
    return OK if found.get("suggested") else NO


async def _threshold(source: Source, asked: Json, language: str, output: Output) -> int:
    """Exit code 1 when history is too short to say."""
    data = await called(
        source, "alerting_suggest_threshold", asked, with_cluster=True, keeps=("at_most",)
    )
    if output is Output.JSON:
        put_json(data)
    else:
        facts = {"values": data["values"], "series": data["series"], "window": data["window"]}
        told = [word(f"threshold_{data['verdict']}", language, at_most=asked["at_most"], **facts)]
        put(_commented([*told, *lines(data["candidates"], CANDIDATES)]) + data["text"])
    return OK if data["suggested"] else NO


def _commented(told: list[str]) -> str:
    """What is said stands before the rules, so that all of it can be stored as it is."""
    return "".join(f"# {line}\n" for text in told for line in text.splitlines())
