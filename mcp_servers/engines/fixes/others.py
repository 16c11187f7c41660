"""What belongs to somebody else: an object that one workload may name and should not be led to."""

from mcp_servers.engines.config_references import references
from mcp_servers.engines.fields import section, text
from mcp_servers.engines.fixes.earlier import earlier
from mcp_servers.engines.grants import account_of, grants
from mcp_servers.engines.revisions import template_of
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource

# Labels and annotations that say whose an object is.
WHOSE = ("app.kubernetes.io/instance", "app.kubernetes.io/name", "app", "k8s-app")
RELEASE = "meta.helm.sh/release-name"
# Secrets that others make for themselves.
NOT_FOR_PODS = (
    "kubernetes.io/service-account-token",
    "bootstrap.kubernetes.io/token",
    "helm.sh/release.v1",
)
UNSHARED = ("Secret", "ServiceAccount")
NAMING = ("Deployment", "StatefulSet", "DaemonSet", "CronJob")


def is_of_others(cluster: Cluster, held: Resource, owner: Resource) -> bool:
    """Whether marks, an owner, its use or its rights say that it is not for this workload.

    A Secret or account that others use and that this workload never named is theirs; a ConfigMap
    may be shared.
    """
    if held.controller() is not None and text(held.controller() or {}, "name") != owner.name:
        return True
    if held.kind == "Secret" and text(held.raw, "type") in NOT_FOR_PODS:
        return True
    for name in WHOSE:
        theirs, ours = held.labels.get(name), owner.labels.get(name)
        if theirs and ours and theirs != ours:
            return True
    theirs, ours = held.annotations.get(RELEASE), owner.annotations.get(RELEASE)
    if theirs and ours and theirs != ours:
        return True
    if held.kind == "ServiceAccount" and _has_rights_everywhere(cluster, held.ref):
        return True
    return held.kind in UNSHARED and _is_used_by_others_alone(cluster, held.ref, owner)


def _has_rights_everywhere(cluster: Cluster, account: Ref) -> bool:
    """Whether a binding gives it rights in the whole cluster: nobody is led to those by a slip."""
    return any(
        grant.binding.kind == "ClusterRoleBinding" and account_of(one, grant.binding) == account
        for grant in grants(cluster)
        for one in grant.subjects
    )


def _is_used_by_others_alone(cluster: Cluster, held: Ref, owner: Resource) -> bool:
    templates = [template_of(owner), *(one.template for one in earlier(cluster, owner))]
    if any(_names(held, owner.namespace, one) for one in templates):
        return False
    return any(
        _names(held, one.namespace, template_of(one))
        for kind in NAMING
        for one in cluster.all(kind, held.namespace)
        if one.ref != owner.ref
    )


def _names(held: Ref, namespace: str, template: dict[str, object]) -> bool:
    if held.kind == "ServiceAccount":
        return text(template, "spec", "serviceAccountName") == held.name
    return any(one.target == held for one in references(namespace, section(template, "spec")))
