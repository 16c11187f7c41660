"""A person's yes or no, typed into the terminal that they sit at."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from api.cli.outcome import say
from api.cli.words import word

if TYPE_CHECKING:
    from agent.approvals import Decision


def in_person(approvals: Sequence[Mapping[str, Any]], language: str) -> "list[Decision] | None":
    """Ask whoever sits at this terminal; None when nobody does."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    return [_answered(one, language) for one in approvals]


def _answered(asked: Mapping[str, Any], language: str) -> "Decision":
    from agent.approvals import Decision, why_not
    from api.turns.reading import approval_text

    say(approval_text(asked, "zh" if language == "zh" else "en"))
    if asked["typed"]:
        typed = typer.prompt(
            word("type_name", language, wanted=asked["typed"]), default="", err=True
        )
        approved = bool(typed)
    else:
        typed, approved = "", typer.confirm(word("approve", language), default=False, err=True)
    reason = "" if approved else _why_not(language)
    return Decision(str(asked["id"]), approved, typed, why_not(reason))


def _why_not(language: str) -> str:
    return str(typer.prompt(word("why_not", language), default="", show_default=False, err=True))
