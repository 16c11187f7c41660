"""The nodes between supervisor and supervisor: a subagent at work, or the answer that none takes."""

# pyright: reportUnknownMemberType=false

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any, Literal, Protocol

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.runtime import Runtime
from langgraph.types import Command

from agent.answers.fixes import plan_unshown
from agent.answers.knowledge import left_unsaid
from agent.asked import Asked
from agent.asked_again import NOWHERE, given_again, kept
from agent.candidates import Models
from agent.choices import choices, picked, wanted
from agent.intents import Route
from agent.noting import noted, owner_told, told_about
from agent.recollection import facts_of, recalled, remembered
from agent.state import OF_A_TURN, Exchange, OpsState, Update
from agent.subagent import Subagent
from agent.subgraph import build_subgraph, taken_up
from agent.teaching import taught
from agent.toolbox import Result, marked
from agent.turn import Turn
from agent.unable import capabilities, declined, not_built
from agent.wording import phrase

# Facts of earlier turns come from tools, so they are marked as what tools said.
EARLIER = "earlier_turns"
PEOPLE = "told_by_people"

# What alters something: it is done after what was asked for before it, and before what comes after.
CHANGES = frozenset(
    (
        *(("autofix", intent) for intent in ("change", "plans")),
        *(("alert_admin", intent) for intent in ("silences", "rules", "channels")),
    )
)


Handed = Command[Literal["supervisor", "__end__"]]


class Node(Protocol):
    async def __call__(self, state: OpsState, runtime: Runtime[Turn]) -> Handed:
        """What a node changes of the state, and who is next."""
        ...


def at_work(subagent: Subagent, models: Models, team: Sequence[Subagent]) -> Node:
    """The node of one subagent: its loop, or what there is to say when its server is not built."""
    loop = build_subgraph(subagent, models)

    def begins_offline() -> bool:
        return models.of(subagent.name)[0].offline

    async def work(state: OpsState, runtime: Runtime[Turn]) -> Handed:
        turn, asked = runtime.context.part_of(step_of(decision(state))), asked_in(state)
        turn.take_up(asked)
        begun = len(turn.toolbox.results)
        missing = [one for one in subagent.servers if one not in turn.built]
        with turn.subagent(subagent.name, why(decision(state))):
            if asked.intent == "help":
                built = {one.name: one.servers[0] in turn.built for one in team}
                turn.say_by_rule(capabilities(built, asked.language))
            elif subagent.servers[0] in missing:
                turn.say_by_rule(not_built(subagent, missing, asked))
            else:
                messages = _conversation(
                    state.get("exchanges", []), asked, turn.limits.history_tokens
                )
                told = await told_about(turn, asked.question, asked.language)
                messages = _with_told(messages, told)
                turn.voice.learn("\n".join(one.text for one in messages))
                place = NOWHERE if begins_offline() else await given_again(turn, messages)
                if not place.given:
                    ended: Any = await loop.ainvoke({"messages": messages}, context=turn)
                    _say_what_was_told(turn, told)
                    taken_up(ended, turn)  # had it ended already when the process was killed
                    await kept(turn, place)
                for unsaid in (left_unsaid, plan_unshown):
                    if told := unsaid(asked, turn.toolbox.results[begun:], turn.spoken):
                        turn.say_by_rule(told)
        runtime.context.finish(step_of(decision(state)))
        found = {"asked": _understood(state, asked, turn), **_done_by(subagent, turn, begun)}
        return handed_on(state, turn, {"visited": [subagent.name], **found})

    return work


def handed_on(state: OpsState, turn: Turn, update: Update) -> Handed:
    """To the supervisor, who knows what is left of the plan; the only step of one ends the turn itself."""
    if step_of(decision(state)):
        return Command(goto="supervisor", update=update)
    return Command(goto="__end__", update={**update, **ended({**state, **update}, turn)})


def ended(state: Mapping[str, Any], turn: Turn) -> Update:
    """What stays of the turn; what only another run of it would need goes."""
    facts = [turn.voice.without_made_up(fact) for fact in facts_of(turn.toolbox.results)]
    told = Exchange(question=state["question"], answer=turn.voice.whole, facts=facts)
    told["asked"] = dict(decision(state))
    before, unanswered = state.get("exchanges", []), state.get("unanswered")
    kept = remembered([*before, unanswered] if unanswered else before, told)
    return {"exchanges": kept, "unanswered": None, **{name: [] for name in OF_A_TURN}}


def _say_what_was_told(turn: Turn, told: Sequence[str]) -> None:
    """Without a model nobody else tells it."""
    if told and not turn.meter.calls:
        turn.say_by_rule("\n".join(told))


def _with_told(messages: list[AnyMessage], told: Sequence[str]) -> list[AnyMessage]:
    """What people told stands before the question, as data that nobody checked."""
    if not told:
        return messages
    note = f"Told by people, not checked:\n{chr(10).join(told)}"
    return [*messages[:-1], HumanMessage(marked(PEOPLE, "ok", note)), messages[-1]]


def _done_by(subagent: Subagent, turn: Turn, begun: int) -> Update:
    """What another process would need of a subagent that has finished."""
    found = [one.shape() for one in turn.toolbox.results[begun:]]
    told: Update = {"said": [[subagent.name, turn.spoken]]} if turn.spoken else {}
    told |= {"results": found} if found else {}
    return told | ({"evidence": kept} if (kept := turn.evidence.kept()) else {})


async def decline(state: OpsState, runtime: Runtime[Turn]) -> Handed:
    """What no subagent takes is answered by rule, whatever model is configured."""
    turn, asked = runtime.context, asked_in(state)
    turn.take_up(asked)
    return handed_on(state, turn, {"visited": ["none"], **await _declined(state, turn, asked)})


async def _declined(state: OpsState, turn: Turn, asked: Asked) -> Update:
    if asked.intent == "taught" and asked.name:
        turn.say_by_rule(await owner_told(turn, asked.name, asked.language))
        return {}
    if turn.notebook and (teaching := taught(asked.question)):
        turn.say_by_rule(await noted(teaching, turn.notebook, asked.language))
        return {}
    turn.say_by_rule(declined(asked.intent, asked.language))
    if asked.intent != "unclear":
        return {}
    return {"asked": {**decision(state), "offered": choices("", asked.language)}}


def _understood(state: OpsState, asked: Asked, turn: Turn) -> dict[str, Any]:
    """The decision with what was learned, and what a next question may pick from."""
    learned = {**decision(state), "arguments": _learned(asked, turn.toolbox.results)}
    if asked.intent == "look":
        learned["offered"] = choices(asked.name or asked.namespace, asked.language)
    return learned


def _learned(asked: Asked, results: Sequence[Result]) -> dict[str, Any]:
    """The arguments with the namespace that a result told of what was named, for what follows."""
    if asked.namespace or not asked.name:
        return asked.arguments
    places = [one for result in results for one in _places(result) if one["name"] == asked.name]
    namespaces = {str(one["namespace"]) for one in places if one.get("namespace")}
    return (
        {**asked.arguments, "namespace": namespaces.pop()}
        if len(namespaces) == 1
        else asked.arguments
    )


def _places(result: Result) -> Sequence[Mapping[str, Any]]:
    causes: Sequence[Mapping[str, Any]] = result.data.get("root_causes") or ()
    rows: Sequence[Mapping[str, Any]] = result.data.get("rows") or ()
    return [*(one["resource"] for one in causes), *(row for row in rows if "name" in row)]


def decision(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """The decision being worked on, in the shape of `intents.Route`."""
    return state.get("asked") or Route("none", "unclear").shape()


def continued(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The next decision of one message, with the namespace that was learned about the same thing."""
    learned, own = before["arguments"], after["arguments"]
    same = (learned.get("name") or learned.get("service")) == (
        own.get("name") or own.get("service")
    )
    if not same or "namespace" in own or "namespace" not in learned:
        return dict(after)
    return {**after, "arguments": {**own, "namespace": learned["namespace"]}}


def meant(state: OpsState) -> str:
    """The question; when it only picks one of those that were offered, or wants the plan shown, that one."""
    offered = decision(state).get("offered") or ()
    before = state.get("exchanges", [])
    shown = before[-1]["answer"] if before else ""
    question = state["question"]
    return picked(question, offered) or wanted(question, shown) or question


def side_by_side(plan: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """What of a plan can be done at once: everything that only looks, but a change waits its turn."""
    looking = list(takewhile(lambda one: (one["subagent"], one["intent"]) not in CHANGES, plan))
    return looking or plan[:1]


def step_of(route: Mapping[str, Any]) -> str:
    """Which step of the plan a decision is; "" when it is the only one."""
    return str(route.get("step", ""))


def numbered(plan: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The decisions with their places in the plan: one subagent may have several of them."""
    if len(plan) < 2:
        return [dict(one) for one in plan]
    return [{**one, "step": n} for n, one in enumerate(plan)]


def asked_in(state: OpsState) -> Asked:
    route = decision(state)
    question = route.get("words") or state["question"]
    words = question, route["intent"], route["language"], route["arguments"]
    return Asked(*words, door=state["namespace"])


def title(route: Mapping[str, Any]) -> str:
    """What is to be done, in the user's language."""
    return phrase(f"intent.{route['intent']}", route["language"])


def why(route: Mapping[str, Any]) -> str:
    """Why a subagent was chosen, in the user's language."""
    key, confidence = f"why.{route['by']}", f"{route['confidence']:.2f}"
    return phrase(key, route["language"], intent=title(route), confidence=confidence)


def _conversation(
    exchanges: Sequence[Exchange], asked: Asked, budget_tokens: int
) -> list[AnyMessage]:
    """What is known from before, within a budget, then the question of this turn."""
    recollection = recalled(exchanges, asked.question, budget_tokens)
    earlier: list[AnyMessage] = []
    if recollection.facts:
        told = "\n".join(("Of earlier turns:", *(f"- {fact}" for fact in recollection.facts)))
        earlier.append(HumanMessage(marked(EARLIER, "ok", told)))
    for exchange in recollection.whole:
        earlier += [HumanMessage(exchange["question"]), AIMessage(exchange["answer"])]
    return [*earlier, asked.message()]
