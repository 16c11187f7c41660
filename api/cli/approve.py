"""`midwatch approve`, and a person's answer typed into a terminal."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.outcome import finish, say
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
        raise Invalid(
            "--thread is missing.", hint="`midwatch approve ID --thread THREAD`, or --server URL."
        )
    print_answer(shape, AnswerFormat.TEXT)
    return code_of(shape)


def in_person(approvals: Sequence[Mapping[str, Any]], language: str) -> "list[Decision] | None":
    """Ask whoever sits at this terminal; None when nobody does."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    return [_answered(one, language) for one in approvals]


def _answered(asked: Mapping[str, Any], language: str) -> "Decision":
    from agent.approvals import Decision

    say(told(asked, language))
    if asked["typed"]:
        typed = typer.prompt(
            word("type_name", language, wanted=asked["typed"]), default="", err=True
        )
        return Decision(str(asked["id"]), bool(typed), typed)
    approved = typer.confirm(word("approve", language), default=False, err=True)
    return Decision(str(asked["id"]), approved)


def told(asked: Mapping[str, Any], language: str) -> str:
    """What will happen, for a terminal."""
    arguments = ", ".join(f"{name}={value}" for name, value in asked["arguments"].items())
    lines = [f"{asked['tool']}({arguments})"]
    where = " · ".join(one for one in (asked["objects"], asked["cluster"]) if one)
    lines += [where] if where else []
    lines += list(asked["actions"])
    if asked["risk"]:
        lines.append(f"{word('risk', language)}: {asked['risk']}")
    lines += [f"- {fact}" for fact in asked["facts"]]
    lines += [asked["diff"]] if asked["diff"] else []
    lines += [asked[name] for name in ("rehearsal", "cannot_know", "problem") if asked[name]]
    lines.append(word("until", language, at=asked["expires_at"][:19]))
    return "\n".join(lines)
