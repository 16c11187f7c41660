"""A question about the pages that was answered before is answered again without a model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AnyMessage

from agent.turn import Turn
from agent.wording import phrase
from core.errors import OpsError
from mcp_servers.client import Tools

# Whose answers are from pages.
SUBAGENT = "rag"
# The flag's name.
FUNCTION = "answers"
# What an answer may rest on to be good for others too: pages, and no cluster.
READING = frozenset({"knowledge_search", "knowledge_get_document", "knowledge_list_documents"})
MOST_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Place:
    """Where the answer to this turn's question may be kept; `name` "": nowhere."""

    name: str = ""
    given: bool = False


NOWHERE = Place()


async def given_again(turn: Turn, messages: Sequence[AnyMessage]) -> Place:
    """Give the answer that was kept for this question, if there is one and nothing goes before it."""
    if (
        turn.keeper is None
        or turn.working != SUBAGENT
        or turn.resumed
        or turn.evidence.citations
        or len(messages) != 1
    ):
        return NOWHERE
    account = turn.meter.account
    state = await account.state_of(FUNCTION)
    if len(turn.asked.question) > MOST_CHARACTERS or state == "off":
        return NOWHERE
    # What is kept is a model's work: whoever is to hear no model hears none of before either.
    if await account.state_of("models") != "on":
        return NOWHERE
    try:
        told = await turn.tools.call("knowledge_recall_answer", question=turn.asked.question)
    except OpsError:  # a cache that is away costs a model's answer, no more
        return NOWHERE
    if not told.data["found"]:
        return Place(told.data["scope"])
    if state == "shadow":
        account.beside(FUNCTION, _would_be_given(turn.working, told.data["at"]))
        return Place(told.data["scope"])
    cited = [[one["source"], one["ref"], one["text"], one["at"]] for one in told.data["cited"]]
    turn.evidence.take_back(cited)
    turn.voice.learn("\n".join([told.data["answer"], *(one[2] for one in cited)]))
    note = phrase("knowledge.again", turn.asked.language, at=told.data["at"])
    turn.say_by_rule(f"{told.data['answer']}\n\n{note}")
    return Place(given=True)


async def _would_be_given(subagent: str, at: str) -> Mapping[str, Any]:
    return {"subagent": subagent, "given_again": True, "answered_at": at}


async def kept(turn: Turn, place: Place) -> None:
    """Keep what a model has just answered, if it rests on pages alone and on all of them."""
    if turn.keeper is None or not place.name or not _is_good(turn):
        return
    cited = [
        {"source": source, "ref": ref, "text": text[:1_000], "at": at}
        for source, ref, text, at in turn.evidence.kept()
    ]
    try:
        await Tools(turn.sessions, turn.keeper).call(
            "knowledge_keep_answer", question=turn.asked.question, answer=turn.spoken, cited=cited,
            scope=place.name,
        )  # fmt: skip
    except OpsError:
        return


def _is_good(turn: Turn) -> bool:
    results = turn.toolbox.results
    language = turn.asked.language
    doubted = any(
        phrase(f"answer.{one}", language) in turn.spoken
        for one in ("unverified", "unmade", "address_removed")
    )
    whole = all(
        one.ok
        and one.tool in READING
        and not one.data.get("missing")
        and not one.data.get("left_out")
        for one in results
    )
    found = any(one.data.get("relevant") for one in results)
    cited = bool(turn.evidence.cited_in(turn.spoken))
    return whole and found and cited and not (turn.stop or doubted or turn.meter.by_rules)
