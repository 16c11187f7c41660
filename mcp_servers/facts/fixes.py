"""What a repair is: writes on objects with their way back, or why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Literal

from mcp_servers.facts.findings import Finding
from mcp_servers.facts.kubernetes import Json, Ref


class Level(StrEnum):
    """How much can go wrong. low: reversible, at most one of many restarts; medium: restarts with
    headroom; high: no headroom, a single replica, stateful, node, access, network; critical: data
    or the whole cluster."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def weight(self) -> int:
        """1 for low up to 4 for critical."""
        return 1 + list(Level).index(self)


class Verb(StrEnum):
    """The way a write reaches the API server."""

    STRATEGIC = "strategic"  # strategic merge patch; kinds that the API server defines itself
    MERGE = "merge"  # JSON merge patch; custom resources and scalar fields
    SCALE = "scale"  # merge patch of the scale subresource
    CREATE = "create"
    DELETE = "delete"  # only ever the way back of a create
    EVICT = "evict"  # the Eviction API, which honours PodDisruptionBudgets


@dataclass(frozen=True, slots=True)
class Write:
    """One call on one object. `body` is the patch, the object to create, or empty.

    `uid` and `resource_version` are those of the object the write was thought out for; a create
    has neither.
    """

    verb: Verb
    target: Ref
    body: Json = field(default_factory=dict[str, object], hash=False)
    uid: str = ""
    resource_version: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One write and its way back. `action` names the sentence that tells it, `params` fill it.

    `inverse` None: it cannot be taken back (a claim cannot shrink), or need not be (a restart).
    `waits` False: the step after it is what lets it take, so that nothing is waited for in between.
    """

    action: str
    write: Write
    inverse: Write | None
    params: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    waits: bool = True


@dataclass(frozen=True, slots=True)
class Risk:
    """Computed, never worded by a model. Each fact names its sentence and fills it."""

    level: Level
    facts: tuple[tuple[str, Mapping[str, str]], ...] = field(default=(), hash=False)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at before anyone is asked. `told` names its sentence, `params` fill it.

    `check` is access, schema, quota, pdb, owner, dry_run, protected or scheduling.
    """

    check: str
    ok: bool
    told: str
    params: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the diagnosers say after a change: whether the finding is gone, and what is new and at
    least as grave on the target or on what depends on it."""

    cleared: bool
    new: tuple[Finding, ...] = ()

    @property
    def verified(self) -> bool:
        return self.cleared and not self.new


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps that are done one by one, each only after the one before it verified.

    `settle` is how long the finding must stay gone; `deadline` how long a rollout may take.
    `finding` is the fingerprint of the finding it is for, "" for what a person asked for. `life` is
    how long what fails ran before it did, zero when that is not known.
    """

    fix: str
    rule: str
    target: Ref
    steps: tuple[Step, ...]
    base: Level
    settle: timedelta = timedelta(seconds=30)
    deadline: timedelta = timedelta(minutes=5)
    finding: str = ""
    life: timedelta = timedelta()

    @property
    def outlasts(self) -> bool:
        """Whether it is watched for longer than it took to fail before."""
        return self.settle > self.life


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a person may apply, here or as a pull request. Midwatch never writes it by itself.

    `why` names the reason (`owned_by_helm`, `always_proposed`); `before` is what stands there now,
    None for an object that is to be made.
    """

    fix: str
    rule: str
    target: Ref
    before: Json | None = field(hash=False)
    after: Json = field(hash=False)
    why: str
    params: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)


@dataclass(frozen=True, slots=True)
class Advice:
    """No safe repair: why not, and what a person should do. `why` names both sentences."""

    fix: str
    rule: str
    target: Ref
    why: str
    params: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)


Repair = Plan | Proposal | Advice


@dataclass(frozen=True, slots=True)
class AskedAmount:
    """A request or limit that a person named: set to an amount, more or less by one, or times one.

    `part` "": whichever of the two is meant by "its memory". `amount` is in cores or bytes, but for
    `*`, where it is a factor.
    """

    resource: Literal["cpu", "memory"]
    part: Literal["requests", "limits", ""]
    how: Literal["=", "+", "-", "*"]
    amount: Fraction


@dataclass(frozen=True, slots=True)
class Request:
    """A change that a person asked for, without a finding that calls for it.

    `fix` is one of the catalogue: `fix.scale` with `replicas`, `fix.restart`, `fix.rollback` with
    `revision` (0: the one before), `fix.uncordon`, `fix.cordon`, `fix.drain`, `fix.resume`,
    `fix.set_resources` with `amounts`, and the `container` where it is one of several.
    """

    fix: str
    target: Ref
    replicas: int | None = None
    revision: int = 0
    amounts: tuple[AskedAmount, ...] = ()
    container: str = ""
