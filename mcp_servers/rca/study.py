"""One look at a cluster: everything gathered, every diagnoser asked, the edges drawn."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta

from core.principal import Principal
from mcp_servers.backends.alertmanager import Alertmanager
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.backends.prometheus import Prometheus
from mcp_servers.engines.custom_rules import judge
from mcp_servers.engines.diagnose import diagnose
from mcp_servers.engines.diagnosers import ALL
from mcp_servers.engines.logged_calls import calls_told
from mcp_servers.engines.topology import Topology, topology
from mcp_servers.facts.findings import Finding
from mcp_servers.facts.kubernetes import Cluster, NotChecked, Ref, Resource
from mcp_servers.rca.expressions import Expressions
from mcp_servers.rca.gather import gather
from mcp_servers.rca.rule_files import NO_RULES, RuleSet
from mcp_servers.rca.rule_folder import RuleFolder
from mcp_servers.rca.rule_metrics import measure
from mcp_servers.rca.scope import (
    check_namespace,
    mentioned,
    namespace_mentioned,
    objects_named,
    standing_for,
)


@dataclass(frozen=True, slots=True)
class Hands:
    """The real systems an investigation asks, and the rules people added. Prometheus may be absent."""

    kubernetes: Kubernetes
    prometheus: Prometheus | None
    alertmanager: Alertmanager | None = None
    rules: RuleFolder = field(default_factory=RuleFolder)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question is about; empty fields mean everything.

    `words` is the question as it was put: names in it narrow the answer where `name` is empty.
    """

    namespace: str = ""
    kind: str = ""
    name: str = ""
    words: str = ""
    window: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Study:
    cluster: Cluster
    findings: list[Finding]
    topology: Topology
    focus: frozenset[Ref]
    asked: Asked
    rules: RuleSet = NO_RULES

    @property
    def checked(self) -> dict[str, int]:
        """How many objects of each kind were looked at, in the namespace asked about."""
        return dict(
            sorted(
                Counter(
                    one.kind
                    for one in self.cluster.resources
                    if not self.asked.namespace or one.namespace in ("", self.asked.namespace)
                ).items()
            )
        )


async def study(hands: Hands, caller: Principal, asked: Asked) -> Study:
    """Look at all the caller may see. Raises `NotFound` for an unknown namespace or object."""
    rules = await hands.rules.rules()
    cluster, (measured, missed) = await asyncio.gather(
        _gathered(hands, caller, asked), measure(hands.prometheus, rules.metrics)
    )
    check_namespace(cluster, asked.namespace)
    judged = judge(cluster, rules.rules, Expressions(), measured)
    cluster = replace(
        cluster,
        not_checked=(*cluster.not_checked, *missed, *judged.not_checked(), *_unread(rules)),
        thresholds=rules.thresholds,
    )
    findings = diagnose(cluster, (*ALL, lambda _: judged.findings))
    edges = topology(cluster, calls=calls_told(cluster, findings))
    objects = _objects(cluster, asked)
    if not objects and not asked.namespace:
        asked = replace(asked, namespace=namespace_mentioned(cluster, asked.words))
    return Study(cluster, findings, edges, standing_for(cluster, edges, objects), asked, rules)


def _unread(rules: RuleSet) -> list[NotChecked]:
    """Files of rules that were changed into something that is none."""
    if not rules.fault:
        return []
    facts = (("fault", rules.fault),)
    return [NotChecked("custom rules", rules.fault, notes_only=True, told="rules", facts=facts)]


def _objects(cluster: Cluster, asked: Asked) -> list[Resource]:
    if not asked.name:
        return mentioned(cluster, asked.words, namespace=asked.namespace)
    return objects_named(cluster, namespace=asked.namespace, kind=asked.kind, name=asked.name)


async def _gathered(hands: Hands, caller: Principal, asked: Asked) -> Cluster:
    """The whole cluster where that is allowed, because causes live in other namespaces too."""
    kubernetes, near = hands.kubernetes.seen_by(caller), asked.namespace
    alone = bool(near) and not await kubernetes.may("list", "Pod")
    return await gather(
        kubernetes,
        hands.prometheus,
        hands.alertmanager,
        window=asked.window,
        only=near if alone else "",
        near=near,
        pipeline=caller.namespaces is None and not alone,
    )


def in_scope(finding: Finding, looked: Study) -> bool:
    """Whether a finding is about what was asked."""
    refs = (finding.resource, *finding.affected)
    if looked.focus:
        return any(ref in looked.focus for ref in refs)
    namespace = looked.asked.namespace
    itself = Ref("Namespace", "", namespace)
    return not namespace or any(ref.namespace == namespace or ref == itself for ref in refs)
