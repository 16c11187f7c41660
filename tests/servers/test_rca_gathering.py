"""What an investigation reads beyond the kinds that every cluster has, over the wire."""

import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from core.principal import Permission, Principal
from mcp_servers.client import Connections, Tools, in_process
from sandbox.server import serving
from tests.certificates import certificate
from tests.factories import NOW, condition, stamp, thing, workload

ANN = Principal(subject="ann", permissions=frozenset(Permission))
SHOPKEEPER = Principal(
    subject="cy", permissions=frozenset(Permission), namespaces=frozenset({"shop"})
)


def write(folder: Path, *objects: dict[str, Any]) -> None:
    place = thing("Namespace", "shop", status={"phase": "Active"})
    told = [place, *workload(), *objects]
    (folder / "objects").mkdir()
    (folder / "objects" / "all.yaml").write_text(yaml.safe_dump_all(told))
    (folder / "snapshot.yaml").write_text(f"cluster: quay\ncaptured_at: '{NOW.isoformat()}'\n")


@asynccontextmanager
async def cluster_of(
    folder: Path, *objects: dict[str, Any], principal: Principal = ANN
) -> AsyncGenerator[Tools]:
    write(folder, *objects)
    async with (
        serving(folder) as addresses,
        in_process(Connections(kubeconfig=addresses.kubeconfig)) as sessions,
    ):
        yield Tools(sessions, principal)


async def rules(mine: Tools) -> set[str]:
    answer = (await mine.call("rca_list_findings")).data
    return {one["rule"] for one in answer["findings"]}


def stuck() -> dict[str, Any]:
    """A custom resource that was deleted an hour ago."""
    made = thing("Database", "orders", spec={"size": "small"})
    made["apiVersion"] = "databases.example.com/v1"
    held = {"deletionTimestamp": stamp(60), "finalizers": ["databases.example.com/backup"]}
    made["metadata"].update(held)
    return made


async def test_a_custom_resource_that_was_deleted_and_stays_is_found(tmp_path: Path) -> None:
    async with cluster_of(tmp_path, stuck()) as mine:
        assert "object.finalizer_stuck" in await rules(mine)


async def test_a_question_about_a_namespace_finds_why_it_stays(tmp_path: Path) -> None:
    failed = "unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: stale"
    leaving = thing("Namespace", "legacy")
    leaving["metadata"]["deletionTimestamp"] = stamp(60)
    told = condition("NamespaceDeletionDiscoveryFailure", "True", message=failed)
    leaving["status"] = {"phase": "Terminating", "conditions": [told]}
    spec = {"group": "metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100}
    place = {"service": {"namespace": "shop", "name": "metrics"}, "versionPriority": 100}
    away = {"conditions": [condition("Available", "False", reason="ServiceNotFound")]}
    api = thing("APIService", "v1beta1.metrics.k8s.io", spec={**spec, **place}, status=away)
    async with cluster_of(tmp_path, leaving, api) as mine:
        answer = (await mine.call("rca_investigate", namespace="legacy")).data
    assert [one["rule"] for one in answer["root_causes"]] == ["apiservice.unavailable"]
    assert [one["rule"] for one in answer["symptoms"]] == ["ns.stuck_terminating"]


async def test_who_sees_some_namespaces_pays_for_no_custom_resources(tmp_path: Path) -> None:
    async with cluster_of(tmp_path, stuck(), principal=SHOPKEEPER) as mine:
        assert "object.finalizer_stuck" not in await rules(mine)


async def test_gateways_and_broken_kinds_are_read(tmp_path: Path) -> None:
    refused = condition("Programmed", "False", reason="AddressNotAssigned")
    gateway = thing("Gateway", "edge", spec={"gatewayClassName": "open", "listeners": []})
    accepted = {"conditions": [condition("Accepted", "True")]}
    names = {"kind": "Tide", "plural": "tides", "singular": "tide"}
    broken = thing(
        "CustomResourceDefinition",
        "tides.example.com",
        spec={
            "group": "example.com",
            "scope": "Namespaced",
            "names": names,
            "versions": [{"name": "v1", "served": True, "storage": True}],
        },
        status={"conditions": [condition("NonStructuralSchema", "True", reason="Violations")]},
    )
    objects = [
        {**gateway, "status": {"conditions": [refused]}},
        thing("GatewayClass", "open", spec={"controllerName": "a.example/b"}, status=accepted),
        broken,
    ]
    async with cluster_of(tmp_path, *objects) as mine:
        assert {"gateway.not_ready", "crd.broken"} <= await rules(mine)


async def test_autoscalers_of_add_ons_are_read(tmp_path: Path) -> None:
    failed = condition("Ready", "False", reason="ScaledObjectCheckFailed", message="no secret")
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}
    bounds = {"minReplicas": 1, "maxReplicas": 4}
    metrics = [{"type": "Resource", "resource": cpu}]
    queue = {"scaleTargetRef": {"name": "web"}, "triggers": [{"type": "kafka", "metadata": {}}]}
    objects = [
        thing("ScaledObject", "queue", spec=queue, status={"conditions": [failed]}),
        thing("VerticalPodAutoscaler", "web", spec={"targetRef": target}),
        thing(
            "HorizontalPodAutoscaler",
            "web",
            spec={"scaleTargetRef": target, "metrics": metrics, **bounds},
        ),
    ]
    async with cluster_of(tmp_path, *objects, principal=SHOPKEEPER) as mine:
        answer = (await mine.call("rca_list_findings")).data
    told = {one["rule"]: one for one in answer["findings"]}
    assert "no secret" in told["keda.not_ready"]["cause"]
    assert "VerticalPodAutoscaler web" in told["scaler.conflict"]["cause"]


async def test_a_certificate_is_read_for_its_names_and_its_key_is_not_shown(
    tmp_path: Path,
) -> None:
    pem = certificate("www.example.com", ends_at=NOW + timedelta(days=90))
    secret = thing("Secret", "shop-tls", type="kubernetes.io/tls")
    key = base64.b64encode(b"-----BEGIN PRIVATE KEY----- hush").decode()
    secret["data"] = {"tls.crt": base64.b64encode(pem).decode(), "tls.key": key}
    backend = {"service": {"name": "web", "port": {"number": 8080}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    spec = {
        "tls": [{"hosts": ["shop.example.com"], "secretName": "shop-tls"}],
        "rules": [{"host": "shop.example.com", "http": {"paths": paths}}],
    }
    async with cluster_of(tmp_path, secret, thing("Ingress", "front", spec=spec)) as mine:
        answer = (await mine.call("rca_list_findings")).data
    [told] = [one for one in answer["findings"] if one["rule"] == "tls.host_mismatch"]
    assert "www.example.com" in told["cause"]
    assert key not in str(answer)
    assert "PRIVATE" not in str(answer)
