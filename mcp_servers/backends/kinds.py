"""Which API path a Kubernetes kind lives at. The kinds every cluster has need no discovery."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from core.errors import Invalid
from mcp_servers.backends.sentences import SENTENCES

# DNS names, and the colons of RBAC names such as system:node.
POSSIBLE_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9._:]{0,251}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource type: `name` is the Kind, `plural` its place in the path."""

    name: str
    group: str  # "" for the core group
    version: str
    plural: str
    namespaced: bool = True
    short: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """As RBAC and people write it: `pods`, `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str = "", name: str = "") -> str:
        """The URL path of the collection or of one object; a cluster-scoped kind ignores the namespace.

        Raises `Invalid` for what could not be a name: it would reach another path.
        """
        if not all(POSSIBLE_NAME.fullmatch(part) for part in (namespace, name) if part):
            raise SENTENCES.error(Invalid, "no_possible_name", name=name or namespace)
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        within = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{root}{within}/{self.plural}" + (f"/{name}" if name else "")

    def spellings(self) -> Iterable[str]:
        """All lower-case words that mean this kind, with and without its group."""
        for word in {self.name.lower(), self.plural, *self.short}:
            yield word
            if self.group:
                yield f"{word}.{self.group}"


# Kind, plural, short names; an asterisk marks a cluster-scoped kind.


@dataclass
class Learnt:
    """What one connection found out about its cluster; shared by all its views."""

    words: dict[str, Kind] = field(default_factory=dict[str, Kind])
    namespaces: set[str] = field(default_factory=set[str])
    silent: dict[str, str] = field(default_factory=dict[str, str])


_TABLE = {
    "v1": """
        Pod pods po
        Service services svc
        Namespace* namespaces ns
        Node* nodes no
        ConfigMap configmaps cm
        Secret secrets
        Event events ev
        Endpoints endpoints ep
        PersistentVolumeClaim persistentvolumeclaims pvc
        PersistentVolume* persistentvolumes pv
        ServiceAccount serviceaccounts sa
        ReplicationController replicationcontrollers rc
        ResourceQuota resourcequotas quota
        LimitRange limitranges limits
    """,
    "apps/v1": """
        Deployment deployments deploy
        ReplicaSet replicasets rs
        StatefulSet statefulsets sts
        DaemonSet daemonsets ds
        ControllerRevision controllerrevisions
    """,
    "batch/v1": """
        Job jobs
        CronJob cronjobs cj
    """,
    "autoscaling/v2": "HorizontalPodAutoscaler horizontalpodautoscalers hpa",
    "policy/v1": "PodDisruptionBudget poddisruptionbudgets pdb",
    "networking.k8s.io/v1": """
        Ingress ingresses ing
        IngressClass* ingressclasses
        NetworkPolicy networkpolicies netpol
    """,
    "discovery.k8s.io/v1": "EndpointSlice endpointslices",
    "storage.k8s.io/v1": """
        StorageClass* storageclasses sc
        VolumeAttachment* volumeattachments
        CSINode* csinodes
        CSIDriver* csidrivers
    """,
    "rbac.authorization.k8s.io/v1": """
        Role roles
        RoleBinding rolebindings
        ClusterRole* clusterroles
        ClusterRoleBinding* clusterrolebindings
    """,
    "scheduling.k8s.io/v1": "PriorityClass* priorityclasses pc",
    "node.k8s.io/v1": "RuntimeClass* runtimeclasses",
    "coordination.k8s.io/v1": "Lease leases",
    "certificates.k8s.io/v1": "CertificateSigningRequest* certificatesigningrequests csr",
    "admissionregistration.k8s.io/v1": """
        ValidatingWebhookConfiguration* validatingwebhookconfigurations
        MutatingWebhookConfiguration* mutatingwebhookconfigurations
    """,
    "apiextensions.k8s.io/v1": "CustomResourceDefinition* customresourcedefinitions crd crds",
    "apiregistration.k8s.io/v1": "APIService* apiservices",
    # Not of every cluster. It is written, so that another group's kind of that name must not be meant.
    "monitoring.coreos.com/v1": "PrometheusRule prometheusrules promrule",
}


def _parsed(api_version: str, line: str) -> Kind:
    name, plural, *short = line.split()
    group, _, version = api_version.rpartition("/")
    namespaced = not name.endswith("*")
    return Kind(name.rstrip("*"), group, version, plural, namespaced, tuple(short))


BUILT_IN: tuple[Kind, ...] = (
    *(
        _parsed(api_version, line)
        for api_version, lines in _TABLE.items()
        for line in lines.strip().splitlines()
    ),
    # Only by kind: their plurals are those of Pod and Node.
    Kind("PodMetrics", "metrics.k8s.io", "v1beta1", "pods"),
    Kind("NodeMetrics", "metrics.k8s.io", "v1beta1", "nodes", namespaced=False),
)


def by_spelling(kinds: Iterable[Kind]) -> dict[str, Kind]:
    """Every word that means a kind; where two claim one, the first in order has it."""
    words: dict[str, Kind] = {}
    for kind in kinds:
        for word in kind.spellings():
            words.setdefault(word, kind)
    return words
