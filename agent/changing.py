"""Nodes between a model that wants to change something and the change: ask a person, hear the answer."""

# pyright: reportUnknownMemberType=false

from collections.abc import Mapping, Sequence
from typing import Any

from langgraph.types import interrupt

from agent.approvals import (
    REFUSED,
    SENTENCES,
    Approval,
    Decision,
    asked_for,
    record_approval,
    verdict,
)
from agent.intents import Language
from agent.repeating import key_of
from agent.toolbox import Call
from agent.turn import Turn
from agent.wording import phrase
from core.errors import OpsError
from mcp_servers.client import ToolSpec

LANGUAGES: tuple[Language, ...] = ("en", "zh")
# What is known of each changing call: verdict, who gave it, and in which attempt at the turn.
Verdicts = dict[str, dict[str, Any]]


def changing(calls: Sequence[Call], offered: Sequence[ToolSpec], turn: Turn) -> list[Call]:
    """The calls that nobody may make without a person's yes, and that were not made before.

    Nobody is asked about a call that cannot be read: it will not be made.
    """
    known = {spec.name for spec in offered if spec.changes}
    fresh = {
        key_of(one["name"], one["args"]): one
        for one in reversed(calls)
        if one["name"] in known and not one["problem"]
    }
    return [one for one in reversed(fresh.values()) if not turn.toolbox.knows(one)]


async def questions(
    calls: Sequence[Call], offered: Sequence[ToolSpec], turn: Turn
) -> tuple[list[dict[str, Any]], Verdicts]:
    """What will happen, for a person to read: one question for each call; and the verdicts on those
    about which there is nothing to ask, which are left to the server: it says why it does not do them."""
    specs = {spec.name: spec for spec in offered}
    asked = [
        await asked_for(
            call, specs[call["name"]], turn.tools, turn.people.wait, turn.asked.language
        )
        for call in calls
    ]
    shapes = [{**one.shape(), "subagent_run_id": turn.run_id} for one in asked if one]
    moot = [call for call, one in zip(calls, asked, strict=True) if one is None]
    left: dict[str, Any] = {"verdict": "approved", "attempt": turn.attempt, "problem": {}}
    return shapes, {call["id"]: dict(left) for call in moot}


async def answers(pending: Sequence[Mapping[str, Any]], turn: Turn) -> Verdicts:
    """Wait for a person; the graph stops here until its thread is resumed with what they said."""
    given: Mapping[str, Mapping[str, Any]] = interrupt(
        {"approvals": list(pending), "language": turn.asked.language}
    )
    decisions = {key: Decision(key, **one) for key, one in given.items()}
    found: Verdicts = {}
    for shape in pending:
        said = verdict(Approval.of(shape), decisions)
        told: dict[str, Any] = {"verdict": said, "attempt": turn.attempt, "problem": {}}
        if said == "approved":
            told["problem"] = await _recorded(shape, decisions[shape["id"]], turn)
        elif said == "denied" and shape["id"] in decisions:
            told["reason"] = decisions[shape["id"]].reason
        found[str(shape["call_id"])] = told
    return found


async def _recorded(shape: Mapping[str, Any], decision: Decision, turn: Turn) -> dict[str, str]:
    """Why the server does not take this person's yes, by language; nothing when it does."""
    if turn.person is None:
        return {"en": SENTENCES["denied"]}
    try:
        await record_approval(shape, turn.sessions, turn.person, decision.typed)
    except OpsError as error:
        return {"en": str(error), **error.texts}
    return {}


def cannot_ask(calls: Sequence[Call]) -> Verdicts:
    return {one["id"]: {"verdict": "cannot_ask", "attempt": "", "problem": {}} for one in calls}


def hold_back(
    calls: Sequence[Call], offered: Sequence[ToolSpec], verdicts: Verdicts, turn: Turn
) -> None:
    """Answer the changing calls that may not be made; what a person said yes to is left alone."""
    once = {spec.name for spec in offered if spec.once}
    for call in changing(calls, offered, turn):
        told = verdicts.get(call["id"], {"verdict": "denied", "attempt": "", "problem": {}})
        if told["verdict"] != "approved" and told.get("reason"):
            why = {one: phrase("approval.denied_as", one, why=told["reason"]) for one in LANGUAGES}
            turn.toolbox.settle(call, "denied", f"{SENTENCES['denied']} Why: {told['reason']}", why)
        elif told["verdict"] != "approved":
            turn.toolbox.settle(call, told["verdict"], SENTENCES[told["verdict"]])
        elif told["problem"]:
            why = told["problem"]
            texts = {
                one: phrase("approval.refused", one, why=why[one])
                for one in LANGUAGES
                if one in why
            }
            turn.toolbox.settle(call, REFUSED, f"This was not done. {why['en']}", texts)
        elif told["attempt"] != turn.attempt and call["name"] not in once:
            turn.toolbox.settle(call, "unknown", SENTENCES["unknown"])
