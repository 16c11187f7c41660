"""The diagnosers for another server, which is handed them at start."""

from dataclasses import dataclass
from functools import cached_property

from core.principal import Principal
from mcp_servers.engines.rca_ranking import rank
from mcp_servers.facts.findings import Finding
from mcp_servers.facts.kubernetes import Cluster
from mcp_servers.rca.shapes import Language
from mcp_servers.rca.study import Asked, Hands, Study, in_scope, study
from mcp_servers.rca.texts import Texts


@dataclass(frozen=True)
class Looked:
    """One look: the whole cluster, all its findings, and those about what was asked."""

    studied: Study

    @property
    def cluster(self) -> Cluster:
        return self.studied.cluster

    @property
    def findings(self) -> list[Finding]:
        return self.studied.findings

    @property
    def asked(self) -> list[Finding]:
        return [one for one in self.findings if in_scope(one, self.studied)]

    @cached_property
    def causes(self) -> list[Finding]:
        """Of these, what an investigation names as roots, best first."""
        seen = self.studied
        ranking = rank(
            seen.findings,
            seen.cluster,
            seen.topology,
            focus=seen.focus,
            namespace=seen.asked.namespace,
        )
        return [one.finding for one in ranking.roots if in_scope(one.finding, seen)]


@dataclass(frozen=True, slots=True)
class Looking:
    hands: Hands

    async def look(
        self, caller: Principal, *, namespace: str = "", kind: str = "", name: str = ""
    ) -> Looked:
        """Raises `NotFound` for an unknown namespace or object."""
        return Looked(await study(self.hands, caller, Asked(namespace, kind, name)))

    async def title(self, finding: Finding, language: Language) -> str:
        rules = await self.hands.rules.rules()
        return Texts(language, rules.by_id).title(finding)
