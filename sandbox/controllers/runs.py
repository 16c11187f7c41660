"""Where a kubelet is with one container: what its status says, and what comes next."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from sandbox.controllers.timing import moment
from sandbox.fields import number, section

Json = dict[str, Any]

FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 10.0, 300.0


class Stage(StrEnum):
    NEW = "new"
    PULLING = "pulling"
    PULL_FAILED = "pull failed"
    CONFIGURING = "configuring"
    RUNNING = "running"
    BACKING_OFF = "backing off"
    DONE = "done"


@dataclass
class Run:
    """`due` is when the next thing happens."""

    due: datetime
    stage: Stage = Stage.NEW
    state: Json = field(default_factory=lambda: {"waiting": {"reason": "ContainerCreating"}})
    last_state: Json = field(default_factory=dict[str, Any])
    restarts: int = 0
    ready: bool = False
    started: bool = False
    started_at: datetime | None = None
    image_id: str = ""
    container_id: str = ""
    pull_backoff_s: float = FIRST_BACKOFF_S
    restart_backoff_s: float = 0.0
    ever_ran: bool = False
    # Probe → when it is asked next, and how often it failed in a row.
    probes: dict[str, tuple[datetime, int]] = field(default_factory=dict[str, tuple[datetime, int]])

    @classmethod
    def of(cls, status: Json, now: datetime) -> Self:
        """A container of the picture, taken over where it stood."""
        state = section(status, "state")
        run = cls(
            due=now,
            last_state=section(status, "lastState"),
            restarts=number(status, "restartCount"),
            image_id=str(status.get("imageID") or ""),
            container_id=str(status.get("containerID") or ""),
            ready=bool(status.get("ready")),
            started=bool(status.get("started")),
        )
        run.state = state or run.state
        run.ever_ran = bool(run.last_state or run.restarts)
        if "running" in state:
            run.stage, run.ever_ran = Stage.RUNNING, True
            run.started_at = moment(section(state, "running").get("startedAt")) or now
        elif "terminated" in state:
            run.stage, run.ever_ran = Stage.DONE, True
        elif run.last_state:
            run.stage, run.restart_backoff_s = Stage.BACKING_OFF, LONGEST_BACKOFF_S
        return run

    @property
    def is_running(self) -> bool:
        return self.stage is Stage.RUNNING

    @property
    def succeeded(self) -> bool:
        return section(self.state, "terminated").get("exitCode") == 0

    def status(self, container: Json) -> Json:
        told: Json = {
            "name": container.get("name"),
            "image": container.get("image"),
            "imageID": self.image_id,
            "ready": self.ready,
            "started": self.started,
            "restartCount": self.restarts,
            "state": self.state,
            "lastState": self.last_state,
        }
        if self.container_id:
            told["containerID"] = self.container_id
        return told
