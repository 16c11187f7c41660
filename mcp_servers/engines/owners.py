"""Who would undo a change: autoscalers, repositories, charts and operators that own the object."""

from collections.abc import Iterator
from dataclasses import dataclass

from mcp_servers.engines.fields import rows, section, strings, text
from mcp_servers.engines.scalers import HPA, KEDA, VPA, scalers_by_target
from mcp_servers.engines.settling import is_terminating
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource

# Kinds that Kubernetes itself makes objects with; what any other kind made belongs to an operator.
_BUILT_IN = frozenset(
    {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "Node", "Service"}
    | {"ReplicationController", "Pod", "Namespace"}
)
MANAGED_BY = "app.kubernetes.io/managed-by"
# Waves, hooks and options are written for nobody else, also where its own mark is a common label.
ARGO_CD = "argocd.argoproj.io/"

# Annotations and labels that each tool leaves on what it applies. `app.kubernetes.io/instance` is
# not among them: many write it by hand.
_MARKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("argocd", ("argocd.argoproj.io/tracking-id", "argocd.argoproj.io/instance")),
    ("flux", ("kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name")),
    ("helm", ("meta.helm.sh/release-name",)),
    ("gitops", ("objectset.rio.cattle.io/id", "configmanagement.gke.io/managed")),
    ("gitops", ("kapp.k14s.io/app", "config.k8s.io/owning-inventory")),
    ("operator", ("olm.owner", "addonmanager.kubernetes.io/mode")),
)
# Field managers by a part of their name, as managedFields have them.
_MANAGERS: tuple[tuple[str, str], ...] = (
    ("argocd", "argocd"),
    ("kustomize-controller", "flux"),
    ("helm-controller", "flux"),
    ("fleet", "gitops"),
    ("config-sync", "gitops"),
    ("kapp-controller", "gitops"),
    ("terraform", "gitops"),
    ("pulumi", "gitops"),
)


@dataclass(frozen=True, slots=True)
class Owner:
    """Who would undo a change, and by what it is known.

    `by` is argocd, flux, helm, gitops, operator, hpa, keda or vpa.
    """

    by: str
    name: str


def manifest_owner(resource: Resource) -> Owner | None:
    """Who keeps the manifest of this object elsewhere and would write it again; None: nobody known.

    Told by owner references, then labels and annotations, then the managers of its fields.
    """
    owner = resource.controller()
    if owner is not None and text(owner, "kind") not in _BUILT_IN:
        return Owner("operator", f"{text(owner, 'kind')} {text(owner, 'name')}")
    return next(_by_marks(resource), None) or next(_by_managers(resource), None)


def _by_marks(resource: Resource) -> Iterator[Owner]:
    marks = {**strings(resource.metadata, "labels"), **strings(resource.metadata, "annotations")}
    for by, names in _MARKS:
        for name in names:
            if name in marks:
                yield Owner(by, marks[name].split(":")[0])
    if any(name.startswith(ARGO_CD) for name in marks):
        yield Owner("argocd", "")
    managed = marks.get(MANAGED_BY, "")
    if managed.lower() == "helm":
        yield Owner("helm", marks.get("app.kubernetes.io/instance", ""))
    elif "operator" in managed.lower():
        yield Owner("operator", managed)


def _by_managers(resource: Resource) -> Iterator[Owner]:
    for entry in rows(resource.metadata, "managedFields"):
        manager = text(entry, "manager").lower()
        if not section(entry, "fieldsV1", "f:spec"):
            continue  # who only writes a label or a status will not write the spec again
        if manager == "helm":
            yield Owner("helm", "")
        yield from (Owner(by, manager) for part, by in _MANAGERS if part in manager)


def replicas_owner(cluster: Cluster, target: Ref) -> Owner | None:
    """The autoscaler that sets the number of replicas."""
    scalers = [one for one in scalers_by_target(cluster).get(target, []) if not is_terminating(one)]
    for kind, by in ((KEDA, "keda"), (HPA, "hpa")):
        for one in scalers:
            if one.kind == kind:
                return Owner(by, one.name)
    return None


def resources_owner(cluster: Cluster, target: Ref) -> Owner | None:
    """The VerticalPodAutoscaler that writes requests and limits of the pods."""
    for one in scalers_by_target(cluster).get(target, []):
        mode = text(one.spec, "updatePolicy", "updateMode")
        if one.kind == VPA and mode != "Off" and not is_terminating(one):
            return Owner("vpa", one.name)
    return None
