"""routing: does the supervisor hand each sentence to the right subagents, with what it names?"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.intents import Route
from evals.routing.utterances import HERE, WITHOUT_ARGUMENTS, Utterance, Wanted, utterances
from evals.scoreboard import Failure, SuiteResult
from evals.truth import Json

# Files whose sentences nobody who writes rules looks at: their totals alone are told.
UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class Judged:
    """One utterance and what was decided about it."""

    utterance: Utterance
    routes: Sequence[Route]

    @property
    def right_subagents(self) -> bool:
        wanted = sorted(one.subagent for one in self.utterance.wanted)
        return sorted(one.subagent for one in self.routes) == wanted

    @property
    def right_intents(self) -> bool:
        return self.right_subagents and all(
            wanted.intent in ("", route.intent) for wanted, route in self._pairs()
        )

    @property
    def takes_arguments(self) -> bool:
        return any(one.subagent not in WITHOUT_ARGUMENTS for one in self.utterance.wanted)

    @property
    def right_arguments(self) -> bool:
        return self.right_subagents and all(
            wanted.is_filled_by(route) for wanted, route in self._pairs()
        )

    def _pairs(self) -> Iterator[tuple[Wanted, Route]]:
        """What one subagent is asked for several times is compared in the order of the message."""
        routes = sorted(self.routes, key=lambda one: one.subagent)
        wanted = sorted(self.utterance.wanted, key=lambda one: one.subagent)
        yield from zip(wanted, routes, strict=True)

    @property
    def is_right(self) -> bool:
        return self.right_intents and (self.right_arguments or not self.takes_arguments)

    def why(self) -> str:
        told = "; ".join(
            f"{one.subagent}/{one.intent} {' '.join(f'{k}={v}' for k, v in one.arguments.items())}"
            for one in self.routes
        )
        return f"was read as {told.strip()}"


def run(folder: Path | None = None) -> list[SuiteResult]:
    """One result for each file of utterances: ours, or those of somebody else's folder."""
    return [judge(path) for path in sorted((folder or HERE).glob("*.txt"))]


def judge(path: Path) -> SuiteResult:
    judged = [Judged(one, one.routes()) for one in utterances(path)]
    wrong = [Failure(one.utterance.told, one.why()) for one in judged if not one.is_right]
    unseen = path.stem.startswith(UNSEEN)
    metrics = {
        **_figures(judged),
        "by_language": _by(judged, lambda one: one.utterance.language),
        "by_kind": _by(judged, lambda one: one.utterance.kind),
    }
    return SuiteResult(f"routing {path.stem}", len(judged), tuple(wrong), metrics, unseen)


def _by(judged: Sequence[Judged], group_of: Callable[[Judged], str]) -> Json:
    groups = dict.fromkeys(group_of(one) for one in judged)
    return {group: _figures([one for one in judged if group_of(one) == group]) for group in groups}


def _figures(judged: Sequence[Judged]) -> Json:
    """Shares; arguments are judged where a subagent takes some, and wrong where it is wrong."""
    taking = [one for one in judged if one.takes_arguments]
    return {
        "utterances": len(judged),
        "subagent": _share([one.right_subagents for one in judged]),
        "intent": _share([one.right_intents for one in judged]),
        "arguments_exact": _share([one.right_arguments for one in taking]),
    }


def _share(outcomes: Sequence[bool]) -> float | None:
    return round(sum(outcomes) / len(outcomes), 3) if outcomes else None
