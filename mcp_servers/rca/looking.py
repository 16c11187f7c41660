"""The diagnosers for another server, which is handed them at start."""

from dataclasses import dataclass, replace

from core.principal import Principal
from mcp_servers.engines.rca_ranking import RootCause, rank
from mcp_servers.facts.findings import Finding
from mcp_servers.facts.kubernetes import Cluster
from mcp_servers.rca.gather_repairs import with_repairs_in
from mcp_servers.rca.shapes import Language
from mcp_servers.rca.study import Asked, Hands, Study, in_scope, study
from mcp_servers.rca.texts import Texts


@dataclass(frozen=True)
class Looked:
    """One look: the whole cluster, all its findings, and those about what was asked.

    `hands` see no more than who asked.
    """

    studied: Study
    hands: Hands

    @property
    def cluster(self) -> Cluster:
        return self.studied.cluster

    @property
    def findings(self) -> list[Finding]:
        return self.studied.findings

    @property
    def asked(self) -> list[Finding]:
        return [one for one in self.findings if in_scope(one, self.studied)]

    @property
    def causes(self) -> list[Finding]:
        """Of these, what an investigation names as roots, best first."""
        return [one.finding for one in self._roots if in_scope(one.finding, self.studied)]

    @property
    def behind(self) -> list[Finding]:
        """Roots elsewhere that explain something of what was asked about, best first."""
        return [
            one.finding
            for one in self._roots
            if not in_scope(one.finding, self.studied)
            and any(in_scope(each, self.studied) for each in one.explains)
        ]

    @property
    def _roots(self) -> tuple[RootCause, ...]:
        seen = self.studied
        namespace = seen.asked.namespace
        args = (seen.findings, seen.cluster, seen.topology)
        return rank(*args, focus=seen.focus, namespace=namespace).roots

    async def for_repairs(self, namespace: str, *, weeks: bool = False) -> "Looked":
        """The same look, with what repairs in this namespace need to know besides."""
        seen = await with_repairs_in(
            namespace, self.cluster, self.hands.kubernetes, self.hands.prometheus, weeks=weeks
        )
        return replace(self, studied=replace(self.studied, cluster=seen))


@dataclass(frozen=True, slots=True)
class Looking:
    hands: Hands

    async def look(
        self, caller: Principal, *, namespace: str = "", kind: str = "", name: str = ""
    ) -> Looked:
        """Raises `NotFound` for an unknown namespace or object."""
        studied = await study(self.hands, caller, Asked(namespace, kind, name))
        seeing = replace(self.hands, kubernetes=self.hands.kubernetes.seen_by(caller))
        return Looked(studied, seeing)

    async def title(self, finding: Finding, language: Language) -> str:
        rules = await self.hands.rules.rules()
        return Texts(language, rules.by_id).title(finding)
