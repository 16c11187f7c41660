"""What became of a container: its state, its last state, and how often it was restarted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tools.stories.naming import digest
from tools.stories.times import stamp

Json = dict[str, Any]

# The kubelet waits 0, 10, 20, 40 … seconds before it starts a crashed container again.
FIRST_BACKOFF_S = 10
LONGEST_BACKOFF_S = 300
READY_AFTER = timedelta(seconds=9)


@dataclass(frozen=True)
class Run:
    """One start of a container; `ended` is None while it runs."""

    started: datetime
    ended: datetime | None = None
    exit_code: int = 0
    reason: str = "Completed"

    def running_at(self, at: datetime) -> bool:
        return self.started <= at and (self.ended is None or at < self.ended)

    def ready_at(self, at: datetime) -> bool:
        return self.started + READY_AFTER <= at and (self.ended is None or at < self.ended)

    def terminated(self) -> Json:
        if self.ended is None:
            raise ValueError("a running container has no terminated state")
        return {
            "terminated": {
                "containerID": f"containerd://{digest('run', self.started)}",
                "exitCode": self.exit_code,
                "finishedAt": stamp(self.ended),
                "reason": self.reason,
                "startedAt": stamp(self.started),
            }
        }


@dataclass(frozen=True)
class Life:
    """All runs of one container, oldest first, and why it waits if it does.

    `earlier` counts restarts whose runs are not told.
    """

    runs: tuple[Run, ...] = ()
    waiting: tuple[str, str] | None = None  # reason, message
    earlier: int = 0
    never_ready: bool = False

    @property
    def restarts(self) -> int:
        return max(len(self.runs) - 1, 0) + self.earlier

    @property
    def current(self) -> Run | None:
        return self.runs[-1] if self.runs and not self.waiting else None

    @property
    def last_ended(self) -> Run | None:
        ended = [run for run in self.runs if run.ended]
        return None if not ended or ended[-1] is self.current else ended[-1]

    def ready_at(self, at: datetime) -> bool:
        return not self.never_ready and any(run.ready_at(at) for run in self.runs)

    def state(self) -> Json:
        if self.waiting:
            reason, message = self.waiting
            return {
                "waiting": {"message": message, "reason": reason} if message else {"reason": reason}
            }
        run = self.runs[-1]
        return run.terminated() if run.ended else {"running": {"startedAt": stamp(run.started)}}


def running(since: datetime) -> Life:
    return Life((Run(since),))


def restarted_once(first: Run, since: datetime, *, earlier: int = 0) -> Life:
    """Runs since `since`, after `first` ended and possibly more before it."""
    return Life((first, Run(since)), earlier=earlier)


def waits(reason: str, message: str = "") -> Life:
    return Life(waiting=(reason, message))


def backoff_s(crashes: int) -> int:
    """How long the kubelet waits after this many crashes in a row."""
    return 0 if crashes <= 1 else min(FIRST_BACKOFF_S * 2 ** (crashes - 2), LONGEST_BACKOFF_S)


def crashing(
    started: datetime, lengths: Sequence[timedelta], *, pod: str, container: str, now: datetime,
    exit_code: int = 137, reason: str = "OOMKilled",
) -> Life:  # fmt: skip
    """Runs of the given lengths with the kubelet's waits between them, as far as `now`.

    `pod` is `name_namespace(uid)`, as the kubelet writes it.
    """
    runs: list[Run] = []
    for crashes, length in enumerate(lengths, start=1):
        if started + length > now:
            return Life((*runs, Run(started)))
        ended = started + length
        runs.append(Run(started, ended, exit_code, reason))
        started = ended + timedelta(seconds=backoff_s(crashes) + 1)
        if started > now:
            wait = _go_duration(backoff_s(crashes))
            text = f"back-off {wait} restarting failed container={container} pod={pod}"
            return Life(tuple(runs), waiting=("CrashLoopBackOff", text))
    raise ValueError("the runs end before the picture was taken: tell more of them")


def _go_duration(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
