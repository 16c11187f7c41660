"""The hands: one real client for each external system."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from core.storage.fix_records import (
    Admission,
    BatchRow,
    BreakerRow,
    ChangeRow,
    DecisionRow,
    PlanRow,
    RehearsalRow,
    StepRow,
)
from core.storage.records import AcceptedRow, IncidentRow, QuestionRow
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.backends.billing import Billing

if TYPE_CHECKING:  # the hands are loaded by whoever connects them
    from mcp_servers.backends.alertmanager import Alertmanager
    from mcp_servers.backends.alertmanagers import Alertmanagers
    from mcp_servers.backends.foreign import ForeignServer
    from mcp_servers.backends.kubernetes import Kubernetes
    from mcp_servers.backends.opencost import OpenCost
    from mcp_servers.backends.prometheus import Prometheus
    from mcp_servers.facts.guards import Asked


@dataclass(frozen=True)
class ForeignAddress:
    """Where a server of others is and what it may be used for; see `core.settings.foreign`."""

    name: str
    url: str
    token: str = ""
    pin: str = ""
    timeout_s: float = 20.0


class Acceptances(Protocol):
    """Where it is remembered which tool lists were accepted; only a running service has one."""

    async def accepted(self, name: str) -> AcceptedRow | None: ...

    async def accept(self, name: str, digest: str, by: str) -> None: ...

    async def withdraw(self, name: str) -> bool: ...


class IncidentStore(Protocol):
    """Where incidents are remembered; only a running service has one."""

    async def keep(self, row: IncidentRow) -> None: ...

    async def latest(self, within: Collection[str] | None, *, limit: int) -> list[IncidentRow]: ...

    async def get(self, incident_id: str) -> IncidentRow | None: ...


class QuestionStore(Protocol):
    """Where it is remembered what the knowledge base was asked in vain; only a running service has one."""

    async def found_nothing(self, question: str) -> None: ...

    async def rate(
        self, question: str, *, helpful: bool, docs: Sequence[str], comment: str
    ) -> str: ...

    async def gaps(self, *, limit: int) -> list[QuestionRow]: ...

    async def forget(self, question_id: str) -> bool: ...


class FixStore(Protocol):
    """Where plans, decisions and changes are kept. What is moved on is moved by one alone."""

    async def add_plan(self, row: PlanRow) -> None: ...

    async def plan(self, plan_id: str) -> PlanRow | None: ...

    async def plans(self, *, limit: int) -> list[PlanRow]: ...

    async def decisions(self, plan_id: str) -> list[DecisionRow]: ...

    async def decide(self, row: DecisionRow, *, needed: int) -> None: ...

    async def put_rehearsal(self, row: RehearsalRow) -> None: ...

    async def rehearsal(self, plan_id: str) -> RehearsalRow | None: ...

    async def start(
        self, row: ChangeRow, *, subject: str, unattended: bool, admission: Admission | None = None
    ) -> None: ...

    async def take_over(
        self, change_id: str, runner: str, *, subject: str, now: datetime, lease_until: datetime
    ) -> bool: ...

    async def reopen(
        self,
        change_id: str,
        runner: str,
        *,
        subject: str,
        now: datetime,
        lease_until: datetime,
        body: Mapping[str, Any],
    ) -> bool: ...

    async def put_step(self, row: StepRow, *, runner: str, lease_until: datetime) -> None: ...

    async def keep(
        self,
        change_id: str,
        runner: str,
        *,
        status: str,
        now: datetime,
        lease_until: datetime,
        body: Mapping[str, Any] | None = None,
    ) -> None: ...

    async def finish(
        self, change_id: str, runner: str, *, status: str, now: datetime, body: Mapping[str, Any]
    ) -> None: ...

    async def change(self, change_id: str) -> ChangeRow | None: ...

    async def change_of(self, plan_id: str) -> ChangeRow | None: ...

    async def changes(self, *, limit: int) -> list[ChangeRow]: ...

    async def unfinished(self) -> list[ChangeRow]: ...

    async def changes_since(self, moment: datetime) -> list[ChangeRow]: ...

    async def steps(self, change_id: str) -> list[StepRow]: ...

    async def claim_batch(self, row: BatchRow) -> bool: ...

    async def keep_batch(self, row: BatchRow) -> None: ...

    async def batch(self, batch_id: str) -> BatchRow | None: ...

    async def batches(self, *, limit: int) -> list[BatchRow]: ...

    async def breaker(self) -> BreakerRow | None: ...

    async def set_breaker(self, row: BreakerRow) -> None: ...


Rehearse = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
# How many requests of changes are remembered, to see how many of them failed.
MOST_ASKED = 1000


@dataclass(frozen=True)
class FixDesk:
    """What it takes to change things: a store, the key of the seals, the files of the operator.

    While `stop_file` exists nothing is written. `rehearse` tries the arguments of autofix_plan on a
    copy of the cluster and answers with `outcome`, `plan`, `change` and `notes`; None: cannot be. `runner` names this process; `tasks` are the
    changes that it carries out now, `asked` the last requests that its changes made.
    """

    store: FixStore
    key: str = field(repr=False)
    runner: str
    policy_file: Path | None = None
    stop_file: Path | None = None
    rehearse: Rehearse | None = None
    tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict[str, asyncio.Task[None]])
    asked: "deque[Asked]" = field(default_factory=lambda: deque(maxlen=MOST_ASKED))

    async def close(self) -> None:
        """Leave what is under way as it is recorded; another process goes on with it."""
        for task in self.tasks.values():
            task.cancel()
        if self.tasks:
            await asyncio.wait(list(self.tasks.values()))


@dataclass(frozen=True, slots=True)
class KnowledgePlace:
    """Where the knowledge base lives, and what makes its vectors.

    `folder` None: the index is kept in memory. `sources` are kept in step with, beside what was
    added; `shipped`: the pages that come with Midwatch are part of it. With `redis_url` the index is
    in that Redis, below `redis_root`. `keeps_up`: vectors are made while others ask, too.
    `asked` is called whenever the base is asked something.
    """

    folder: Path | None = None
    sources: tuple[Path, ...] = ()
    shipped: bool = True
    embedder: str = "bundled"
    embedder_url: str = ""
    embedder_key: str = field(default="", repr=False)
    redis_url: str = field(default="", repr=False)
    redis_root: str = "midwatch:knowledge"
    keeps_up: bool = False
    questions: QuestionStore | None = None
    asked: Callable[[], None] | None = field(default=None, repr=False)


IN_MEMORY = KnowledgePlace()


@dataclass(frozen=True)
class Backends:
    """Every hand the servers may be given. Nothing here has been asked anything yet."""

    kubernetes: "Kubernetes"
    prometheus: "Prometheus"
    alertmanager: "Alertmanager"  # the first of the first cluster
    alertmanagers: "Alertmanagers"
    knowledge: KnowledgePlace = IN_MEMORY
    rules_folder: Path | None = None
    incidents: IncidentStore | None = None
    foreign: "tuple[ForeignServer, ...]" = ()
    acceptances: Acceptances | None = None
    fixes: FixDesk | None = None
    billing: Billing = field(default_factory=Billing)
    desk: Desk = field(default_factory=Desk)
    opencost: "OpenCost | None" = None

    async def close(self) -> None:
        if self.fixes:
            await self.fixes.close()
        self.kubernetes.close()
        await self.prometheus.close()
        await self.alertmanagers.close()
        for server in self.foreign:
            await server.close()
        if self.opencost:
            await self.opencost.close()
        await self.desk.wire.close()
