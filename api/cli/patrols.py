"""`midwatch patrols`: diagnoses on a schedule, and the reports of their rounds."""

from typing import Annotated, Any

import typer

from api.cli.desk import called, fields, listed, shown
from api.cli.diagnose import window
from api.cli.languages import Language, chosen
from api.cli.listing import Listed
from api.cli.outcome import OK, finish, put, put_json
from api.cli.source import LanguageOption, Output, OutputOption, Source, with_source

patrols = typer.Typer(
    cls=Listed, help="Patrols: diagnoses on a schedule; new faults go the way of alerts."
)

COLUMNS = ("name", "namespaces", "every_s", "enabled", "next_at", "last_at", "score", "faults")
ROUNDS = ("id", "at", "score", "new", "standing", "cleared")
NameArgument = Annotated[str, typer.Argument(metavar="NAME")]


@patrols.callback(invoke_without_command=True)
@with_source
def list_patrols(ctx: typer.Context, output: OutputOption = Output.TEXT, *, source: Source) -> None:
    """Patrols, with the score of their last round."""
    if ctx.invoked_subcommand is None:
        finish(listed(source, "alerting_list_patrols", {}, COLUMNS, output))


@patrols.command("set")
@with_source
def set_patrol(
    name: NameArgument,
    every: Annotated[str, typer.Option(help="How often: 30m, 6h, 1d.")] = "",
    namespaces: Annotated[
        list[str] | None, typer.Option("-n", "--namespace", help="Look only there; repeat it.")
    ] = None,
    everywhere: Annotated[
        bool, typer.Option("-A", "--all-namespaces", help="Look everywhere.")
    ] = False,
    enabled: Annotated[
        bool | None, typer.Option("--on/--off", help="Whether it goes out.", show_default=False)
    ] = None,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Set a patrol up, or change what is given of it. A new one goes out at once."""
    finish(_set(source, name, every, [] if everywhere else namespaces or None, enabled, output))


@patrols.command("run")
@with_source
def run_patrol(name: NameArgument, output: OutputOption = Output.TEXT, *, source: Source) -> None:
    """Send a patrol out now; the running service makes its round."""
    finish(shown(source, "alerting_run_patrol", {"name": name}, output))


@patrols.command("remove")
@with_source
def remove_patrol(
    name: NameArgument, output: OutputOption = Output.TEXT, *, source: Source
) -> None:
    """Remove a patrol; its rounds stay on record."""
    finish(shown(source, "alerting_remove_patrol", {"name": name}, output))


@patrols.command("rounds")
@with_source
def rounds(name: NameArgument, output: OutputOption = Output.TEXT, *, source: Source) -> None:
    """The rounds of a patrol, the newest first."""
    finish(listed(source, "alerting_patrol_rounds", {"name": name}, ROUNDS, output))


@patrols.command("report")
@with_source
def report(
    name: Annotated[str, typer.Argument(metavar="[NAME]")] = "",
    run_id: Annotated[str, typer.Option("--round", help="Its id; else the last one.")] = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """The report of a round in Markdown: score, trend, what is new, stands and was cleared."""
    asked = {"name": name, "run_id": run_id, "language": chosen(lang)}
    finish(_report(source, asked, output))


async def _set(
    source: Source,
    name: str,
    every: str,
    namespaces: list[str] | None,
    enabled: bool | None,
    output: Output,
) -> int:
    asked: dict[str, Any] = {"name": name, "every": window(every) if every else ""}
    if enabled is not None:
        asked["enabled"] = enabled
    if namespaces is not None:
        asked["namespaces"] = namespaces
    data = await called(source, "alerting_set_patrol", asked, keeps=("namespaces",))
    if output is Output.JSON:
        put_json(data)
    else:
        put("\n".join(fields(data)))
    return OK


async def _report(source: Source, asked: dict[str, Any], output: Output) -> int:
    data = await called(source, "alerting_patrol_report", asked)
    if output is Output.JSON:
        put_json(data)
    else:
        put(data["markdown"].rstrip())
    return OK
