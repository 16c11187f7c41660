"""`midwatch watches`: alerts over Midwatch's own use of models."""

from typing import Annotated, Any

import typer

from api.cli.desk import called, lines, shown, shown_of
from api.cli.diagnose import window
from api.cli.listing import Listed
from api.cli.outcome import OK, finish, put, put_json
from api.cli.source import Output, OutputOption, Source, gathered, with_source

watches = typer.Typer(
    cls=Listed, help="Watches over Midwatch's own use of models: failures, latency, cost."
)

COLUMNS = (
    "name",
    "enabled",
    "measure",
    "compare",
    "threshold",
    "about",
    "state",
    "measured",
    "since",
)
NameArgument = Annotated[str, typer.Argument(metavar="NAME")]
MeasureOption = Annotated[
    str,
    typer.Option(
        help="failure_rate, latency_p50_ms, latency_p95_ms, latency_p99_ms, cost_usd, tokens or calls."
    ),
]

TERMS: dict[str, tuple[Any, Any]] = {
    "compare": (Annotated[str, typer.Option("--is", help=">, >=, <, <= or =.")], ">"),
    "over": (Annotated[str, typer.Option("--window", help="Over which calls: 5m, 1h, 1d.")], "5m"),
    "held": (Annotated[str, typer.Option("--for", help="For how long before it fires.")], ""),
    "by": (Annotated[str, typer.Option("--by", help="Tell apart by model, user or app.")], ""),
    "only_model": (Annotated[str, typer.Option("--model", help="Only this one.")], ""),
    "only_user": (Annotated[str, typer.Option("--user", help="Only this one.")], ""),
    "only_app": (Annotated[str, typer.Option("--app", help="Only this subagent.")], ""),
    "least": (Annotated[int, typer.Option("--least", help="Fewer calls are no data.")], 1),
    "no_data": (
        Annotated[str, typer.Option("--no-data", help="ends, keeps or alerts.")],
        "ends",
    ),
    "severity": (Annotated[str, typer.Option("--severity", help="As of alerts.")], "warning"),
}


def terms(*, over: str, held: str, **given: Any) -> dict[str, Any]:
    spans = {"window": window(over), **({"held": window(held)} if held else {})}
    return {**given, **spans}


with_terms = gathered("told", TERMS, terms)


@watches.callback(invoke_without_command=True)
@with_source
def list_watches(ctx: typer.Context, output: OutputOption = Output.TEXT, *, source: Source) -> None:
    """Watches, with what each sees."""
    if ctx.invoked_subcommand is None:
        finish(_listed(source, output))


@watches.command("set")
@with_source
@with_terms
def set_watch(
    name: NameArgument,
    measure: MeasureOption,
    threshold: Annotated[float, typer.Option(help="In the unit of the measure.")],
    output: OutputOption = Output.TEXT,
    *,
    told: dict[str, Any],
    source: Source,
) -> None:
    """Set a watch, or set it anew. It is looked at every minute."""
    wanted = {"measure": measure, "threshold": threshold, **told}
    asked = {"name": name, "terms": {key: one for key, one in wanted.items() if one != ""}}
    finish(shown(source, "alerting_set_watch", asked, output))


@watches.command("remove")
@with_source
def remove_watch(name: NameArgument, output: OutputOption = Output.TEXT, *, source: Source) -> None:
    """Remove a watch; what fires of it ends."""
    finish(shown(source, "alerting_remove_watch", {"name": name}, output))


async def _listed(source: Source, output: Output) -> int:
    data = await called(source, "alerting_list_watches", {})
    if output is Output.JSON:
        put_json(data)
        return OK
    rows = [
        {**row, **row["terms"], **seen}
        for row in data["rows"]
        for seen in row["seen"] or [{"about": "", "state": "-"}]
    ]
    put("\n".join([*lines(rows, COLUMNS), shown_of(data)]))
    return OK
