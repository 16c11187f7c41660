"""Prompts: what people start with a slash, worded for a model that has our tools."""

from collections.abc import Mapping
from dataclasses import dataclass

from mcp.types import GetPromptResult, Prompt, PromptArgument, PromptMessage, TextContent

from api.mcp_gateway.sentences import PROMPTS, SENTENCES
from core.errors import Invalid, NotFound
from core.sentences import Said

LANGUAGE = "language"
MOST_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class _Starter:
    """A prompt. `tool`: who may not use that is not offered the prompt."""

    name: str
    tool: str
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()


STARTERS = (
    _Starter("rca", "rca_investigate", ("workload",), ("namespace", "symptom")),
    _Starter("cost_review", "budgets_spend", (), ("namespace", "window")),
    _Starter("postmortem", "rca_draft_page", ("incident_id",)),
    _Starter("alert_tuning", "alerting_quality", (), ("window",)),
)


def prompts_for(tools: frozenset[str], language: str) -> list[Prompt]:
    """The prompts of somebody who may use these tools, described in their language."""
    return [_shown(one, language) for one in STARTERS if one.tool in tools]


def arguments_of(name: str, tools: frozenset[str]) -> tuple[str, ...]:
    """What a prompt takes. Raises `NotFound` for one that is not offered."""
    starter = _starter(name, tools)
    return (*starter.needs, *starter.takes, LANGUAGE)


def prompt(name: str, arguments: Mapping[str, str], tools: frozenset[str], language: str) -> str:
    """The text of a prompt, filled.

    Raises `NotFound` for one that is not offered, `Invalid` for an argument that lacks, that it does not
    take, or that is too long.
    """
    starter = _starter(name, tools)
    given = {key: value.strip() for key, value in arguments.items() if value.strip()}
    _check(starter, given)
    spoken = given.pop(LANGUAGE, language)
    parts = {key: _part(starter, key, given) for key in starter.takes}
    needed = {key: given[key] for key in starter.needs}
    return PROMPTS.said(f"{name}_text", **needed, **parts).told(spoken)


def _starter(name: str, tools: frozenset[str]) -> _Starter:
    starter = next((one for one in STARTERS if one.name == name and one.tool in tools), None)
    if starter is None:
        known = ", ".join(one.name for one in STARTERS if one.tool in tools)
        raise SENTENCES.error(NotFound, "no_prompt", name=name, known=known)
    return starter


def as_messages(text: str) -> GetPromptResult:
    return GetPromptResult(
        messages=[PromptMessage(role="user", content=TextContent(type="text", text=text))]
    )


def _shown(starter: _Starter, language: str) -> Prompt:
    def word(key: str) -> str:
        return PROMPTS.said(key).told(language)

    asked = [(key, True) for key in starter.needs] + [(key, False) for key in starter.takes]
    return Prompt(
        name=starter.name,
        title=word(f"{starter.name}_title"),
        description=word(f"{starter.name}_about"),
        arguments=[
            PromptArgument(name=key, description=word(f"argument_{key}"), required=required)
            for key, required in [*asked, (LANGUAGE, False)]
        ],
    )


def _check(starter: _Starter, given: Mapping[str, str]) -> None:
    for key in starter.needs:
        if key not in given:
            raise SENTENCES.error(Invalid, "prompt_needs", name=starter.name, argument=key)
    known = (*starter.needs, *starter.takes, LANGUAGE)
    for key, value in given.items():
        if key not in known:
            raise SENTENCES.error(
                Invalid, "prompt_takes", name=starter.name, argument=key, known=", ".join(known)
            )
        if len(value) > MOST_CHARACTERS:
            raise SENTENCES.error(Invalid, "argument_length", argument=key, most=MOST_CHARACTERS)
    if given.get(LANGUAGE, "en") not in {"en", "zh"}:
        raise SENTENCES.error(Invalid, "prompt_language", language=given[LANGUAGE])


def _part(starter: _Starter, key: str, given: Mapping[str, str]) -> Said:
    """What an argument that may be left out adds to the text."""
    return PROMPTS.said(f"{starter.name}_{key}", value=given[key]) if key in given else Said()
