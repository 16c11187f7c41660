"""What a client of OpenAI's API sends, as a question; and its conversation, found again."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field

from api.openai_compat.failures import no_such_model
from api.sentences import SENTENCES
from api.turns.approvals import answer_to
from api.turns.questions import Question
from api.turns.replies import decision_in
from api.turns.running import Turns
from core.errors import Invalid
from core.principal import Principal
from core.storage.repositories.recognition import Recognition

MODEL = "midwatch"
TEXT_PARTS = frozenset({"text", "input_text", "output_text"})


class Asked(BaseModel):
    """What both of OpenAI's interfaces share. Sampling, tools and system prompts of the client's own
    change nothing: Midwatch has its own."""

    model_config = ConfigDict(extra="allow")

    model: str = Field(max_length=200, examples=[MODEL])
    stream: bool = False

    def check(self) -> None:
        """Raises `NoSuchModel`; a client must not believe that it speaks with another one."""
        if self.model != MODEL:
            raise no_such_model(self.model, MODEL)


class Message(BaseModel):
    """One message; only its text is read."""

    model_config = ConfigDict(extra="allow")

    role: str = ""
    content: str | list[dict[str, Any]] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            parts = [part for part in self.content if part.get("type") in TEXT_PARTS]
            return "\n".join(str(part.get("text") or "") for part in parts)
        return self.content or ""


async def question_of(
    messages: Sequence[Message], principal: Principal, turns: Turns, *, known: tuple[str, str]
) -> Question:
    """The newest message of the user, in the conversation that the ones before it are of.

    `known` is its thread and the run that is answered, where the client says so. A message that is
    a yes or no to an approval goes on with what waits for it.
    """
    last = next((n for n in range(len(messages) - 1, -1, -1) if messages[n].role == "user"), -1)
    if last < 0:
        raise SENTENCES.error(Invalid, "no_user_message")
    text = messages[last].text
    if said := decision_in(text):
        return await answer_to(turns, principal.subject, said)
    thread, run = known if known[0] else await _recognised(messages[:last], principal, turns)
    return Question(text, thread_id=thread, after_run=run, can_ask=True)


async def _recognised(
    before: Sequence[Message], principal: Principal, turns: Turns
) -> tuple[str, str]:
    answers = [one.text for one in before if one.role == "assistant" and one.text]
    if not answers:
        return "", ""
    asked = [one.text for one in before if one.role == "user"]
    async with turns.database.session() as session:
        return await Recognition(session).recognise(principal.subject, asked, answers)


def token_counts(usage: Sequence[Mapping[str, Any]]) -> tuple[int, int, int, int]:
    """Input, output, read from a cache, reasoning: over all models of a turn."""
    names = ("input_tokens", "output_tokens", "cache_read_tokens", "reasoning_tokens")
    sums = tuple(sum(int(used[name]) for used in usage) for name in names)
    return cast("tuple[int, int, int, int]", sums)
