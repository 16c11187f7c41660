"""`midwatch eval`: how well Midwatch judges the cases."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.outcome import NO, OK, finish, put, put_json
from api.cli.source import Output, OutputOption

evaluate = typer.Typer(help="Judge Midwatch on cases with known answers.", no_args_is_help=True)


@evaluate.command()
def run(
    suites: Annotated[list[str] | None, typer.Argument(metavar="[SUITE]...")] = None,
    cases: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Cases of your own, instead of ours.")
    ] = None,
    generated: Annotated[
        int, typer.Option(metavar="N", min=0, help="Draw N cases from the seed, instead of ours.")
    ] = 0,
    seed: Annotated[
        int, typer.Option(min=0, help="Of 1000 and above, totals alone are printed.")
    ] = 1,
    output: OutputOption = Output.TEXT,
) -> None:
    """Run the suites; leaves with 1 when a case fails."""
    finish(_run(suites or [], cases, (generated, seed), output))


async def _run(
    suites: list[str], cases: Path | None, drawn: tuple[int, int], output: Output
) -> int:
    from evals.runner import Drawn
    from evals.runner import run as judged

    results = await judged(suites, cases=cases, drawn=Drawn(*drawn) if drawn[0] else None)
    if output is Output.JSON:
        put_json({"suites": [result.as_json() for result in results]})
    else:
        for line in (line for result in results for line in result.as_text()):
            put(line)
    return NO if any(result.failures for result in results) else OK


@evaluate.command()
def gate(
    name: Annotated[
        str, typer.Argument(help="A gate of evals/floors.toml: quick, full, plumbing or repairs.")
    ],
    output: OutputOption = Output.TEXT,
) -> None:
    """Run the cases of a gate; leaves with 1 when a figure falls through its floor."""
    finish(_gate(name, output))


async def _gate(name: str, output: Output) -> int:
    from evals.gate import pass_gate

    result, fallen = await pass_gate(name)
    if output is Output.JSON:
        put_json({"suites": [result.as_json()], "fallen": fallen})
    else:
        for line in (*result.as_text(), *fallen):
            put(line)
    return NO if fallen else OK
