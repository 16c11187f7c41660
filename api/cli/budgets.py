"""`midwatch budgets`: what may be spent, how it stands, and who is told."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from api.cli.costs import report_times
from api.cli.costs_text import amount as money
from api.cli.desk import called, shown
from api.cli.diagnose import window as iso
from api.cli.grades import grave
from api.cli.hourly import tell_hours, tell_noticed
from api.cli.languages import Language, chosen
from api.cli.listing import Listed
from api.cli.outcome import NO, OK, finish, put, put_json
from api.cli.source import (
    LanguageOption,
    NamespaceOption,
    Output,
    OutputOption,
    Source,
    gathered,
    with_source,
)
from api.cli.tables import columns
from api.cli.tools import called as tool_called
from api.cli.words import word
from core.payers import payer

budgets = typer.Typer(
    cls=Listed, help="Budgets: what may be spent, how it stands, and who is told."
)

Json = Mapping[str, Any]
COUNTS = ("calls", "unpriced_calls", "tokens")
NameArgument = Annotated[str, typer.Argument(metavar="NAME")]
PeriodOption = Annotated[str, typer.Option("--period", help="month, quarter, year or custom.")]

# Options of adding and changing, and what the tools call them.
TERMS: dict[str, tuple[Any, Any]] = {
    "starts_on": (Annotated[str, typer.Option("--from", help="First day of a custom period.")], ""),
    "ends_on": (Annotated[str, typer.Option("--to", help="First day after a custom period.")], ""),
    "thresholds": (
        Annotated[
            list[int] | None,
            typer.Option("--at", help="Tell at so many percent spent; repeat it."),
        ],
        None,
    ),
    "forecast_thresholds": (
        Annotated[
            list[int] | None,
            typer.Option("--foretold", help="Tell at so many percent foretold."),
        ],
        None,
    ),
    "owner": (Annotated[str, typer.Option("--owner", help="Who answers for it.")], ""),
    "channels": (
        Annotated[
            list[str] | None,
            typer.Option("--channel", help="A channel, tag:NAME or *; repeat it."),
        ],
        None,
    ),
    "anomalies": (
        Annotated[
            str,
            typer.Option(
                "--anomalies",
                help="Tell changes of its spend too: low, medium, high, critical; off.",
            ),
        ],
        "",
    ),
    "lang": (LanguageOption, Language.AUTO),
}


def terms(*, lang: Language, **given: Any) -> dict[str, Any]:
    """The arguments that budgets_add and budgets_change share."""
    return {**given, "language": chosen(lang)}


with_terms = gathered("told", TERMS, terms)


@budgets.callback(invoke_without_command=True)
@with_source
def list_budgets(
    ctx: typer.Context,
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """How all budgets stand. Exit code 1 when one is over or will be."""
    if ctx.invoked_subcommand is None:
        finish(_listed(source, {"language": chosen(lang)}, output))


@budgets.command("show")
@with_source
def show_budget(
    name: NameArgument,
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """One budget: what drives it, and what was told of it."""
    finish(_listed(source, {"name": name, "language": chosen(lang)}, output))


@budgets.command("add")
@with_source
@with_terms
def add_budget(
    name: NameArgument,
    amount: Annotated[str, typer.Option("--amount", help="As 1200.50.")],
    currency: Annotated[str, typer.Option("--currency", help="Empty: the price book's.")] = "",
    period: PeriodOption = "month",
    namespace: NamespaceOption = "",
    label: Annotated[str, typer.Option("--label", help="KEY=VALUE of pods or namespaces.")] = "",
    models: Annotated[
        bool, typer.Option("--models", help="Of what models cost: with --label team=X or --user.")
    ] = False,
    user: Annotated[str, typer.Option("--user", help="With --models: whose calls.")] = "",
    output: OutputOption = Output.TEXT,
    *,
    told: dict[str, Any],
    source: Source,
) -> None:
    """Add a budget of a namespace, a label or, without both, the whole cluster."""
    own = {"name": name, "amount": amount, "currency": currency, "period": period}
    scope = {"namespace": namespace, "label": label, "user": user}
    scope["spend"] = "models" if models else ""
    finish(_one(source, "budgets_add", {**own, **scope, **told}, output))


@budgets.command("change")
@with_source
@with_terms
def change_budget(
    name: NameArgument,
    amount: Annotated[str, typer.Option("--amount", help="As 1200.50.")] = "",
    period: PeriodOption = "",
    output: OutputOption = Output.TEXT,
    *,
    told: dict[str, Any],
    source: Source,
) -> None:
    """Change what is given of a budget; another amount or period is told of anew."""
    own = {"name": name, "amount": amount, "period": period}
    finish(_one(source, "budgets_change", {**own, **told}, output))


@budgets.command("remove")
@with_source
def remove_budget(
    name: NameArgument,
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Remove a budget; the days it was judged by stay."""
    finish(_one(source, "budgets_remove", {"name": name, "language": chosen(lang)}, output))


@budgets.command("anomalies")
@with_source
def spend_anomalies(
    namespace: NamespaceOption = "",
    by: Annotated[str, typer.Option("--by", help="namespace or label:KEY.")] = "namespace",
    hourly: Annotated[bool, typer.Option("--hourly", help="Hours instead of days.")] = False,
    spreads: Annotated[
        float,
        typer.Option("--spreads", help="How many robust spreads are too far; 3.25, hours 4.5."),
    ] = 0,
    month: Annotated[
        str, typer.Option("--month", help="this or last, against the month before it.")
    ] = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Days that cost far more or less than usual, and the workloads behind. Exit code 1: some do."""
    asked = {"namespace": namespace, "by": by, "language": chosen(lang)}
    more = {"spreads": spreads or None, "month": month or None}
    given = {**asked, **{key: value for key, value in more.items() if value}}
    finish(tell_hours(source, given, output) if hourly else _anomalies(source, given, output))


@budgets.command("noticed")
@with_source
def noticed(
    hourly: Annotated[bool, typer.Option("--hourly", help="Of hours alone.")] = False,
    since: Annotated[str, typer.Option("--since", help="How far back: 7d, P30D.")] = "30d",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Changes that were noticed in budgets' scopes, and whom they were told."""
    asked = {"step": "hour" if hourly else "", "window": iso(since)}
    finish(tell_noticed(source, asked, chosen(lang), output))


@budgets.command("models")
@with_source
def model_spend(
    by: Annotated[str, typer.Option("--by", help="team, user or model.")] = "team",
    since: Annotated[str, typer.Option("--since", help="How far back: 7d, P30D.")] = "30d",
    currency: Annotated[str, typer.Option("--currency", help="As CNY; a rate must be known.")] = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """What language models cost, by team, user or model; calls without a price are counted apart."""
    asked = {"by": by, "window": iso(since), "currency": currency, "language": chosen(lang)}
    finish(_models(source, asked, output))


async def _models(source: Source, asked: Json, output: Output) -> int:
    data = await called(source, "budgets_model_spend", asked, with_cluster=True)
    if output is Output.JSON:
        put_json(data)
        return OK
    language, whole = str(asked["language"]), money(data["cost"])
    rows = [
        [payer(row["name"], language), money(row["cost"]), *(str(row[one]) for one in COUNTS)]
        for row in data["rows"]
    ]
    head = word(
        "models_head", language, cost=whole, currency=data["currency"], **report_times(data)
    )
    told = columns(word("models_columns", language).split("|"), rows) if rows else []
    put("\n".join([head, *told, *(f"! {one['text']}" for one in data["notes"])]))
    return OK


@budgets.command("what-if")
@with_source
def what_if(
    workload: Annotated[str, typer.Argument(metavar="NAME", help="Deployment or StatefulSet.")],
    namespace: NamespaceOption = "",
    replicas: Annotated[int, typer.Option("--replicas", help="So many instead.")] = 0,
    times: Annotated[float, typer.Option("--times", help="Or so many times as many: 2.")] = 0,
    more: Annotated[int, typer.Option("--more", help="Or so many in addition.")] = 0,
    currency: Annotated[str, typer.Option("--currency", help="As CNY; a rate must be known.")] = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """What other replicas of a workload would cost, and whether the nodes have room."""
    asked = {"name": workload, "namespace": namespace, "replicas": replicas or None}
    asked |= {"times": times or None, "more": more or None}
    told = {"currency": currency, "language": chosen(lang)}
    finish(_what_if(source, {**asked, **told}, output))


async def _what_if(source: Source, asked: Json, output: Output) -> int:
    data = await tool_called(source, "budgets_what_if", dict(asked))
    if output is Output.JSON:
        put_json(data)
        return OK
    facts = {key: data[key] for key in ("kind", "namespace", "name", "replicas", "currency")}
    facts |= {"then": data["replicas_then"], "monthly": money(data["monthly"])}
    facts["monthly_then"] = money(data["monthly_then"])
    facts["bill"] = money(data["bill_difference"])
    head = word("what_if", str(asked["language"]), **facts)
    put("\n".join([head, *(f"! {one['text']}" for one in data["notes"])]))
    return OK


@budgets.command("expect")
@with_source
def expect_change(
    scope: Annotated[str, typer.Argument(metavar="SCOPE", help="As the anomaly tells it.")],
    start: Annotated[str, typer.Argument(metavar="DAY", help="Its first day.")],
    note: Annotated[str, typer.Option("--note", help="Why it was expected.")],
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Say that a change of spend was expected: it, and what is like it, is no news any more."""
    asked = {"scope": scope, "start": start, "note": note}
    finish(shown(source, "budgets_expect", asked, output, with_cluster=True))


async def _anomalies(source: Source, asked: Json, output: Output) -> int:
    data = await called(source, "budgets_anomalies", asked, with_cluster=True)
    if output is Output.JSON:
        put_json(data)
    else:
        put(changes_text(data, str(asked["language"])))
    return NO if any(row["severity"] != "expected" for row in data["rows"]) else OK


def changes_text(data: Json, language: str) -> str:
    facts = {"count": len(data["rows"]), "days": data["days_known"]}
    lines = [word("changes_head", language, **facts)]
    for row in data["rows"]:
        told = {**row, "scope": payer(row["scope"], language)} | {
            "severity": grave(row["severity"], language),
            "impact": f"{row['impact']:+.2f}",
            "currency": data["currency"],
        }
        lines.append(word("changes_line", language, **told))
        lines += [_cause(one, language) for one in row["causes"]]
    if month := data["month"]:
        facts = {"month": month["start"][:7], "before": month["before"][:7], "end": month["end"]}
        daily = {key: money(month[key]) for key in ("daily", "daily_before")}
        lines.append(word("changes_month", language, currency=data["currency"], **facts, **daily))
        lines += [_cause(one, language) for one in month["causes"]]
    if data["week"]:
        lines += [word("changes_week", language), *(_cause(one, language) for one in data["week"])]
    return "\n".join([*lines, *(f"! {one['text']}" for one in data["notes"])])


def _cause(one: Json, language: str) -> str:
    facts = {"daily": money(one["daily"]), "before": money(one["daily_before"])}
    rollouts = f" ({', '.join(one['rollouts'])})" if one["rollouts"] else ""
    return word(
        "changes_cause",
        language,
        workload=payer(one["workload"], language),
        kind=word(f"changes_{one['kind']}", language),
        rollouts=rollouts,
        **facts,
    )


async def _listed(source: Source, asked: Json, output: Output) -> int:
    data = await called(source, "budgets_list", asked, with_cluster=True)
    if output is Output.JSON:
        put_json(data)
    else:
        language = str(asked["language"])
        told = [budget_text(row, language) for row in data["rows"]]
        put("\n\n".join(told) or word("budget_none", language))
    return NO if any(row["state"] in ("over", "at_risk") for row in data["rows"]) else OK


async def _one(source: Source, tool: str, asked: Json, output: Output) -> int:
    row = await called(source, tool, asked, with_cluster=True)
    if output is Output.JSON:
        put_json(row)
    else:
        put(budget_text(row, str(asked["language"])))
    return OK


def budget_text(row: Json, language: str) -> str:
    """A few lines: how it stands, where it ends, what drives it, what was told, what to know."""
    facts = {
        "name": row["name"],
        "scope": row["scope"],
        "state": word(f"budget_{row['state']}", language),
        "spent": money(row["spent"]),
        "amount": money(row["amount"]),
        "remaining": money(row["amount"] - row["spent"]),
        "currency": row["currency"],
        "share": "-" if row["share"] is None else f"{row['share']:.0f}",
        "start": row["starts_on"],
        "end": row["ends_on"],
    }
    lines = [word("budget_line", language, **facts)]
    if end := row["foretold"]:
        interval = {"lower": money(end["lower"]), "upper": money(end["upper"])}
        key = "budget_end" if end["upper"] is not None else "budget_end_alone"
        lines.append(word(key, language, mean=money(end["mean"]), **interval, **facts))
    if row["exhausted_on"]:
        lines.append(word("budget_gone", language, day=row["exhausted_on"]))
    lines += [
        word(
            "budget_driver",
            language,
            workload=payer(one["workload"], language),
            daily=money(one["daily"]),
            before=money(one["daily_before"]),
        )
        for one in row["drivers"]
    ]
    lines += [
        word(
            "budget_told",
            language,
            threshold=one["threshold"],
            kind=word(f"budget_of_{one['kind']}", language),
            at=str(one["at"])[:16].replace("T", " ") + "Z",
            state=word(f"budget_told_{one['state']}", language),
        )
        for one in row["told"]
    ]
    return "\n".join([*lines, *(f"! {one['text']}" for one in row["notes"])])
