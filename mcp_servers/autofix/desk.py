"""What the tools of this server work with: the hands, the store, the policy, the trail."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from core.clock import utc_now
from core.errors import NotFound, UpstreamUnavailable
from core.principal import Principal
from core.storage.fix_records import ChangeRow, PlanRow
from mcp_servers.access import AuditSink
from mcp_servers.autofix.refusing import SENTENCES, Language
from mcp_servers.backends import FixDesk, FixStore
from mcp_servers.backends.kubernetes_writing import KubernetesWriting
from mcp_servers.facts.findings import Finding
from mcp_servers.facts.guards import Asked, Past, Policy
from mcp_servers.facts.kubernetes import Cluster, Ref

# The breaker and the bounds of an hour look no further back.
LATELY = timedelta(hours=2)


class Sighting(Protocol):
    """One look: the whole cluster, all its findings, and those about what was asked."""

    @property
    def cluster(self) -> Cluster: ...

    @property
    def findings(self) -> Sequence[Finding]: ...

    @property
    def asked(self) -> Sequence[Finding]: ...

    @property
    def causes(self) -> Sequence[Finding]:
        """Of those asked about, what explains the others, best first."""
        ...

    @property
    def behind(self) -> Sequence[Finding]:
        """What explains something that was asked about and stands elsewhere, best first."""
        ...

    async def for_repairs(self, namespace: str, *, weeks: bool = False) -> "Sighting":
        """The same look, with what repairs in this namespace need to know besides; `weeks`: with
        what was used in the last two of them."""
        ...


class Looker(Protocol):
    """The diagnosers, handed in at start: those that found a fault judge its repair."""

    async def look(
        self, caller: Principal, *, namespace: str = "", kind: str = "", name: str = ""
    ) -> Sighting: ...

    async def title(self, finding: Finding, language: Language) -> str: ...


@dataclass(frozen=True)
class Desk:
    """`kept` None: nothing is kept here, so that plans can be shown but not approved."""

    writing: KubernetesWriting
    looker: Looker
    policy: Policy
    kept: FixDesk | None
    audit: AuditSink | None

    @property
    def store(self) -> FixStore:
        """Raises `UpstreamUnavailable` where there is no database."""
        return self.desk.store

    @property
    def desk(self) -> FixDesk:
        if self.kept is None:
            raise SENTENCES.error(UpstreamUnavailable, "no_database")
        return self.kept

    @property
    def trail(self) -> AuditSink:
        """Raises `UpstreamUnavailable` where nothing is written down: then nothing is changed."""
        if self.audit is None:
            raise SENTENCES.error(UpstreamUnavailable, "no_trail")
        return self.audit

    def seen_by(self, caller: Principal) -> "Desk":
        """The same with what this caller sees of the cluster, and may do there."""
        return replace(self, writing=self.writing.seen_by(caller))

    def counted(self) -> "Desk":
        """The same, with each request counted: too many without an answer stop all writing."""
        asked = self.desk.asked

        def counting(answered: bool) -> None:
            asked.append(Asked(utc_now(), answered))

        return replace(self, writing=replace(self.writing, counting=counting))

    def lease(self) -> datetime:
        return utc_now() + self.policy.limits.lease

    async def plan(self, plan_id: str, caller: Principal) -> PlanRow:
        """Raises `NotFound`, the same for what there is not and what the caller may not see."""
        row = await self.store.plan(plan_id)
        if row is None or not visible(caller, row.namespace):
            raise SENTENCES.error(NotFound, "no_plan", plan=plan_id)
        return row

    async def change(self, change_id: str, caller: Principal) -> ChangeRow:
        row = await self.store.change(change_id)
        if row is None or not visible(caller, row.namespace):
            raise SENTENCES.error(NotFound, "no_change", change=change_id)
        return row

    @property
    def memory(self) -> timedelta:
        """How far back changes count for whether one more may be made."""
        limits = self.policy.limits
        return max(LATELY, limits.after_rollback, limits.repeats_within)

    async def past(self) -> list[Past]:
        """The changes that count, the latest first."""
        return [past_of(one) for one in await self.store.changes_since(utc_now() - self.memory)]


def visible(caller: Principal, namespace: str) -> bool:
    """Nodes and other parts of the whole cluster are for those who see all of it."""
    return caller.sees(namespace) if namespace else caller.namespaces is None


def acting(caller: Principal) -> dict[str, Any]:
    """What is kept with a change of whose hands it is in, for whichever process carries it out."""
    seen = None if caller.namespaces is None else sorted(caller.namespaces)
    who = {"subject": caller.subject, "roles": sorted(caller.roles), "itself": caller.itself}
    return {"sight": seen, "acting": who}


def past_of(row: ChangeRow) -> Past:
    return Past(
        row.fix,
        row.fingerprint,
        Ref(row.kind, row.namespace, row.name),
        row.status,
        row.started_at,
        row.finished_at,
        bool(row.body.get("asked_back")),
        **dict(row.body.get("size") or {}),
        by=row.applier,
    )
