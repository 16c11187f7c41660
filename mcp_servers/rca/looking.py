"""The diagnosers for another server, which is handed them at start."""

from dataclasses import dataclass

from core.principal import Principal
from mcp_servers.facts.findings import Finding
from mcp_servers.facts.kubernetes import Cluster
from mcp_servers.rca.shapes import Language
from mcp_servers.rca.study import Asked, Hands, in_scope, study
from mcp_servers.rca.texts import Texts


@dataclass(frozen=True, slots=True)
class Looked:
    """One look: the whole cluster, all its findings, and those about what was asked."""

    cluster: Cluster
    findings: list[Finding]
    asked: list[Finding]


@dataclass(frozen=True, slots=True)
class Looking:
    hands: Hands

    async def look(
        self, caller: Principal, *, namespace: str = "", kind: str = "", name: str = ""
    ) -> Looked:
        """Raises `NotFound` for an unknown namespace or object."""
        looked = await study(self.hands, caller, Asked(namespace, kind, name))
        asked = [one for one in looked.findings if in_scope(one, looked)]
        return Looked(looked.cluster, looked.findings, asked)

    async def title(self, finding: Finding, language: Language) -> str:
        rules = await self.hands.rules.rules()
        return Texts(language, rules.by_id).title(finding)
