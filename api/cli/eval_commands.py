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
    output: OutputOption = Output.TEXT,
) -> None:
    """Run the suites; leaves with 1 when a case fails."""
    finish(_run(suites or [], cases, output))


async def _run(suites: list[str], cases: Path | None, output: Output) -> int:
    from evals.runner import run as judged

    results = await judged(suites, cases=cases)
    if output is Output.JSON:
        put_json({"suites": [result.as_json() for result in results]})
    else:
        for result in results:
            put(f"{result.name}: {result.passed}/{result.cases}  {result.metrics}")
            for failure in result.failures:
                put(f"  {failure.case}: {failure.why}")
    return NO if any(result.failures for result in results) else OK
