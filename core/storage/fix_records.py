"""What is kept of repairs: plans, decisions, changes and their steps, locks, the breaker."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A proposed change. `body` holds its steps, preflight and risk as they were shown.

    `status`: proposed, approved, denied, or taken (a change was made of it). `requester` is who
    asked; `seal` covers everything that an approval is bound to but the approver.
    """

    id: str
    fix: str
    fingerprint: str
    namespace: str
    kind: str
    name: str
    requester: str
    level: str
    status: str
    created_at: datetime
    expires_at: datetime
    body: Body
    seal: str


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """What one person decided about one plan. `seal` binds it to the plan and the person."""

    plan_id: str
    approver: str
    approved: bool
    reason: str
    at: datetime
    seal: str


@dataclass(frozen=True, slots=True)
class RehearsalRow:
    """How a plan went on a copy of its cluster, the last time it was tried.

    `outcome`: that of the change there, refused (no plan was made of it there) or differs (another
    one was). `seal` binds it to the plan.
    """

    plan_id: str
    outcome: str
    at: datetime
    body: Body
    seal: str


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A plan that is carried out, once. `runner` carries it out until `lease_until`.

    `status`: running, undoing, verified, rolled_back, failed, refused or unknown. `body` holds
    what was found in the end; `sight` the namespaces of who applied it (None: all).
    """

    id: str
    plan_id: str
    fix: str
    fingerprint: str
    namespace: str
    kind: str
    name: str
    requester: str
    approvers: str
    applier: str
    status: str
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    runner: str
    lease_until: datetime
    body: Body = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether one more change may begin: `judge` raises why not, and is given those that began or
    ended `within` this time before it."""

    within: timedelta
    judge: Callable[[Sequence[ChangeRow]], None]


@dataclass(frozen=True, slots=True)
class StepRow:
    """How far one write of a change came. `direction`: forward or back.

    `state`: intended (about to be sent), written, skipped (was never written), verified, refused
    or unknown. `body` holds what the object was before and after.
    """

    change_id: str
    direction: str
    n: int
    state: str
    at: datetime
    body: Body = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class BatchRow:
    """Plans that are carried out one by one, in the order of `plans`. `runner` is at it until
    `lease_until`.

    `status`: running, done (all verified) or stopped; `body` holds at which plan and why.
    """

    id: str
    plans: list[str]
    applier: str
    status: str
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    runner: str
    lease_until: datetime
    body: Body = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class BreakerRow:
    """Whether writing is stopped, by whom and why; `at` is when it came to be so."""

    stopped: bool
    reason: str
    by: str
    at: datetime
