"""Nodes that flap, report troubles of their own, promise too much, or are too old."""

import pytest

from mcp_servers.facts.kubernetes import Event, Json
from tests.factories import (
    cluster,
    condition,
    container,
    event,
    found,
    memory_series,
    node,
    pod,
    roots,
    rules,
    workload,
)


def flaps(of: Json, times: int, *, first: float = 50) -> list[Event]:
    return [
        event(of, "NodeNotReady", "node is not ready", count=times, first=first),
        event(of, "NodeReady", "node is ready", count=times, first=first, kind="Normal"),
    ]


def test_a_node_that_comes_and_goes_says_how_often() -> None:
    held = node()
    finding = found(cluster(held, events=flaps(held, 3)), "node.flapping")
    assert finding.params["times"] == "6"


@pytest.mark.parametrize(
    ("times", "first", "ready"),
    [(1, 50, "True"), (40, 900, "True"), (3, 50, "Unknown")],
    ids=["once", "counts of yesterday", "away now"],
)
def test_a_node_that_was_away_once_or_is_away_now_is_not_flapping(
    times: int, first: float, ready: str
) -> None:
    held = node(conditions=[condition("Ready", ready)])
    assert "node.flapping" not in rules(cluster(held, events=flaps(held, times, first=first)))


def test_what_a_problem_detector_reports_as_true_is_told() -> None:
    dead = condition("KernelDeadlock", "True", reason="DockerHung", message="task blocked")
    finding = found(cluster(node(conditions=[dead])), "node.custom_condition")
    assert (finding.params["condition"], finding.params["reason"]) == (
        "KernelDeadlock",
        "DockerHung",
    )


@pytest.mark.parametrize(
    ("kind", "status"),
    [("KernelDeadlock", "False"), ("ReadonlyFilesystem", "Unknown"), ("StorageReady", "True")],
)
def test_a_condition_that_is_false_or_good_news_is_silent(kind: str, status: str) -> None:
    assert rules(cluster(node(conditions=[condition(kind, status)]))) == set()


def asking(memory: str, limit: str = "") -> Json:
    limits = {"limits": {"memory": limit}} if limit else {}
    return container(resources={"requests": {"memory": memory}, **limits})


def test_a_node_whose_memory_is_all_requested_is_a_note_and_no_cause() -> None:
    full = [pod(spec={"containers": [asking("2600Mi")]}, name=f"web-{n}") for n in range(3)]
    of = cluster(node(), *full)
    assert found(of, "node.overcommitted").params["share"] == "95%"
    assert roots(of) == []


def test_limits_beyond_the_node_count_once_they_are_used() -> None:
    held = pod(spec={"containers": [asking("1Gi", "13Gi")]}, name="web-0")
    assert "node.overcommitted" not in rules(cluster(node(), held))
    used = memory_series(held, [7500.0, 7500.0])
    assert found(cluster(node(), held, series=[used]), "node.overcommitted").params["used"]


def test_an_ordinary_node_is_silent() -> None:
    assert rules(cluster(node(), *workload())) == set()


def of_version(version: str, name: str = "node-1") -> Json:
    made = node(name)
    made["status"]["nodeInfo"] = {"kubeletVersion": version}
    return made


def api_server(version: str) -> Json:
    image = f"registry.k8s.io/kube-apiserver:{version}"
    spec = {"containers": [container("kube-apiserver", image=image)]}
    labels = {"component": "kube-apiserver"}
    return pod(name="kube-apiserver-cp", namespace="kube-system", spec=spec, labels=labels)


@pytest.mark.parametrize("version", ["v1.33.0", "v1.28.9-eks-1"])
def test_a_kubelet_that_does_not_fit_the_server_names_both(version: str) -> None:
    of = cluster(of_version(version), api_server("v1.32.4"))
    finding = found(of, "node.version_skew")
    assert (finding.params["version"], finding.params["server"]) == (version, "1.32")
    assert roots(of) == []


def test_without_a_server_in_sight_nodes_are_compared_with_the_newest() -> None:
    of = cluster(of_version("v1.28.1"), of_version("v1.32.0", "node-2"))
    assert found(of, "node.version_skew").resource.name == "node-1"


@pytest.mark.parametrize("version", ["v1.32.9", "v1.29.0"])
def test_a_kubelet_within_three_minor_versions_is_silent(version: str) -> None:
    assert "node.version_skew" not in rules(cluster(of_version(version), api_server("v1.32.4")))
