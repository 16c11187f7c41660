"""The containers of a pod, spec and status joined by name, each with the part it plays."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from mcp_servers.engines.fields import rows, section, text, whole
from mcp_servers.facts.kubernetes import Json, Resource, moment


class Role(StrEnum):
    INIT = "init"
    SIDECAR = "sidecar"
    APP = "app"
    EPHEMERAL = "ephemeral"


@dataclass(frozen=True)
class Termination:
    """One end of a container, and where the pod's status tells of it."""

    raw: Json
    path: str

    @property
    def reason(self) -> str:
        return text(self.raw, "reason")

    @property
    def message(self) -> str:
        return text(self.raw, "message")

    @property
    def exit_code(self) -> int:
        """The exit code; 128 + signal when only the signal is given; -1 when nothing is."""
        signal = whole(self.raw, "signal")
        return whole(self.raw, "exitCode", default=128 + signal if signal else -1)

    @property
    def started_at(self) -> datetime | None:
        return moment(self.raw.get("startedAt"))

    @property
    def finished_at(self) -> datetime | None:
        return moment(self.raw.get("finishedAt"))


@dataclass(frozen=True)
class Container:
    """A container as asked for (`spec`) and as it is (`status`); either may be empty."""

    pod: Resource
    name: str
    role: Role
    spec: Json
    status: Json

    @property
    def path(self) -> str:
        kind = {Role.INIT: "initContainer", Role.SIDECAR: "initContainer"}.get(self.role)
        kind = "ephemeralContainer" if self.role is Role.EPHEMERAL else kind or "container"
        return f".status.{kind}Statuses[{self.name}]"

    @property
    def spec_path(self) -> str:
        kind = "initContainers" if self.role in (Role.INIT, Role.SIDECAR) else "containers"
        return f".spec.{kind}[{self.name}]"

    @property
    def waiting(self) -> Json:
        return section(self.status, "state", "waiting")

    @property
    def waiting_reason(self) -> str:
        return text(self.waiting, "reason")

    @property
    def waiting_message(self) -> str:
        return text(self.waiting, "message")

    @property
    def running_since(self) -> datetime | None:
        return moment(section(self.status, "state", "running").get("startedAt"))

    @property
    def running(self) -> bool:
        return "running" in section(self.status, "state")

    @property
    def ready(self) -> bool:
        return self.status.get("ready") is True

    @property
    def restarts(self) -> int:
        return whole(self.status, "restartCount")

    @property
    def image(self) -> str:
        return text(self.spec, "image") or text(self.status, "image")

    @property
    def terminations(self) -> list[Termination]:
        """The ends the status remembers, the newest first: of this instance, of the one before."""
        ends = [
            Termination(
                section(self.status, field, "terminated"), f"{self.path}.{field}.terminated"
            )
            for field in ("state", "lastState")
        ]
        return [end for end in ends if end.raw]

    def asks(self, section_name: str, resource: str) -> str:
        """A quantity as written: `asks("limits", "memory")`; "" when none is set."""
        return text(self.spec, "resources", section_name, resource)

    def probe(self, kind: str) -> Json:
        """The probe of this kind: readiness, liveness or startup."""
        return section(self.spec, f"{kind}Probe")

    @property
    def env(self) -> list[Json]:
        """The variables the spec sets one by one."""
        return rows(self.spec, "env")

    @property
    def command(self) -> list[str]:
        """Entry point and arguments as the spec overrides them."""
        words: list[Any] = [*(self.spec.get("command") or []), *(self.spec.get("args") or [])]
        return [str(word) for word in words]


def restart_policy(pod: Resource) -> str:
    return text(pod.spec, "restartPolicy") or "Always"


def containers(pod: Resource) -> tuple[Container, ...]:
    """Every container of the pod, init containers first, in the order of the spec."""
    # They name another view of the same object: kept by the pod itself they would make a circle,
    # which keeps a whole cluster in memory until Python looks for such, and it does rarely.
    return pod.derived("containers", lambda: tuple(_all(Resource(pod.raw))))


def _all(pod: Resource) -> Iterator[Container]:
    yield from _joined(pod, "initContainers", "initContainerStatuses")
    yield from _joined(pod, "containers", "containerStatuses")
    yield from _joined(pod, "ephemeralContainers", "ephemeralContainerStatuses")


def _joined(pod: Resource, specs_in: str, statuses_in: str) -> Iterator[Container]:
    specs = {text(spec, "name"): spec for spec in rows(pod.spec, specs_in)}
    statuses = {text(status, "name"): status for status in rows(pod.status, statuses_in)}
    for name in dict.fromkeys([*specs, *statuses]):
        spec = specs.get(name, {})
        yield Container(pod, name, _role(specs_in, spec), spec, statuses.get(name, {}))


def _role(specs_in: str, spec: Json) -> Role:
    if specs_in == "ephemeralContainers":
        return Role.EPHEMERAL
    if specs_in == "containers":
        return Role.APP
    return Role.SIDECAR if spec.get("restartPolicy") == "Always" else Role.INIT
