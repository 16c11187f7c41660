"""The real kubectl against the practice cluster."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.snapshot import LogKey, Snapshot

Kubectl = Callable[..., str]

pytestmark = pytest.mark.live

SHOP = ("-n", "shop")


def test_get_prints_the_usual_columns(kubectl: Kubectl) -> None:
    header, first, second = kubectl("get", "pods", *SHOP).splitlines()
    assert header.split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert first.split()[:4] == ["web-a", "1/1", "Running", "0"]
    assert second.split()[:3] == ["web-b", "0/1", "CrashLoopBackOff"]


def test_get_many_kinds_by_short_names(kubectl: Kubectl) -> None:
    printed = kubectl("get", "deploy,rs,svc,po,cm,pdb,wd", *SHOP, "-o", "name").split()
    assert "deployment.apps/web" in printed
    assert "widget.example.com/one" in printed


def test_get_as_yaml_and_by_json_path(kubectl: Kubectl) -> None:
    assert "kind: Deployment" in kubectl("get", "deploy/web", *SHOP, "-o", "yaml")
    assert kubectl("get", "deploy/web", *SHOP, "-o", "jsonpath={.spec.replicas}") == "2"


def test_describe_tells_a_pods_story(kubectl: Kubectl) -> None:
    printed = kubectl("describe", "pod", "web-b", *SHOP)
    assert re.search(r"Reason:\s+OOMKilled", printed)
    assert re.search(r"Warning\s+BackOff", printed)


@pytest.mark.parametrize(
    "kind", ["deploy", "rs", "svc", "cm", "secret", "pdb", "role", "rolebinding"]
)
def test_describe_works_for_the_usual_kinds(kubectl: Kubectl, kind: str) -> None:
    assert "Name:" in kubectl("describe", kind, *SHOP)


def test_describe_works_for_nodes_and_namespaces(kubectl: Kubectl) -> None:
    assert "node-a" in kubectl("describe", "node", "node-a")
    assert "Active" in kubectl("describe", "ns", "shop")


def test_logs_of_now_and_of_before(kubectl: Kubectl) -> None:
    assert kubectl("logs", "web-a", *SHOP, "--tail=1") == "line 10\n"
    assert "out of memory" in kubectl("logs", "web-b", *SHOP, "--previous")
    assert "previous terminated container" in kubectl("logs", "web-a", *SHOP, "-p")
    assert "Found 2 pods" in kubectl("logs", "deploy/web", *SHOP, "--tail=1")


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        ("strategic", '{"spec":{"replicas":7}}'),
        ("merge", '{"spec":{"replicas":7}}'),
        ("json", '[{"op":"replace","path":"/spec/replicas","value":7}]'),
    ],
)
def test_patches_of_every_type(kubectl: Kubectl, kind: str, patch: str) -> None:
    printed = kubectl("patch", "deploy", "web", *SHOP, "--type", kind, "-p", patch)
    assert printed == "deployment.apps/web patched\n"
    assert kubectl("get", "deploy/web", *SHOP, "-o", "jsonpath={.spec.replicas}") == "7"


MANIFEST = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made, namespace: shop}\ndata: {a: '%s'}\n"
)


def test_apply_from_the_client_and_from_the_server(kubectl: Kubectl) -> None:
    assert kubectl("apply", "-f", "-", told=MANIFEST % 1) == "configmap/made created\n"
    assert kubectl("apply", "-f", "-", told=MANIFEST % 1) == "configmap/made unchanged\n"
    assert kubectl("apply", "-f", "-", told=MANIFEST % 2) == "configmap/made configured\n"
    forced = kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", told=MANIFEST % 3)
    assert "configmap/made serverside-applied\n" in forced
    assert kubectl("get", "cm/made", *SHOP, "-o", "jsonpath={.data.a}") == "3"


def test_a_server_side_apply_meets_another_managers_value(kubectl: Kubectl) -> None:
    kubectl("apply", "--server-side", "--field-manager=one", "-f", "-", told=MANIFEST % 1)
    again = ("apply", "--server-side", "--field-manager=two", "-f", "-")
    assert 'conflict with "one": .data.a' in kubectl(*again, told=MANIFEST % 2)
    assert "serverside-applied" in kubectl(*again, "--force-conflicts", told=MANIFEST % 2)
    assert kubectl("get", "cm/made", *SHOP, "-o", "jsonpath={.data.a}") == "2"


def test_the_owners_of_fields_are_shown_on_request(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", told=MANIFEST % 1)
    shown = ("get", "cm/made", *SHOP, "-o", "yaml")
    assert "managedFields" not in kubectl(*shown)
    assert "manager: kubectl-client-side-apply" in kubectl(*shown, "--show-managed-fields")


def test_what_the_client_applied_the_server_goes_on_with(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", told=MANIFEST % 1)
    assert "serverside-applied" in kubectl("apply", "--server-side", "-f", "-", told=MANIFEST % 2)
    assert kubectl("get", "cm/made", *SHOP, "-o", "jsonpath={.data.a}") == "2"


def test_diff_and_dry_run_change_nothing(kubectl: Kubectl) -> None:
    printed = kubectl("apply", "--dry-run=server", "-f", "-", told=MANIFEST % 1)
    assert "created (server dry run)" in printed
    assert "NotFound" in kubectl("get", "cm/made", *SHOP)


def test_everyday_changes(kubectl: Kubectl) -> None:
    assert "scaled" in kubectl("scale", "deploy/web", *SHOP, "--replicas=3")
    assert "restarted" in kubectl("rollout", "restart", "deploy/web", *SHOP)
    assert "image updated" in kubectl("set", "image", "deploy/web", "app=shop/web:2", *SHOP)
    assert "labeled" in kubectl("label", "pod", "web-a", *SHOP, "x=y")
    assert "annotated" in kubectl("annotate", "pod", "web-a", *SHOP, "x=y")
    assert "cordoned" in kubectl("cordon", "node-a")
    assert "SchedulingDisabled" in kubectl("get", "node", "node-a")


def test_a_deleted_pod_is_gone(kubectl: Kubectl) -> None:
    assert 'pod "web-b" deleted' in kubectl("delete", "pod", "web-b", *SHOP)
    assert kubectl("get", "pod", "web-b", *SHOP) == (
        'Error from server (NotFound): pods "web-b" not found\n'
    )


def test_watching_a_list(kubectl: Kubectl) -> None:
    printed = kubectl("get", "pods", *SHOP, "-w", "--request-timeout=1s", "-o", "name")
    assert printed.splitlines()[:2] == ["pod/web-a", "pod/web-b"]


def test_waiting_for_a_condition_sees_a_change(kubectl: Kubectl) -> None:
    path = "jsonpath={.status.readyReplicas}=1"
    assert "condition met" in kubectl("wait", "deploy/web", *SHOP, f"--for={path}", "--timeout=2s")


def test_may_i_and_who_am_i(kubectl: Kubectl) -> None:
    assert kubectl("auth", "can-i", "delete", "pods") == "yes\n"
    assert kubectl("auth", "can-i", "list", "pods", *SHOP, "--as", "bob") == "yes\n"
    assert kubectl("auth", "can-i", "delete", "pods", *SHOP, "--as", "bob").startswith("no")
    told = json.loads(kubectl("auth", "whoami", "-o", "json", "--as", "bob"))
    assert told["status"]["userInfo"]["username"] == "bob"
    refused = kubectl("get", "secrets", *SHOP, "--as", "bob")
    assert 'User "bob" cannot list resource "secrets"' in refused


def test_events_are_chosen_and_sorted(kubectl: Kubectl) -> None:
    printed = kubectl("get", "events", *SHOP, "--field-selector", "type=Warning")
    assert "pod/web-b" in printed
    assert "pod/web-a" not in printed
    assert "BackOff" in kubectl("events", *SHOP, "--for", "pod/web-b")


def test_a_drain_respects_the_disruption_budget(kubectl: Kubectl) -> None:
    printed = kubectl("drain", "node-a", "--timeout=1s", "--force", "--ignore-daemonsets")
    assert "Cannot evict pod as it would violate the pod's disruption budget" in printed


def test_the_dump_that_kubectl_writes_is_a_snapshot(kubectl: Kubectl, tmp_path: Path) -> None:
    folder = tmp_path / "dump"
    kubectl("cluster-info", "dump", "--all-namespaces", "--output-directory", str(folder))
    snapshot = Snapshot.read(folder)
    kinds = {one["kind"] for one in snapshot.objects}
    assert {"Pod", "Deployment", "ReplicaSet", "Service", "Event", "Node", "Namespace"} <= kinds
    assert [line for _, line in snapshot.logs[LogKey("shop", "web-a", "app")].lines][
        -1
    ] == b"line 10"
