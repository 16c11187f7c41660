"""Hour by hour: what a container took is the larger of what it asked for and what it used."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mcp_servers.facts.money import Amounts

GIB = 2.0**30

Hours = Mapping[datetime, float]


@dataclass(slots=True)
class ContainerHours:
    """Means of hours, by the hour's end: cores and bytes. `present` is the part of it that it ran."""

    cpu_asked: dict[datetime, float] = field(default_factory=dict[datetime, float])
    cpu_used: dict[datetime, float] = field(default_factory=dict[datetime, float])
    memory_asked: dict[datetime, float] = field(default_factory=dict[datetime, float])
    memory_used: dict[datetime, float] = field(default_factory=dict[datetime, float])
    present: dict[datetime, float] = field(default_factory=dict[datetime, float])

    def taken(self, asked: Amounts) -> tuple[Amounts, Amounts]:
        """What was taken and what was used, summed over the hours in which it ran.

        `asked` (cores, GiB, GPUs) stands in for hours of which no measurement says what was
        asked for. A GPU is taken while the container runs: nobody else can have it.
        """
        took_cpu = took_memory = used_cpu = used_memory = 0.0
        for hour, part in self.present.items():
            cpu = self.cpu_used.get(hour, 0.0)
            memory = self.memory_used.get(hour, 0.0) / GIB * part
            wants_cpu = self.cpu_asked.get(hour, asked.cpu) * part
            memory_asked = self.memory_asked.get(hour)
            wants_memory = (asked.memory if memory_asked is None else memory_asked / GIB) * part
            took_cpu += max(cpu, wants_cpu)
            took_memory += max(memory, wants_memory)
            used_cpu += cpu
            used_memory += memory
        gpu = asked.gpu * sum(self.present.values())
        return Amounts(took_cpu, took_memory, gpu), Amounts(used_cpu, used_memory, gpu)

    @property
    def says_what_was_asked(self) -> bool:
        return bool(self.cpu_asked or self.memory_asked)


@dataclass(slots=True)
class Taken:
    """What a container took and used over all days that were added; its hours are forgotten."""

    took: Amounts = field(default_factory=Amounts)
    used: Amounts = field(default_factory=Amounts)
    was_asked: bool = False

    def add(self, hours: ContainerHours, asked: Amounts) -> None:
        took, used = hours.taken(asked)
        self.took, self.used = self.took + took, self.used + used
        self.was_asked |= hours.says_what_was_asked


def hours_since(created: datetime | None, seen: Iterable[datetime]) -> float:
    """For how many of the hours, named by their ends, something existed that was made at a time."""
    if created is None:
        return float(len(list(seen)))
    hour = timedelta(hours=1)
    return sum(min(max((end - created) / hour, 0.0), 1.0) for end in seen)
