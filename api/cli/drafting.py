"""`midwatch kb draft`: a postmortem or a runbook out of an incident, for a person to edit."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.languages import Language, chosen
from api.cli.outcome import OK, finish, put, put_json
from api.cli.sentences import SENTENCES
from api.cli.source import (
    LanguageOption,
    NamespaceOption,
    Output,
    OutputOption,
    Source,
    with_source,
)
from api.cli.words import word
from core.errors import Invalid


class PageKind(StrEnum):
    POSTMORTEM = "postmortem"
    RUNBOOK = "runbook"


@with_source
def draft(
    incident: Annotated[
        str,
        typer.Argument(
            metavar="[INCIDENT|ALERT]", help="inc-… or an alert's id; without, what is wrong now."
        ),
    ] = "",
    kind: Annotated[PageKind, typer.Option("--kind", help="What to draft.")] = PageKind.POSTMORTEM,
    service: Annotated[
        str, typer.Option("--service", metavar="[KIND/]NAME", help="What suffers.")
    ] = "",
    symptom: Annotated[str, typer.Option("--symptom", help="What was seen.")] = "",
    namespace: NamespaceOption = "",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write it there.")
    ] = None,
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Draft a page from an incident: edit it, then add it with `midwatch kb add FILE`."""
    of_kind, slash, name = service.rpartition("/")
    arguments = {
        "kind": kind.value,
        "incident_id" if incident.startswith("inc-") else "alert_id": incident,
        "namespace": namespace,
        "resource_kind": of_kind if slash else "",
        "name": name,
        "symptom": symptom,
        "language": chosen(lang, symptom),
    }
    finish(_draft(source, arguments, out, output))


async def _draft(
    source: Source, arguments: dict[str, Any], out: Path | None, output: Output
) -> int:
    drafted = await _asked(source, {name: value for name, value in arguments.items() if value})
    if out:
        _write(out, drafted["markdown"])
        put(word("kb_drafted", arguments["language"], file=out))
    elif output is Output.JSON:
        put_json(drafted)
    else:
        put(drafted["markdown"].rstrip("\n"))
    return OK


def _write(out: Path, markdown: str) -> None:
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(markdown)
    except FileExistsError as error:
        raise SENTENCES.error(Invalid, "draft_there", out=str(out)) from error
    except OSError as error:
        raise SENTENCES.error(
            Invalid, "draft_unwritten", out=str(out), error=str(error.strerror)
        ) from error


async def _asked(source: Source, arguments: dict[str, Any]) -> dict[str, Any]:
    if source.server:
        from api.cli.remote import post

        return await post(source, "/api/v1/knowledge/draft", arguments)
    if {"incident_id", "alert_id"} & arguments.keys():
        raise SENTENCES.error(Invalid, "incidents_kept_there")
    from api.cli.identity import OPERATOR
    from api.editions import opened_sessions
    from mcp_servers.client import Tools

    # Without a service nothing is kept: what is wrong now is looked for, everywhere if nothing is named.
    named = {"name", "namespace", "symptom"} & arguments.keys()
    wanted = arguments if named else {**arguments, "symptom": EVERYTHING[arguments["language"]]}
    async with opened_sessions(source.settings()) as sessions:
        return (await Tools(sessions, OPERATOR).call("rca_draft_page", **wanted)).data


EVERYTHING = {"en": "what is wrong", "zh": "哪里有问题"}
