"""What a client of LangGraph's platform posts as a run, as a question or as a person's answers."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from agent.approvals import Approval, Decision, why_not
from api.langgraph_compat.shapes import GRAPH
from api.sentences import SENTENCES
from api.turns.questions import Question
from core.errors import Invalid, NotFound
from core.storage.forks import ASKED

# What a decision may be called, in the old words and the new ones.
YES = frozenset({"approve", "accept", "approved"})
NO = frozenset({"reject", "ignore", "deny", "rejected"})
# `messages-tuple` is what the SDK calls the mode whose events are named messages.
MODES = {"messages-tuple": "messages", "messages": "messages"}


def _list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class RunAsked(BaseModel):
    """What tunes a graph of one's own changes nothing here: Midwatch's own memory of the thread counts."""

    model_config = ConfigDict(extra="allow")

    assistant_id: str = Field(max_length=200, examples=[GRAPH])
    input: dict[str, Any] | None = None
    command: dict[str, Any] | None = None
    stream_mode: Annotated[
        list[str], BeforeValidator(_list, json_schema_input_type=list[str] | str)
    ] = ["values"]
    multitask_strategy: str = ""
    if_not_exists: Literal["create", "reject"] = "reject"
    on_disconnect: Literal["cancel", "continue"] = "continue"
    checkpoint: dict[str, Any] | None = None
    checkpoint_id: str | None = None

    @property
    def modes(self) -> frozenset[str]:
        return frozenset(MODES.get(one, one) for one in self.stream_mode)

    @property
    def resumes(self) -> bool:
        return "resume" in (self.command or {}) or self.gives_up

    @property
    def gives_up(self) -> bool:
        """To the end without an answer, as agent-chat-ui's "mark as resolved" says: a no to all that waits."""
        command = self.command or {}
        return "resume" not in command and command.get("goto") in ("__end__", ["__end__"])

    @property
    def after(self) -> str:
        """The checkpoint to go on from; "" for the latest."""
        return self.checkpoint_id or str((self.checkpoint or {}).get("checkpoint_id") or "")

    @property
    def asks_again(self) -> bool:
        """The question of a checkpoint once more, as clients regenerate an answer: without a message."""
        return self.after.startswith(ASKED) and not (self.input or {}).get("messages")

    def question(self, thread_id: str, approvals: Sequence[Approval]) -> Question:
        """Raises `NotFound` for another assistant, `Invalid` where there is nothing to ask."""
        check_assistant(self.assistant_id)
        if self.resumes:
            resume = False if self.gives_up else (self.command or {})["resume"]
            said = decisions(resume, approvals)
            return Question("", thread_id, can_ask=True, resume=True, decisions=said)
        text = _newest((self.input or {}).get("messages"))
        return Question(text, thread_id, can_ask=True)


def check_assistant(name: str) -> None:
    """By its name, or the name that agent-chat-ui takes where nobody gives one."""
    if name not in (GRAPH, "agent"):
        raise SENTENCES.error(NotFound, "no_assistant", name=name, known=GRAPH)


def decisions(resume: Any, approvals: Sequence[Approval]) -> tuple[Decision, ...]:
    """Answers in the order of what waits: `{"decisions": [{"type": "approve"}]}`, or that list itself,
    or a boolean for all. Raises `Invalid`."""
    given = resume
    if isinstance(resume, dict):
        fields = cast("dict[str, Any]", resume)
        # The SDK may name the interrupt that is answered.
        [only] = list(fields.values()) if len(fields) == 1 else [None]
        given = fields.get("decisions", only if isinstance(only, list | dict | bool) else fields)
        if isinstance(given, dict):
            given = cast("dict[str, Any]", given).get("decisions", [given])
    if isinstance(given, bool):
        return tuple(Decision(one.id, given) for one in approvals)
    if not isinstance(given, list) or len(cast("list[Any]", given)) != len(approvals):
        raise SENTENCES.error(Invalid, "no_decisions", count=len(approvals))
    pairs = zip(approvals, cast("list[Any]", given), strict=True)
    return tuple(_decision(one, said) for one, said in pairs)


def _decision(one: Approval, said: Any) -> Decision:
    fields = cast("Mapping[str, Any]", said) if isinstance(said, dict) else {"type": said}
    kind = str(fields.get("type") or "")
    if kind not in YES | NO:
        raise SENTENCES.error(Invalid, "no_decision", kind=kind[:40])
    # `message` is what LangChain's own decisions call the reason of a no.
    reason = why_not(fields.get("message") or fields.get("reason"))
    return Decision(one.id, kind in YES, str(fields.get("typed") or ""), reason)


def _newest(messages: Any) -> str:
    """The text of the newest message of a person."""
    every = cast("list[Any]", messages) if isinstance(messages, list) else [messages]
    asked = [text for one in every if (text := _text(one)) is not None]
    if not asked:
        raise SENTENCES.error(Invalid, "no_user_message")
    return asked[-1]


def _text(message: Any) -> str | None:
    """None for what no person said."""
    if isinstance(message, str):
        return message
    if not isinstance(message, dict):
        return None
    fields = cast("dict[str, Any]", message)
    if (fields.get("type") or fields.get("role")) not in ("human", "user"):
        return None
    content = fields.get("content")
    if isinstance(content, list):
        parts = [
            cast("dict[str, Any]", one)
            for one in cast("list[Any]", content)
            if isinstance(one, dict)
        ]
        return "\n".join(str(one.get("text")) for one in parts if one.get("type") == "text")
    return content if isinstance(content, str) else None
