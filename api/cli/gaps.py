"""`midwatch kb gaps` and `kb rate`: what no page answers, and whether answers helped."""

from typing import Annotated, Any

import typer

from api.cli.files import ServerOption, TokenOption
from api.cli.languages import Language, chosen
from api.cli.outcome import NO, OK, finish, put, put_json
from api.cli.sentences import SENTENCES
from api.cli.source import LanguageOption, Output, OutputOption, Source
from api.cli.words import word
from core.errors import Invalid


def gaps(
    close: Annotated[
        str, typer.Option("--close", metavar="ID", help="Take this question off the list.")
    ] = "",
    server: ServerOption = "",
    token: TokenOption = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
) -> None:
    """List what a running Midwatch was asked and no page answers; exit code 1: there are gaps."""
    finish(_gaps(Source(server=server, token=token), close, chosen(lang), output))


def rate(
    question: Annotated[str, typer.Argument(metavar='"…"', help="The question, as it was asked.")],
    helpful: Annotated[
        bool, typer.Option("--helpful/--unhelpful", help="Whether the answer helped.")
    ],
    comment: Annotated[str, typer.Option("--comment", help="What was missing or wrong.")] = "",
    server: ServerOption = "",
    token: TokenOption = "",
    lang: LanguageOption = Language.AUTO,
) -> None:
    """Say whether an answer from the knowledge base helped."""
    told = {"question": question, "helpful": helpful, "comment": comment}
    finish(_rate(Source(server=server, token=token), told, chosen(lang, question)))


async def _gaps(source: Source, close: str, language: str, output: Output) -> int:
    from api.cli.remote import call_tool

    _refuse_without_service(source)
    if close:
        await call_tool(source, "knowledge_close_gap", {"gap_id": close})
        return OK
    found = await call_tool(source, "knowledge_gaps", {})
    put_json(found) if output is Output.JSON else put(_lines(found, language))
    return NO if found["gaps"] else OK


async def _rate(source: Source, told: dict[str, Any], language: str) -> int:
    from api.cli.remote import call_tool

    _refuse_without_service(source)
    await call_tool(source, "knowledge_rate_answer", told)
    put(word("kb_rated", language))
    return OK


def _lines(found: dict[str, Any], language: str) -> str:
    lines = [word("kb_gaps", language, count=len(found["gaps"]), filled=found["filled"])]
    for one in found["gaps"]:
        counts = {"nothing": one["found_nothing"], "unhelpful": one["unhelpful"]}
        lines.append(f"{one['id']}  {one['question']}  ({word('kb_gap', language, **counts)})")
        lines += [f"    {one['comment']}"] if one["comment"] else []
    return "\n".join(lines)


def _refuse_without_service(source: Source) -> None:
    if not source.server:
        raise SENTENCES.error(Invalid, "questions_kept_there")
