"""`midwatch approve`, and a person's answer typed into a terminal."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.outcome import finish, say
from api.cli.sentences import SENTENCES
from api.cli.source import Source, with_source
from api.cli.words import word
from core.errors import Invalid

if TYPE_CHECKING:
    from agent.approvals import Decision


@with_source
def approve(
    approval: Annotated[str, typer.Argument(help="What is waited for, as it was told: apr_….")],
    deny: Annotated[bool, typer.Option("--deny", help="Say no instead.")] = False,
    typed: Annotated[str, typer.Option(help="The name that confirms a high risk.")] = "",
    thread: Annotated[str, typer.Option(help="Its conversation; needed without --server.")] = "",
    *,
    source: Source,
) -> None:
    """Say yes to a change that a conversation waits to make; it then goes on."""
    finish(_approve(approval, not deny, typed, thread, source))


async def _approve(approval: str, approved: bool, typed: str, thread: str, source: Source) -> int:
    from agent.approvals import Decision
    from api.cli import remote
    from api.cli.ask import AnswerFormat, code_of, go_on_here, print_answer

    said = Decision(approval, approved, typed)
    if source.server:
        shape = await remote.answer_approval(source, said)
    elif thread:
        shape = await go_on_here(thread, [said], source)
    else:
        raise SENTENCES.error(Invalid, "no_thread")
    print_answer(shape, AnswerFormat.TEXT)
    return code_of(shape)


def in_person(approvals: Sequence[Mapping[str, Any]], language: str) -> "list[Decision] | None":
    """Ask whoever sits at this terminal; None when nobody does."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    return [_answered(one, language) for one in approvals]


def _answered(asked: Mapping[str, Any], language: str) -> "Decision":
    from agent.approvals import Decision
    from api.turns.reading import approval_text

    say(approval_text(asked, "zh" if language == "zh" else "en"))
    if asked["typed"]:
        typed = typer.prompt(
            word("type_name", language, wanted=asked["typed"]), default="", err=True
        )
        return Decision(str(asked["id"]), bool(typed), typed)
    approved = typer.confirm(word("approve", language), default=False, err=True)
    return Decision(str(asked["id"]), approved)
