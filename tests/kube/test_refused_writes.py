"""Repairs on a real API server whose admission changes its mind between the plan and the write."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from core.principal import Permission, Principal
from core.security.audit import AuditLog
from core.storage.database import Database
from core.storage.kept_fixes import KeptFixes
from mcp_servers.client import Connections, Tools, fix_desk, in_process
from tests.kube.deadline import eventually
from tests.kube.manifests import deployment
from tests.kube.server import Kube

pytestmark = pytest.mark.real_only("the practice cluster has no admission policies")

Json = dict[str, Any]
ANN = Principal("ann", permissions=frozenset(Permission))
BOB = replace(ANN, subject="bob", present=True)
DEPLOYMENTS = "deployments.apps"
POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
BINDINGS = POLICIES.replace("policies", "policybindings")
LIMITS = "[limits]\nsettle_s = 0.3\npoll_s = 0.2\ndeadline_s = 1\n"


@dataclass(frozen=True)
class People:
    """Ann asks and applies; bob approves with his own hand."""

    ann: Tools
    bob: Tools

    async def call(self, name: str, /, **arguments: Any) -> Json:
        who = self.bob if name == "autofix_approve" else self.ann
        return (await who.call(name, **arguments)).data


@asynccontextmanager
async def repairing(kube: Kube, folder: Path) -> AsyncGenerator[People]:
    (folder / "policy.toml").write_text(LIMITS)
    reach = Connections(kubeconfig=kube.server.kubeconfig, timeout_s=20)
    url = f"sqlite:///{folder / 'midwatch.db'}"
    async with Database.opened(url) as database, AuditLog(database) as audit:
        policy = folder / "policy.toml"
        desk = fix_desk(KeptFixes(database), key="a key of tests", policy_file=policy)
        async with in_process(reach, audit=audit, fixes=desk) as sessions:
            yield People(Tools(sessions, ANN), Tools(sessions, BOB))


async def approved(people: People, kube: Kube, replicas: int) -> str:
    wanted = {"change": "scale", "namespace": kube.namespace, "name": "web", "replicas": replicas}
    plan = await people.call("autofix_plan", **wanted)
    assert plan["plan_id"], plan["refused"]
    name = plan["steps"][0]["target"]["name"]
    await people.call("autofix_approve", plan_id=plan["plan_id"], typed_name=name)
    return str(plan["plan_id"])


def forbid(kube: Kube, condition: str) -> str:
    """From now on no more than two replicas in this namespace, where the condition holds."""
    name = f"few-{kube.namespace}"
    rule = {
        "apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["UPDATE"],
        "resources": ["deployments", "deployments/scale"],
    }  # fmt: skip
    few = "object.spec.replicas <= 2"
    spec: Json = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": f"!({condition}) || {few}", "message": "too many"}],
    }
    metadata = {"name": name}
    kube.http.post(POLICIES, json={"metadata": metadata, "spec": spec}).raise_for_status()
    here = {"matchLabels": {"kubernetes.io/metadata.name": kube.namespace}}
    binding: Json = {
        "policyName": name,
        "validationActions": ["Deny"],
        "matchResources": {"namespaceSelector": here},
    }
    kube.http.post(BINDINGS, json={"metadata": metadata, "spec": binding}).raise_for_status()
    return name


def is_forbidden(kube: Kube) -> bool:
    """Asked on another object, because a policy comes into force some seconds later."""
    return kube.patch(DEPLOYMENTS, "other", {"spec": {"replicas": 3}}).status_code == 422


def allow_again(kube: Kube, name: str) -> None:
    for path in (BINDINGS, POLICIES):
        kube.http.delete(f"{path}/{name}")


@pytest.mark.parametrize(
    ("condition", "status", "told"),
    [
        ("true", "refused", "The dry run fails now: "),
        # Whoever admits may tell a dry run from a write, and let only the first pass.
        ("request.dryRun == false", "failed", "The API server refused: "),
    ],
)
async def test_what_admission_forbids_by_the_time_it_is_written_changes_nothing(
    kube: Kube, tmp_path: Path, condition: str, status: str, told: str
) -> None:
    for name in ("web", "other"):
        kube.made(DEPLOYMENTS, deployment(name, replicas=1))
    async with repairing(kube, tmp_path) as people:
        plan_id = await approved(people, kube, 3)
        policy = forbid(kube, condition)
        try:
            eventually(lambda: is_forbidden(kube), patience_s=60)
            change = await people.call("autofix_apply", plan_id=plan_id, wait_s=60)
        finally:
            allow_again(kube, policy)
    assert change["status"] == status, change
    assert change["detail"].startswith(told)
    assert "too many" in change["detail"]
    assert "too many" in change["detail_in"]["zh"]
    assert kube.get(DEPLOYMENTS, "web").json()["spec"]["replicas"] == 1


async def test_what_others_wrote_in_between_is_not_written_over(kube: Kube, tmp_path: Path) -> None:
    kube.made(DEPLOYMENTS, deployment("web", replicas=1))
    async with repairing(kube, tmp_path) as people:
        plan_id = await approved(people, kube, 3)
        kube.patch(DEPLOYMENTS, "web", {"spec": {"replicas": 2}}).raise_for_status()
        change = await people.call("autofix_apply", plan_id=plan_id, wait_s=60)
    assert (change["status"], change["detail"]) == (
        "refused",
        (
            f"Deployment {kube.namespace}/web was changed since this was planned. "
            "Make a new plan of it as it is now."
        ),
    )
    assert kube.get(DEPLOYMENTS, "web").json()["spec"]["replicas"] == 2


async def test_what_does_not_become_ready_is_taken_back_on_a_real_server_too(
    kube: Kube, tmp_path: Path
) -> None:
    """No controller runs here, so that no rollout ever completes."""
    kube.made(DEPLOYMENTS, deployment("web", replicas=1))
    async with repairing(kube, tmp_path) as people:
        change = await people.call(
            "autofix_apply", plan_id=await approved(people, kube, 3), wait_s=60
        )
    assert change["status"] == "rolled_back", change
    assert [one["direction"] for one in change["steps"]] == ["forward", "back"]
    assert kube.get(DEPLOYMENTS, "web").json()["spec"]["replicas"] == 1
