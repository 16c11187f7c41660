"""The faults that can be drawn, by the number of their class."""

from collections.abc import Callable
from dataclasses import dataclass

from evals.generated.scene import Scene

Told = Callable[[Scene], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """`needs` are the parts of a snapshot without which nobody could find it."""

    number: int
    name: str
    told: Told
    needs: frozenset[str]
    twin: bool

    @property
    def slug(self) -> str:
        return f"{self.number:03d}{'t' if self.twin else ''}-{self.name.replace('_', '-')}"


FAULTS: list[Fault] = []
# Worlds that only repairs are judged on: what a person asks for, and faults whose cure needs more
# to be known than a diagnosis does.
REPAIRS: list[Fault] = []


def fault(number: int, needs: str = "", *, twin: bool = False) -> Callable[[Told], Told]:
    """Register what makes a scene of this class; a twin is the same world without the fault."""

    def register(told: Told) -> Told:
        FAULTS.append(Fault(number, told.__name__, told, frozenset(needs.split()), twin))
        return told

    return register


def repair(number: int, needs: str = "") -> Callable[[Told], Told]:
    """The same for a world that only repairs are judged on."""

    def register(told: Told) -> Told:
        REPAIRS.append(Fault(number, told.__name__, told, frozenset(needs.split()), twin=False))
        return told

    return register
