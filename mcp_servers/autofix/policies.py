"""The policy file: what may be written, what may go without a person, what never. TOML.

allowed = ["shop"]            # namespaces that may be written to; left out: all but protected
protected = ["payments"]      # besides kube-system, kube-public, kube-node-lease
own_approval = "medium"       # up to this level a requester may approve; "none": never

[limits]
objects = 5

[limits.each]                 # what one person or program may in an hour
writes_per_hour = 5

[[budgets]]                   # other bounds for some of them
subjects = ["nightly-*"]
writes_per_hour = 2

[[unattended]]                # goes without a person; there is none by default
fixes = ["fix.uncordon"]
namespaces = ["shop"]
levels = ["low"]
hours = [9, 17]               # UTC

[[never]]
fixes = ["fix.drain"]
"""

import hashlib
import tomllib
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import Invalid
from core.faults import Unfit, inside
from mcp_servers.autofix.refusing import SENTENCES
from mcp_servers.engines.fixes import FIXES
from mcp_servers.facts.fixes import Level
from mcp_servers.facts.guards import Budget, Grant, Limits, Policy, Share

# Where every pod finds the name of its own namespace.
HOME = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
Count = Annotated[int, Field(ge=1, le=1000)]
Hour = Annotated[int, Field(ge=0, le=24)]
Span = Annotated[float, Field(ge=0, le=7 * 24 * 3600)]


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Grant(_Told):
    fixes: list[str] = []
    namespaces: list[str] = []
    levels: list[Level] = []
    hours: tuple[Hour, Hour] | None = None

    def grant(self) -> Grant:
        unknown = sorted(set(self.fixes) - FIXES)
        if unknown:
            raise Unfit(SENTENCES.said("no_such_fix", fix=unknown[0]))
        named = frozenset(self.namespaces)
        return Grant(frozenset(self.fixes), named, frozenset(self.levels), self.hours)


class _Share(_Told):
    writes_per_hour: Count | None = None
    objects_per_hour: Count | None = None
    pods_per_hour: Count | None = None
    namespaces_per_hour: Count | None = 5

    def share(self) -> Share:
        return Share(**self.model_dump())


class _Budget(_Share):
    subjects: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]

    def budget(self) -> Budget:
        told = self.model_dump()
        return Budget(tuple(told.pop("subjects")), Share(**told))


class _Limits(_Told):
    objects: Count = 5
    namespaces: Count = 1
    pods: Count = 10
    replica_factor: Annotated[float, Field(ge=1, le=100)] = 2.0
    replica_delta: Count = 5
    writes_per_hour: Count = 10
    objects_per_hour: Count = 10
    pods_per_hour: Count = 30
    each: _Share = _Share()
    failures_in_a_row: Count = 2
    failures_per_hour: Count = 3
    api_error_share: Annotated[float, Field(ge=0, le=1)] = 0.2
    api_errors_of_at_least: Count = 10
    api_errors_within_s: Span = 600
    repeats: Count = 2
    after_rollback_s: Span = 1800
    repeats_within_s: Span = 3600
    approval_s: Span = 1800
    lease_s: Annotated[float, Field(ge=0.2, le=600)] = 20
    poll_s: Annotated[float, Field(ge=0.05, le=60)] = 2
    settle_s: Span | None = None
    deadline_s: Span | None = None

    def limits(self) -> Limits:
        plain = self.model_dump(exclude={"each"})
        spans = {name: plain.pop(name) for name in list(plain) if name.endswith("_s")}
        timed: dict[str, Any] = {
            name.removesuffix("_s"): None if value is None else timedelta(seconds=value)
            for name, value in spans.items()
        }
        return Limits(**plain, **timed, each=self.each.share())


def limits_told(limits: Limits) -> dict[str, Any]:
    """The limits by the names and in the units of the file."""

    def told(name: str) -> Any:
        value = getattr(limits, name.removesuffix("_s"))
        return value.total_seconds() if isinstance(value, timedelta) else value

    return {name: told(name) for name in _Limits.model_fields if name != "each"} | {
        "each": asdict(limits.each)
    }


class _File(_Told):
    allowed: list[str] = []
    protected: list[str] = []
    own_approval: Level | Literal["none"] = Level.MEDIUM
    limits: _Limits = _Limits()
    unattended: list[_Grant] = []
    never: list[_Grant] = []
    budgets: list[_Budget] = []


def read_policy(file: Path | None) -> Policy:
    """What the file says, or the built-in policy. Raises `Invalid` naming the file and the field."""
    if file is None:
        return Policy()
    try:
        text = file.read_bytes()
        told = _File.model_validate(tomllib.loads(text.decode("utf-8")))
        return _policy(told, hashlib.sha256(text).hexdigest()[:16])
    except OSError as error:
        why = str(error.strerror)
        raise SENTENCES.error(Invalid, "policy_unreadable", file=str(file), why=why) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        facts = {"file": str(file), "where": where, "why": inside(first)}
        raise SENTENCES.error(Invalid, "policy_field", **facts) from error
    except ValueError as error:  # no UTF-8, no TOML, or a fix that does not exist
        told = error.why.inside() if isinstance(error, Unfit) else str(error)
        raise SENTENCES.error(Invalid, "policy_wrong", file=str(file), why=told) from error


def with_home(policy: Policy, file: Path = HOME) -> Policy:
    """With the namespace protected in which this process itself runs, if it runs in a pod."""
    try:
        home = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return policy
    return replace(policy, protected=policy.protected | {home}) if home else policy


def _policy(told: _File, version: str) -> Policy:
    return Policy(
        version=version,
        allowed=frozenset(told.allowed),
        protected=frozenset(told.protected),
        unattended=tuple(one.grant() for one in told.unattended),
        never=tuple(one.grant() for one in told.never),
        own=None if told.own_approval == "none" else told.own_approval,
        limits=told.limits.limits(),
        budgets=tuple(one.budget() for one in told.budgets),
    )
