"""What Midwatch never writes, whoever asks."""

from mcp_servers.engines.templates import is_system_namespace
from mcp_servers.facts.kubernetes import Ref

# Kinds that a repair may write. What is not listed is at most proposed.
WRITTEN = frozenset(
    {"Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Service", "Node", "Pod"}
    | {"HorizontalPodAutoscaler", "PersistentVolumeClaim", "PrometheusRule"}
)
# Kinds of access, network and admission: proposals only.
PROPOSED = frozenset(
    {"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "NetworkPolicy", "ResourceQuota"}
    | {"LimitRange", "Ingress", "HTTPRoute", "PodSecurityPolicy", "Namespace"}
    | {"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "ServiceAccount"}
    | {"IngressClass", "Gateway", "GRPCRoute", "ReferenceGrant"}
)


def is_protected(namespace: str, protected: frozenset[str] = frozenset()) -> bool:
    """Whether a namespace is the cluster's own, an add-on's, or one that settings close."""
    return bool(namespace) and (is_system_namespace(namespace) or namespace in protected)


def forbidden(target: Ref, protected: frozenset[str] = frozenset()) -> str:
    """Why nothing is written or proposed there; "" when it may be."""
    if is_protected(target.namespace, protected):
        return "namespace_protected"
    return "" if target.kind in WRITTEN | PROPOSED else "kind_protected"
