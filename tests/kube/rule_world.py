"""A cluster that knows PrometheusRule, and a Midwatch over it that keeps rules and plans changes."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from core.principal import Permission, Principal
from core.security.audit import AuditLog
from core.security.encryption import Vault
from core.storage.database import Database
from core.storage.kept_alerts import KeptAlerts
from core.storage.kept_fixes import KeptFixes
from mcp_servers.client import Connections, Sessions, Tools, desk_over, fix_desk, in_process
from tests.kube.deadline import eventually
from tests.kube.manifests import DEFINITIONS
from tests.kube.server import Kube

Json = dict[str, Any]
ANN = Principal("ann", permissions=frozenset(Permission), present=True)
RULES = "prometheusrules.monitoring.coreos.com"
BRISK = "[limits]\nsettle_s = 0\npoll_s = 0.1\ndeadline_s = 30\n"


def definition() -> Json:
    """The part of the operator's definition that rules meet: what it demands and what it lets be."""
    span = {"type": "string", "pattern": "^(0|(([0-9]+)y)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$"}  # fmt: skip
    texts = {"type": "object", "additionalProperties": {"type": "string"}}
    rule = {
        "alert": {"type": "string"},
        "record": {"type": "string"},
        "expr": {"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": True},
        "for": span,
        "keep_firing_for": span,
        "labels": texts,
        "annotations": texts,
    }  # fmt: skip
    group = {
        "name": {"type": "string", "minLength": 1},
        "interval": span,
        "limit": {"type": "integer"},
        "rules": {"type": "array", "items": {"type": "object", "required": ["expr"], "properties": rule}},
    }  # fmt: skip
    groups = {
        "type": "array",
        "items": {"type": "object", "required": ["name"], "properties": group},
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
    }
    spec = {"type": "object", "properties": {"groups": groups}}
    schema = {"type": "object", "required": ["spec"], "properties": {"spec": spec}}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
    }
    names = {
        "plural": "prometheusrules", "singular": "prometheusrule",
        "kind": "PrometheusRule", "listKind": "PrometheusRuleList", "shortNames": ["promrule"],
    }  # fmt: skip
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": RULES},
        "spec": {
            "group": "monitoring.coreos.com", "names": names, "scope": "Namespaced",
            "versions": [version],
        },
    }  # fmt: skip


def with_definition(http: httpx2.Client) -> None:
    """Once a server; another test may have been first."""
    answer = http.post(DEFINITIONS, json=definition())
    assert answer.status_code in (201, 409), answer.text
    eventually(lambda: http.get("/apis/monitoring.coreos.com/v1/prometheusrules").is_success)


@dataclass(frozen=True)
class World:
    kube: Kube
    sessions: Sessions

    async def call(self, tool: str, **arguments: Any) -> Json:
        return (await Tools(self.sessions, ANN).call(tool, **arguments)).data

    async def store(self, text: str, based_on: int = 0, name: str = "web") -> None:
        asked = {"name": name, "text": text, "reason": "a test", "based_on": based_on}
        await self.call("alerting_set_rule_file", **asked, labels={"team": "web"})

    async def place(self, **labels: str) -> None:
        where = {"name": "here", "namespace": self.kube.namespace, "match": "team=web"}
        await self.call("alerting_set_rule_placement", **where, labels=labels)

    async def states(self) -> dict[str, str]:
        found = await self.call("alerting_list_rule_objects", placement="here")
        return {one["object"]: one["state"] for one in found["rows"]}

    async def plan(self) -> Json:
        [row] = (await self.call("alerting_render_rule_objects", placement="here"))["rows"]
        return await self.call("autofix_plan_rules", **row)

    async def bring(self) -> Json:
        """What differs, planned, agreed to and applied."""
        plan = await self.plan()
        assert plan["plan_id"], plan["refused"]
        await self.call("autofix_approve", plan_id=plan["plan_id"])
        return await self.call("autofix_apply", plan_id=plan["plan_id"], wait_s=60)

    def live(self, name: str = "midwatch-web") -> Json:
        answer = self.kube.get(RULES, name)
        assert answer.is_success, answer.text
        return answer.json()


@asynccontextmanager
async def rule_world(kube: Kube, folder: Path) -> AsyncGenerator[World]:
    (folder / "policy.toml").write_text(BRISK)
    url = f"sqlite:///{folder / 'midwatch.db'}"
    async with Database.opened(url) as database, AuditLog(database) as audit:
        fixes = fix_desk(
            KeptFixes(database), key="a key that seals", policy_file=folder / "policy.toml",
            stop_file=folder / "stop",
        )  # fmt: skip
        desk = desk_over(KeptAlerts(database), Vault.of("a key " * 8), practice=True)
        reach = Connections(kubeconfig=kube.server.kubeconfig, timeout_s=30)
        async with in_process(reach, audit=audit, fixes=fixes, desk=desk) as sessions:
            yield World(kube, sessions)
