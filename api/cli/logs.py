"""`midwatch logs patterns`: what log files say, each kind of line once."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.files import ServerOption, TokenOption, asked, read
from api.cli.languages import Language, chosen
from api.cli.outcome import OK, finish, put, put_json
from api.cli.source import LanguageOption, Output, OutputOption, Source
from api.cli.words import word

ROWS_PRINTED = 50

logs = typer.Typer(help="What log files say.", no_args_is_help=True)


@logs.callback()
def log_commands() -> None:
    """What log files say."""


@logs.command()
def patterns(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Log files; - for standard input.")
    ],
    assign: Annotated[
        bool, typer.Option("--assign", help="Tell of each line which pattern it is of.")
    ] = False,
    server: ServerOption = "",
    token: TokenOption = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show each kind of line once: how often, how grave, first and last seen."""
    source = Source(server=server, token=token)
    finish(_patterns(source, files, chosen(lang), output, assign=assign))


async def _patterns(
    source: Source, files: list[Path], language: str, output: Output, *, assign: bool
) -> int:
    arguments: dict[str, Any] = {"logs": [read(path) for path in files], "assign": assign}
    report = await asked(source, "rca_log_patterns", arguments)
    if not assign:
        del report["assignments"]
    if output is Output.JSON:
        put_json(report)
    else:
        put(_text(report, language))
    return OK


def _text(report: dict[str, Any], language: str) -> str:
    rows: list[dict[str, Any]] = report["patterns"]
    kinds, shown = len(rows) + report["more"], rows[:ROWS_PRINTED]
    lines = [word("log_kinds", language, kinds=kinds, lines=report["lines"])]
    for row in shown:
        span = " – ".join(dict.fromkeys(at for at in (row["first"], row["last"]) if at))
        lines.append(
            f"{row['count']:>7} × {row['id']} {row['level'] or '-':<7} {span}\n          {row['template']}"
        )
    if kinds > len(shown):
        lines.append(word("and_more", language, count=kinds - len(shown)))
    given: list[str] = report.get("assignments") or []
    return "\n".join([*lines, *given])
