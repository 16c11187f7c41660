"""What a container should ask for, from what it used: the 95th percentile of CPU, the peak of memory.

The rule is that of KRR's simple strategy (Robusta): CPU at P95, memory at the peak and 15 %, after an
OOM kill at least a quarter above the limit that killed it. Ours besides: never a cut by more than a
step, none where an autoscaler measures by the request, none below a heap that was set.
"""

from dataclasses import dataclass
from typing import Literal

from mcp_servers.facts.kubernetes import Ref

Confidence = Literal["low", "medium", "high"]

MIB = 2**20
MEMORY_ROOM, OOM_ROOM, HEAP_ROOM = 1.15, 1.25, 1.25
LEAST_CPU, LEAST_MEMORY = 0.01, 100 * MIB
# Never cut more than by half at once: what was not seen in the history may be the peak.
MOST_CUT = 0.5
# Less than this shows no peak; a day shows no week; a fortnight is what people trust.
FEWEST_HOURS, FEW_HOURS, MANY_HOURS = 3, 7 * 24, 14 * 24 * 0.9
# Smaller changes are not worth a rollout.
WORTH = 0.10


@dataclass(frozen=True, slots=True)
class Seen:
    """One container of a workload, over all its pods. CPU in cores, memory in bytes; 0 is unset."""

    workload: Ref
    container: str
    pods: int
    hours: float
    cpu_p95: float
    memory_peak: float
    cpu_asked: float = 0.0
    memory_asked: float = 0.0
    memory_limit: float = 0.0
    oom_killed: bool = False
    heap: float = 0.0
    scaled_by: frozenset[str] = frozenset()  # resources whose share of the request an HPA watches


@dataclass(frozen=True, slots=True)
class Sized:
    """`cpu` and `memory` are None where nothing is to be changed; `why` says what held back."""

    seen: Seen
    cpu: float | None
    memory: float | None
    confidence: Confidence
    why: tuple[str, ...] = ()

    @property
    def cpu_freed(self) -> float:
        """Cores that all pods together ask for less; negative where they should ask for more."""
        return 0.0 if self.cpu is None else (self.seen.cpu_asked - self.cpu) * self.seen.pods

    @property
    def memory_freed(self) -> float:
        return (
            0.0 if self.memory is None else (self.seen.memory_asked - self.memory) * self.seen.pods
        )


def sized(seen: Seen) -> Sized:
    """What to ask for. With too short a history nothing, but more memory where it was too little."""
    if seen.hours < FEWEST_HOURS:
        memory = _memory(seen, []) if seen.oom_killed else None
        return Sized(seen, None, memory, "low", ("short", "oom") if seen.oom_killed else ("short",))
    why: list[str] = []
    cpu = _held("cpu", seen.cpu_asked, max(seen.cpu_p95, LEAST_CPU), seen, why)
    memory = _held("memory", seen.memory_asked, _memory(seen, why), seen, why)
    return Sized(seen, cpu, memory, _confidence(seen), tuple(dict.fromkeys(why)))


def _memory(seen: Seen, why: list[str]) -> float:
    wanted = max(seen.memory_peak * MEMORY_ROOM, LEAST_MEMORY)
    if seen.oom_killed:
        why.append("oom")
        wanted = max(wanted, seen.memory_limit * OOM_ROOM, seen.memory_asked)
    if seen.heap * HEAP_ROOM > wanted:
        why.append("heap")
        wanted = seen.heap * HEAP_ROOM
    return wanted


def _held(what: str, asked: float, wanted: float, seen: Seen, why: list[str]) -> float | None:
    """The wish, held by an autoscaler, by the step, and by whether it is worth it."""
    if what in seen.scaled_by:
        why.append("hpa")
        return None
    if not asked:
        why.append("unset")
        return wanted
    if wanted < asked * (1 - MOST_CUT):
        why.append("step")
        wanted = asked * (1 - MOST_CUT)
    return wanted if abs(wanted - asked) > WORTH * asked else None


def _confidence(seen: Seen) -> Confidence:
    if seen.hours < FEW_HOURS:
        return "low"
    return "high" if seen.hours >= MANY_HOURS else "medium"
