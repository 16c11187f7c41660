"""The pod specs that people write: one for each workload, and one for a pod that has none."""

from collections.abc import Iterator
from dataclasses import dataclass

from mcp_servers.engines.fields import rows, section, text
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.topology import WORKLOAD_KINDS, pod_template, workloads
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource

# Namespaces of the cluster itself and of the add-ons that need its rights to do their work.
_SYSTEM = frozenset(
    {
        "kube-system", "kube-public", "kube-node-lease", "kube-flannel", "calico-system", "calico-apiserver",
        "tigera-operator", "cilium", "metallb-system", "istio-system", "linkerd", "linkerd-cni", "longhorn-system",
        "rook-ceph", "cert-manager", "ingress-nginx", "gatekeeper-system", "kyverno", "flux-system", "olm",
        "operators", "local-path-storage", "gpu-operator", "node-feature-discovery", "velero", "falco",
        "nvidia-gpu-operator", "olmv1-system", "gmp-system", "gke-managed-system", "kubevirt", "submariner-operator",
    }
)  # fmt: skip
_SYSTEM_PREFIXES = (
    "kube-",
    "openshift",
    "cattle-",
    "capi-",
    "capz-",
    "capa-",
    "gke-",
    "eks-",
    "aks-",
)


def is_system_namespace(name: str) -> bool:
    """Whether a namespace belongs to the cluster, not to those who run things on it."""
    return name in _SYSTEM or name.startswith(_SYSTEM_PREFIXES)


@dataclass(frozen=True)
class Template:
    """A pod spec and the object that holds it; `path` leads from the object to the spec."""

    owner: Resource
    spec: Json
    path: str

    @property
    def service_account(self) -> str:
        return text(self.spec, "serviceAccountName") or "default"

    def containers(self) -> Iterator[tuple[str, Json]]:
        """Each container with its path, init containers first."""
        for part in ("initContainers", "containers"):
            for one in rows(self.spec, part):
                yield f"{self.path}.{part}[{text(one, 'name')}]", one


def templates(cluster: Cluster) -> list[Template]:
    """Every workload's, and a pod's own where nobody in sight made it from a template. Of the pods
    of one owner that is not in sight, one stands for all."""
    found = (one for one in _templates(cluster) if rows(one.spec, "containers"))
    return cluster.derived("templates", lambda: list(found))


def _templates(cluster: Cluster) -> Iterator[Template]:
    told: set[Ref] = set()
    for workload in workloads(cluster):
        told.add(workload.ref)
        spec = section(pod_template(workload), "spec")
        yield Template(workload, spec, _path(workload.kind))
    for pod in cluster.all("Pod"):
        owner = top_owner(cluster, pod)
        if owner in told or owner.kind == "Node":
            continue
        told.add(owner)
        if cluster.get(owner) is None or owner == pod.ref or owner.kind not in WORKLOAD_KINDS:
            yield Template(pod, pod.spec, ".spec")


def _path(kind: str) -> str:
    return ".spec.jobTemplate.spec.template.spec" if kind == "CronJob" else ".spec.template.spec"
