"""What bounds changes: a policy that people wrote, and the changes there have been."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mcp_servers.facts.fixes import Level
from mcp_servers.facts.kubernetes import Ref


@dataclass(frozen=True, slots=True)
class Share:
    """What one person or program may have done in an hour; None: as much as all may together."""

    writes_per_hour: int | None = None
    objects_per_hour: int | None = None
    pods_per_hour: int | None = None
    namespaces_per_hour: int | None = 5


@dataclass(frozen=True, slots=True)
class Budget:
    """A share of their own for some. `subjects` are names, or beginnings of names before a `*`."""

    subjects: tuple[str, ...]
    share: Share

    def is_for(self, subject: str) -> bool:
        return any(
            subject.startswith(one[:-1]) if one.endswith("*") else subject == one
            for one in self.subjects
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one change and one hour may touch, and how long things take.

    Of the requests that changes make of the API server, as many as `api_errors_of_at_least` within
    `api_errors_within`, no more than `api_error_share` may stay without an answer.
    `settle` overrides how long a finding must stay gone, `deadline` how long a rollout may take;
    None: as the plan says. Of a change that nobody carries on, another process takes over when its
    `lease` is over.
    """

    objects: int = 5
    namespaces: int = 1
    pods: int = 10
    replica_factor: float = 2.0
    replica_delta: int = 5
    writes_per_hour: int = 10
    objects_per_hour: int = 10
    pods_per_hour: int = 30
    each: Share = field(default_factory=Share)
    after_rollback: timedelta = timedelta(minutes=30)
    repeats: int = 2
    repeats_within: timedelta = timedelta(hours=1)
    failures_in_a_row: int = 2
    failures_per_hour: int = 3
    api_error_share: float = 0.2
    api_errors_of_at_least: int = 10
    api_errors_within: timedelta = timedelta(minutes=10)
    approval: timedelta = timedelta(minutes=30)
    lease: timedelta = timedelta(seconds=20)
    poll: timedelta = timedelta(seconds=2)
    settle: timedelta | None = None
    deadline: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A set of changes; an empty field means any. `hours`: from, and up to but without, in UTC."""

    fixes: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()
    levels: frozenset[Level] = frozenset()
    hours: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """`allowed` are the namespaces that may be written to, empty: all but the protected ones.

    `unattended` may go without a person, `never` not at all. A requester may approve their own
    change up to the level `own`; None: never. Of `budgets` the first that is for somebody holds for
    them, in the place of what each may.
    """

    version: str = "built-in"
    allowed: frozenset[str] = frozenset()
    protected: frozenset[str] = frozenset()
    unattended: tuple[Grant, ...] = ()
    never: tuple[Grant, ...] = ()
    own: Level | None = Level.MEDIUM
    limits: Limits = field(default_factory=Limits)
    budgets: tuple[Budget, ...] = ()

    def share_of(self, subject: str) -> Share:
        own = (one.share for one in self.budgets if one.is_for(subject))
        return next(own, self.limits.each)


@dataclass(frozen=True, slots=True)
class Past:
    """A change there has been: `status` as it ended, or running. `asked_back`: a person had it
    taken back, which says nothing against it. `writes` and `objects` are those it was planned to
    make and touch, `pods` those that it restarts, adds or takes away. `by` is who carried it out."""

    fix: str
    fingerprint: str
    target: Ref
    status: str
    started_at: datetime
    finished_at: datetime | None
    asked_back: bool = False
    writes: int = 1
    objects: int = 1
    pods: int = 0
    by: str = ""


@dataclass(frozen=True, slots=True)
class Size:
    """How much one change is."""

    writes: int
    objects: int
    pods: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that a change made of the API server, and whether it was answered."""

    at: datetime
    answered: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something may not be done: the name of a sentence and what fills it."""

    key: str
    params: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
