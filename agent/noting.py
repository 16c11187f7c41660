"""The answers to what people teach, and the facts of people beside what tools found."""

from collections.abc import Sequence

from agent.intents import Language
from agent.owning import owners
from agent.teaching import Notebook, Teaching, ToldFact, about, meant
from agent.turn import Turn
from agent.wording import phrase
from core.errors import OpsError


async def noted(teaching: Teaching, notebook: Notebook, language: Language) -> str:
    """Do what a message wants of the notebook, and say so."""
    if teaching.wants == "list":
        told = [f"- {line(one, language)}" for one in await notebook.known()]
        return "\n".join(told) or phrase("taught.nothing", language)
    try:
        if teaching.wants == "keep":
            await notebook.keep(teaching.text, everybody=teaching.everybody)
            key = "taught.kept_for_all" if teaching.everybody else "taught.kept"
            return phrase(key, language, text=teaching.text)
        gone = meant(await notebook.known(), teaching.text)
        for one in gone:
            await notebook.forget(one.id)
    except OpsError as error:
        return error.told(language)
    if not gone:
        return phrase("taught.unknown", language, text=teaching.text)
    return phrase("taught.forgotten", language, text="; ".join(one.text for one in gone))


async def told_about(turn: Turn, question: str, language: Language) -> list[str]:
    """What people told about what is asked, each with the number it is cited by."""
    if turn.notebook is None:
        return []
    return _cited(turn, about(await turn.notebook.known(), question), language)


async def owner_told(turn: Turn, thing: str, language: Language) -> str:
    """What people told of who owns it, cited; or that nobody did, and how to tell."""
    known = await turn.notebook.known() if turn.notebook else ()
    cited = _cited(turn, owners(known, thing), language)
    return "\n".join(cited) or phrase("taught.unowned", language, thing=thing)


def _cited(turn: Turn, facts: Sequence[ToldFact], language: Language) -> list[str]:
    return [
        f"[{turn.evidence.told(one.by, one.text, one.at)}] {line(one, language)}" for one in facts
    ]


def line(one: ToldFact, language: Language) -> str:
    key = "taught.line_for_all" if one.everybody else "taught.line"
    return phrase(key, language, text=one.text, by=one.by, at=f"{one.at:%Y-%m-%d}")
