"""One small cluster at one moment: its objects, events, logs and the truth about it."""

import random
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

# The letters Kubernetes makes generated names of: no vowels, nothing that looks like another.
SAFE_LETTERS = "bcdfghjklmnpqrstvwxz2456789"

EPOCH = datetime(2026, 2, 3, tzinfo=UTC)


@dataclass(frozen=True)
class LogKey:
    namespace: str
    pod: str
    container: str
    previous: bool = False


@dataclass
class World:
    """Everything of one case. `seed` decides the generated names and the moment, nothing else."""

    seed: str
    objects: list[Json] = field(default_factory=list[Json])
    logs: dict[LogKey, str] = field(default_factory=dict[LogKey, str])
    metrics: list[str] = field(default_factory=list[str])
    alerts: list[Json] = field(default_factory=list[Json])
    silences: list[Json] = field(default_factory=list[Json])
    rules: list[Json] = field(default_factory=list[Json])  # groups of a rule file
    changes: list[Json] = field(default_factory=list[Json])
    truth: Json = field(default_factory=dict[str, Any])
    cluster: str = ""
    layout: str = "kinds"  # kinds | list | json | dump

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)  # noqa: S311 - draws cases, guards nothing
        self.now = EPOCH + timedelta(minutes=self.dice.randrange(260 * 24 * 60))
        self._version = self.dice.randrange(4_000_000, 90_000_000)

    def add(self, one: Json) -> Json:
        self.objects.append(one)
        return one

    def letters(self, count: int) -> str:
        return "".join(self.dice.choice(SAFE_LETTERS) for _ in range(count))

    def uid(self) -> str:
        return str(uuid.UUID(int=self.dice.getrandbits(128), version=4))

    def version(self) -> str:
        self._version += self.dice.randrange(3, 900)
        return str(self._version)

    def moment(self, minutes: float) -> datetime:
        return self.now - timedelta(minutes=minutes)

    def ago(self, minutes: float) -> str:
        """The time so many minutes before the picture was taken, as the API server writes it."""
        return self.moment(minutes).strftime("%Y-%m-%dT%H:%M:%SZ")

    def meta(self, name: str, namespace: str = "", *, born: float = 60 * 24 * 30) -> Json:
        """Metadata of an object born so many minutes ago."""
        told: Json = {"name": name, "creationTimestamp": self.ago(born)}
        if namespace:
            told["namespace"] = namespace
        return {**told, "resourceVersion": self.version(), "uid": self.uid()}

    def log(
        self, pod: Json, container: str, *lines: tuple[float, str] | str, previous: bool = False
    ) -> None:
        """Keep lines: (minutes ago, text) as `kubectl logs --timestamps` prints them, or bare text."""
        told = [one if isinstance(one, str) else self._stamped(*one) for one in lines]
        metadata = pod["metadata"]
        key = LogKey(metadata["namespace"], metadata["name"], container, previous)
        self.logs[key] = "\n".join(told) + "\n"

    def _stamped(self, minutes: float, text: str) -> str:
        nanoseconds = self.dice.randrange(10**9)
        return f"{self.moment(minutes):%Y-%m-%dT%H:%M:%S}.{nanoseconds:09d}Z {text}"


def days(count: float) -> float:
    return count * 24 * 60


def hours(count: float) -> float:
    return count * 60


def labelled(one: Json, labels: Json) -> Json:
    one["metadata"]["labels"] = {**one["metadata"].get("labels", {}), **labels}
    return one


def annotated(one: Json, notes: Json) -> Json:
    one["metadata"]["annotations"] = {**one["metadata"].get("annotations", {}), **notes}
    return one
