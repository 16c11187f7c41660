"""What must hold of a turn with a faulty model, and of the next turn in the same conversation."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.events import Done, Event, Token, ToolFinished, ToolStarted, Usage
from agent.wording import phrase
from core.errors import OpsError, UpstreamUnavailable
from evals.plumbing.scene import FAILED, WHOLE, Scene


@dataclass(frozen=True)
class Played:
    """One scene as it was played: `asked` is how many requests the models were sent in it.

    `afterwards` is how the next turn of the conversation ended, with a model without a fault.
    """

    scene: Scene
    events: Sequence[Event]
    error: OpsError | None
    asked: int
    writes: int
    afterwards: str

    def broken(self) -> list[str]:
        """What did not hold; empty when everything did."""
        return [why(self) for holds, why in RULES if not holds(self)]

    @property
    def ends(self) -> list[Done]:
        """Two where a person was asked in between."""
        return [one for one in self.events if isinstance(one, Done)]

    @property
    def waited(self) -> bool:
        return any(one.approvals for one in self.ends)

    @property
    def end(self) -> str:
        """How it ended, as scenes name it."""
        if self.error is not None:
            return FAILED if isinstance(self.error, UpstreamUnavailable) else self.error.code
        return (self.ends[-1].incomplete_code or WHOLE) if self.ends else "nothing"

    @property
    def answer(self) -> str:
        return "".join(one.answer for one in self.ends)

    @property
    def spoken(self) -> str:
        return "".join(one.text for one in self.events if isinstance(one, Token))

    @property
    def said(self) -> str:
        """All that people read: the answer, what is missing of it, or why there is none."""
        notes = [one.incomplete for one in self.ends]
        return "\n".join((self.answer, *notes, str(self.error or "")))

    @property
    def counted(self) -> int:
        """Requests in the usage that is told."""
        return sum(one.calls for one in self.events if isinstance(one, Usage))

    def is_marked(self, claim: str) -> bool:
        marks = [phrase(f"answer.{one}", self.scene.language) for one in ("unverified", "unmade")]
        return any(f"{claim} {mark}" in self.answer for mark in marks)

    def answered_calls(self) -> bool:
        """Whether every tool call that began has ended."""
        begun = Counter(one.call_id for one in self.events if isinstance(one, ToolStarted))
        ended = Counter(one.call_id for one in self.events if isinstance(one, ToolFinished))
        return begun == ended

    def leaves_a_thread(self) -> bool:
        """Whether the conversation goes on; with a model that rests, by saying that."""
        return "left alone" in self.afterwards if self.scene.rests else self.afterwards == WHOLE

    def says_why(self) -> bool:
        """Whether a sentence tells why an answer is partial, and another why there is none."""
        if self.error is not None:
            return bool(self.error.message)
        return all(bool(one.incomplete) == bool(one.incomplete_code) for one in self.ends)


Rule = tuple[Callable[[Played], bool], Callable[[Played], str]]
RULES: tuple[Rule, ...] = (
    (lambda one: one.end in one.scene.ends, lambda one: f"ended as {one.end}: {one.said[:200]!r}"),
    (Played.says_why, lambda _: "does not say why it is incomplete"),
    (
        lambda one: one.asked <= one.scene.requests,
        lambda one: f"asked models {one.asked} times, {one.scene.requests} at most",
    ),
    (Played.answered_calls, lambda _: "left a tool call without its end"),
    (
        lambda one: one.counted == one.asked,
        lambda one: f"counts {one.counted} of {one.asked} requests",
    ),
    (
        lambda one: one.error is not None or one.spoken == one.answer,
        lambda _: "answered something else than it streamed",
    ),
    (
        lambda one: all(told in one.said for told in one.scene.told),
        lambda one: f"does not tell {one.scene.told}: {one.said[:200]!r}",
    ),
    (
        lambda one: not any(told in one.said for told in one.scene.untold),
        lambda one: f"tells one of {one.scene.untold}",
    ),
    (
        lambda one: all(map(one.is_marked, one.scene.marked)),
        lambda one: f"left a claim unmarked: {one.answer[-200:]!r}",
    ),
    (
        lambda one: one.writes == one.scene.writes,
        lambda one: f"changed the cluster {one.writes} times, not {one.scene.writes}",
    ),
    (lambda one: one.waited or not one.writes, lambda _: "changed something without asking"),
    (
        Played.leaves_a_thread,
        lambda one: f"left a thread that ends as {one.afterwards}",
    ),
)
