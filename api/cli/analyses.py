"""`midwatch alerts analyses` and what else is done with investigations of alerts."""

from typing import Annotated, Any

import typer

from api.cli.alerting import IdArgument, alerts
from api.cli.desk import called, lines, shown_of
from api.cli.languages import Language, chosen
from api.cli.outcome import OK, finish, put, put_json
from api.cli.reports import analysis_lines
from api.cli.source import LanguageOption, Output, OutputOption, Source, with_source

COLUMNS = ("id", "state", "verdict", "created_at", "summary")


@alerts.command("analyses")
@with_source
def list_analyses(
    state: Annotated[str, typer.Option(help="waiting, running, done, dead or cancelled.")] = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """What investigations of alerts found, the newest first."""
    finish(_listed(source, {"state": state, "language": chosen(lang)}, output))


@alerts.command("analysis")
@with_source
def show_analysis(
    analysis_id: IdArgument,
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """One analysis: causes, confidence, what to do, similar past alerts."""
    finish(_one(source, "alerting_show_analysis", {"analysis_id": analysis_id}, lang, output))


@alerts.command("analyse")
@with_source
def analyse(
    alert_id: IdArgument,
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Have an alert investigated now; the running service does it, channels are not told."""
    finish(_one(source, "alerting_analyse", {"alert_id": alert_id}, lang, output))


@alerts.command("cancel-analysis")
@with_source
def cancel_analysis(
    analysis_id: IdArgument,
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Cancel an analysis that waits or runs."""
    finish(_one(source, "alerting_cancel_analysis", {"analysis_id": analysis_id}, lang, output))


@alerts.command("retry-analysis")
@with_source
def retry_analysis(
    analysis_id: IdArgument,
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Make an analysis again from the start."""
    finish(_one(source, "alerting_retry_analysis", {"analysis_id": analysis_id}, lang, output))


async def _listed(source: Source, asked: dict[str, Any], output: Output) -> int:
    data = await called(source, "alerting_list_analyses", asked)
    if output is Output.JSON:
        put_json(data)
    else:
        put("\n".join([*lines(data["rows"], COLUMNS), shown_of(data)]))
    return OK


async def _one(
    source: Source, tool: str, asked: dict[str, Any], lang: Language, output: Output
) -> int:
    language = chosen(lang)
    data = await called(source, tool, {**asked, "language": language})
    if output is Output.JSON:
        put_json(data)
    else:
        put("\n".join(analysis_lines(data, language)))
    return OK
