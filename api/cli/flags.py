"""`midwatch flags`: smart functions off, shadow or on, and what switches them back."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.desk import called, lines, listed, shown
from api.cli.diagnose import window
from api.cli.listing import Listed
from api.cli.outcome import OK, finish, put, put_json, spoken
from api.cli.ruling import labels_of
from api.cli.sentences import SENTENCES
from api.cli.source import Output, OutputOption, Source, gathered, with_source
from core.errors import Invalid

flags = typer.Typer(
    cls=Listed, help="Smart functions: off, shadow or on, for whom, held back by their figures."
)

COLUMNS = ("name", "state", "share_percent", "labels", "needs", "held", "why", "runs", "accuracy")
EVENTS = ("at", "what", "by", "detail")
NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="Of a smart function; `midwatch flags` lists them.")
]

# Of the gates: none of them given, no gates.
GATES: dict[str, tuple[Any, Any]] = {
    "min_accuracy": (
        Annotated[float | None, typer.Option(help="0.85: of its evaluation and of verdicts.")],
        None,
    ),
    "min_cases": (
        Annotated[int | None, typer.Option(help="Of the evaluation; 0: it needs none.")],
        None,
    ),
    "max_p95_ms": (Annotated[float | None, typer.Option(help="Milliseconds.")], None),
    "max_failure_rate": (Annotated[float | None, typer.Option(help="0.05 is 5 %.")], None),
    "max_cost_usd": (Annotated[float | None, typer.Option(help="In the window.")], None),
    "over": (Annotated[str, typer.Option("--window", help="What was seen in it: 24h.")], ""),
    "least": (Annotated[int | None, typer.Option(help="Fewer runs say nothing.")], None),
    "stay": (Annotated[str, typer.Option("--stay", help="Held so long at least: 1h.")], ""),
}


def gates(*, over: str, stay: str, **given: Any) -> dict[str, Any]:
    told = {name: value for name, value in given.items() if value is not None}
    spans = {name: window(text) for name, text in (("window", over), ("stay", stay)) if text}
    return {**told, **spans}


with_gates = gathered("asked_of_it", GATES, gates)


@flags.callback(invoke_without_command=True)
@with_source
def list_flags(ctx: typer.Context, output: OutputOption = Output.TEXT, *, source: Source) -> None:
    """The smart functions, how they do, and which is held back and why."""
    if ctx.invoked_subcommand is None:
        finish(_listed(source, output))


@flags.command("set")
@with_source
@with_gates
def set_flag(
    name: NameArgument,
    state: Annotated[str, typer.Argument(metavar="STATE", help="off, shadow or on.")],
    share: Annotated[float, typer.Option(help="In percent of users or groups of alerts.")] = 100,
    label: Annotated[
        list[str] | None, typer.Option(help="Only these: team=web, or user=ann; often.")
    ] = None,
    needs: Annotated[str, typer.Option(help="On only while this one is on.")] = "",
    output: OutputOption = Output.TEXT,
    *,
    asked_of_it: dict[str, Any],
    source: Source,
) -> None:
    """Switch a function for all, a share or labels; with a gate given, its figures may hold it back."""
    terms = {
        "state": state,
        "share_percent": share,
        "labels": labels_of(label or ()),
        "needs": needs,
        "gates": asked_of_it or None,
    }
    finish(shown(source, "alerting_set_flag", {"name": name, "terms": terms}, output))


@flags.command("events")
@with_source
def events(
    name: NameArgument,
    shadow: Annotated[bool, typer.Option(help="What it would have done, in shadow.")] = False,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """What was done with a function: set, evaluated, held, released; or what it did in shadow."""
    asked = {"name": name, "what": "shadow" if shadow else ""}
    finish(listed(source, "alerting_flag_events", asked, EVENTS, output))


@flags.command("evaluated")
@with_source
def evaluated(
    name: NameArgument,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What `midwatch eval run SUITE -o json` printed.")
    ],
    suite: Annotated[str, typer.Option(help="Where there are several.")] = "",
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Record an evaluation of a function; it decides with whether it may be on."""
    asked = {"name": name, **_figures(file, suite)}
    finish(shown(source, "alerting_record_evaluation", asked, output))


@flags.command("rate")
@with_source
def rate(
    analysis: Annotated[str, typer.Argument(metavar="ANALYSIS", help="Its id.")],
    right: Annotated[bool, typer.Option("--right/--wrong", help="Whether it named the cause.")],
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Say whether an analysis of alerts named the right cause."""
    asked = {"analysis_id": analysis, "right": right}
    finish(shown(source, "alerting_rate_analysis", asked, output))


def _figures(file: Path, suite: str) -> dict[str, Any]:
    import orjson

    from api.cli.linting import text_of

    try:
        told: list[dict[str, Any]] = orjson.loads(text_of(file))["suites"]
        [found] = [one for one in told if suite in ("", one["name"])]
        figures = {"suite": found["name"], "cases": found["cases"], "passed": found["passed"]}
    except (ValueError, KeyError, TypeError) as error:
        raise SENTENCES.error(Invalid, "no_evaluation", file=str(file)) from error
    return figures


async def _listed(source: Source, output: Output) -> int:
    data = await called(source, "alerting_list_flags", {})
    if output is Output.JSON:
        put_json(data)
        return OK
    rows = [
        {**one, **one["terms"], **one["figures"], "why": one["why_in"].get(spoken(), "")}
        for one in data["rows"]
    ]
    put("\n".join(lines(rows, COLUMNS)))
    return OK
