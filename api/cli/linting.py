"""`midwatch rules lint`: alert and recording rules looked through for mistakes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.alerting import rules
from api.cli.desk import called
from api.cli.languages import Language, chosen
from api.cli.outcome import NO, OK, finish, put, put_json
from api.cli.sentences import SENTENCES
from api.cli.source import LanguageOption, Output, OutputOption, Source, with_source
from api.cli.words import word
from core.errors import Invalid

Json = Mapping[str, Any]


@rules.command("lint")
@with_source
def lint(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Else the rules of Prometheus.")
    ] = None,
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """What is wrong with rules, and what to write instead. Exit code 1 when there are errors."""
    finish(_lint(source, file, chosen(lang), output))


async def _lint(source: Source, file: Path | None, language: str, output: Output) -> int:
    asked = {"text": text_of(file) if file else "", "language": language}
    data = await called(source, "alerting_lint_rules", asked, with_cluster=file is None)
    if output is Output.JSON:
        put_json(data)
    else:
        put("\n".join(_lines(data, language)))
    return NO if data["counts"].get("error") else OK


def _lines(data: Json, language: str) -> list[str]:
    counts = ", ".join(
        f"{count} {word(f'lint_{level}', language)}" for level, count in data["counts"].items()
    )
    head = word(
        "lint_head", language, rules=data["rules"], counts=counts or word("lint_none", language)
    )
    told = [remark_line(one, language) for one in data["remarks"]]
    left = sum(data["counts"].values()) - len(data["remarks"])
    more = [word("and_more", language, count=left)] if left else []
    return [head, *told, *more]


def remark_line(one: Json, language: str) -> str:
    """Where, what, and what to write instead."""
    level = word(f"lint_{one['level']}", language)
    place = f"{one['group']}/{one['rule']}"
    joint = " " if language == "en" else ""
    return f"{level}  {place}  {one['check']}\n    {one['text']}{joint}{one['hint']}".rstrip()


def text_of(file: Path) -> str:
    """What is written in it. Raises `Invalid` when that is nothing, or cannot be read."""
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SENTENCES.error(Invalid, "unread", file=str(file), error=str(error)) from error
    if not text.strip():
        raise SENTENCES.error(Invalid, "empty_rules", file=str(file))
    return text
