"""What a family of repairs is asked and what it answers, before protection and owners are judged."""

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from mcp_servers.facts.findings import Finding
from mcp_servers.facts.fixes import Advice, Level, Proposal, Request, Verb
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource

SETTLE = timedelta(seconds=30)
DEADLINE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Edit:
    """One object as it is and as it should be. `action` names the sentence, `params` fill it.

    `before` None: it is to be made; `after` None: it is to be evicted. `waits` False: the next one
    is what lets it take.
    """

    action: str
    before: Resource | None
    after: Json | None
    params: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    verb: Verb = Verb.STRATEGIC
    reversible: bool = True
    waits: bool = True


@dataclass(frozen=True, slots=True)
class Draft:
    """Edits in the order in which they are made.

    `lasting` False: nothing that a manifest says is changed, so that whoever owns the manifest
    need not be asked (a restart, an eviction).
    """

    edits: tuple[Edit, ...]
    base: Level = Level.MEDIUM
    lasting: bool = True
    settle: timedelta = SETTLE
    deadline: timedelta = DEADLINE


Outcome = Draft | Proposal | Advice


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to repair: a finding, or what a person asked for."""

    fix: str
    cluster: Cluster
    target: Ref
    rule: str = ""
    finding: Finding | None = None
    request: Request | None = None

    @property
    def container(self) -> str:
        return self.finding.container if self.finding else ""

    def told(self, name: str) -> str:
        """What the finding says under this name; "" when it says nothing."""
        return str(self.finding.params.get(name, "")) if self.finding else ""

    def advice(self, why: str, **params: object) -> Advice:
        return Advice(self.fix, self.rule, self.target, why, _texts(params))

    def proposal(
        self, before: Resource | None, after: Json, why: str, **params: object
    ) -> Proposal:
        raw = before.raw if before else None
        target = before.ref if before else ref_of(after)
        return Proposal(self.fix, self.rule, target, raw, after, why, _texts(params))

    def of(self, fix: str) -> "Case":
        """The same case for another repair."""
        return replace(self, fix=fix)


Repairer = Callable[[Case], Outcome]


def ref_of(raw: Json) -> Ref:
    return Resource(raw).ref


def edit(action: str, before: Resource, change: Callable[[Json], None], **params: object) -> Edit:
    """An edit of a live object: `change` is given a copy to alter."""
    after = copy.deepcopy(before.raw)
    change(after)
    return Edit(action, before, after, _texts(params))


def single(step: Edit, base: Level = Level.MEDIUM, *, lasting: bool = True) -> Draft:
    return Draft((step,), base, lasting)


def _texts(params: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in params.items()}


def named(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(one for one in names if one))
