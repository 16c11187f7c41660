"""`midwatch diagnose` and `midwatch investigate`: the tools themselves, without a model."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.languages import Language, chosen
from api.cli.outcome import NO, OK, finish, put, put_json
from api.cli.reports import causes_text, findings_text
from api.cli.sentences import SENTENCES
from api.cli.source import (
    EverywhereOption,
    LanguageOption,
    NamespaceOption,
    Output,
    OutputOption,
    Source,
    with_source,
)
from core.errors import Invalid

SHORT_WINDOW = re.compile(r"(\d+)([smhdw])")
ISO_WINDOW = re.compile(r"P(?=.)(\d+[DW])?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?", re.IGNORECASE)

ExitCodeOption = Annotated[
    bool,
    typer.Option("--exit-code", help="Leave with 1 unless nothing is wrong; notes do not count."),
]

RulesOption = Annotated[
    Path | None,
    typer.Option("--rules", metavar="DIR", help="A folder of rules of your own, in YAML."),
]

NotesOption = Annotated[
    bool, typer.Option("--notes", help="Print the notes of low severity too, one by one.")
]


@with_source
def diagnose(
    target: Annotated[
        str, typer.Argument(metavar="[KIND/NAME]", help="One object, e.g. deployment/checkout.")
    ] = "",
    namespace: NamespaceOption = "",
    everywhere: EverywhereOption = False,
    notes: NotesOption = False,
    exit_code: ExitCodeOption = False,
    rules: RulesOption = None,
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Show every finding in scope, worst first."""
    kind, name = _kind_and_name(target)
    language = chosen(lang)
    arguments = {
        "namespace": "" if everywhere else namespace,
        "kind": kind,
        "name": name,
        "language": language,
    }
    finish(
        _diagnose(replace(source, rules=rules), arguments, output, notes=notes, exit_code=exit_code)
    )


@with_source
def investigate(
    symptom: Annotated[str, typer.Argument(help="What is seen, e.g. 'checkout answers 500'.")] = "",
    service: Annotated[str, typer.Option("--service", help="The service that suffers.")] = "",
    since: Annotated[str, typer.Option("--since", help="How far back: 30m, 1h, 2d, PT1H.")] = "1h",
    namespace: NamespaceOption = "",
    everywhere: EverywhereOption = False,
    exit_code: ExitCodeOption = False,
    rules: RulesOption = None,
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Rank the root causes of what is wrong."""
    kind, name = _kind_and_name(service)
    arguments = {
        "namespace": "" if everywhere else namespace,
        "kind": kind,
        "name": name,
        "symptom": symptom,
        "window": since,
        "language": chosen(lang, symptom),
    }
    finish(_investigate(replace(source, rules=rules), arguments, output, exit_code=exit_code))


async def _diagnose(
    source: Source, arguments: dict[str, Any], output: Output, *, notes: bool, exit_code: bool
) -> int:
    report = await _call(source, "rca_list_findings", arguments)
    if output is Output.JSON:
        put_json(report)
    else:
        put(findings_text(report, arguments["language"], notes=notes))
    return NO if exit_code and report["verdict"] != "healthy" else OK


async def _investigate(
    source: Source, arguments: dict[str, Any], output: Output, *, exit_code: bool
) -> int:
    arguments["window"] = window(arguments["window"])
    report = await _call(source, "rca_investigate", arguments)
    if output is Output.JSON:
        put_json(report)
    else:
        put(causes_text(report, arguments["language"]))
    return NO if exit_code and report["verdict"] != "healthy" else OK


async def _call(source: Source, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in arguments.items() if value}
    if source.server:
        if source.rules:
            raise SENTENCES.error(Invalid, "own_rules")
        from api.cli.remote import call_tool

        return await call_tool(source, tool, given)
    from api.cli.identity import OPERATOR
    from api.editions import opened_sessions
    from mcp_servers.client import Tools

    async with opened_sessions(source.settings()) as sessions:
        return (await Tools(sessions, OPERATOR).call(tool, **given)).data


def window(since: str) -> str:
    """`1h`, `90m`, `2d` or ISO 8601 → an ISO 8601 duration."""
    short = SHORT_WINDOW.fullmatch(since.lower())
    if short:
        count, unit = short[1], short[2].upper()
        return f"P{count}{unit}" if unit in "DW" else f"PT{count}{unit}"
    if ISO_WINDOW.fullmatch(since):
        return since.upper()
    raise SENTENCES.error(Invalid, "no_length", since=since)


def _kind_and_name(target: str) -> tuple[str, str]:
    kind, slash, name = target.partition("/")
    return (kind, name) if slash else ("", target)
