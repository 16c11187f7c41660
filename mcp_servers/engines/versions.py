"""Kubernetes versions of a cluster, as its nodes and its own pods tell them."""

import re

from mcp_servers.engines.containers import containers
from mcp_servers.engines.fields import text
from mcp_servers.facts.kubernetes import Cluster, Resource

Minor = tuple[int, int]
API_SERVER = "kube-apiserver"

_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:[.+-].*)?$")


def minor_of(version: str) -> Minor | None:
    """Major and minor of `v1.32.4`, `v1.30.8-eks-2d5f260`; None for anything else."""
    match = _VERSION.match(version)
    return (int(match.group(1)), int(match.group(2))) if match else None


def kubelet_version(node: Resource) -> str:
    return text(node.status, "nodeInfo", "kubeletVersion")


def api_servers(cluster: Cluster) -> list[tuple[Resource, str]]:
    """The API server's pods with the version in their image, where the control plane is in sight."""
    found = [
        (pod, one.image.rpartition(":")[2])
        for pod in cluster.all("Pod", "kube-system")
        if pod.labels.get("component") == API_SERVER or pod.name.startswith(f"{API_SERVER}-")
        for one in containers(pod)
        if one.name == API_SERVER
    ]
    return [(pod, version) for pod, version in found if minor_of(version) is not None]


def server_minor(cluster: Cluster) -> Minor | None:
    """The API server's version; where it is not in sight, that of the newest node, which may not
    be newer than it."""
    stated = [version for _, version in api_servers(cluster)]
    told = stated or [kubelet_version(node) for node in cluster.all("Node")]
    known = [minor for one in told if (minor := minor_of(one)) is not None]
    return max(known, default=None)


def written(minor: Minor) -> str:
    return f"{minor[0]}.{minor[1]}"
