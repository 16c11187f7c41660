"""Which kinds the practice cluster serves: the standard ones, and those the snapshot brings."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.kubernetes_api.fields import at, entries, section, texts

Json = dict[str, Any]

READ_VERBS = ("get", "list", "watch")
ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
# The same in the order in which a server names them for custom kinds.
_CUSTOM_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource type in one version."""

    group: str
    version: str
    plural: str
    kind: str
    short: tuple[str, ...] = ()
    namespaced: bool = True
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    builtin: bool = True
    columns: tuple[Json, ...] = field(default=(), compare=False)
    stored_as: str = ""

    @property
    def group_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def key(self) -> str:
        """`deployments.apps`, as error messages write it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def resource(self) -> str:
        """What its objects are stored under, whichever version or group they are asked for in."""
        return self.stored_as or self.key

    @property
    def singular(self) -> str:
        return self.kind.lower()


_FEWER_VERBS = {
    "bindings": ("create",),
    "namespaces": tuple(verb for verb in ALL_VERBS if verb != "deletecollection"),
}


def _in(group: str, version: str, *rows: str) -> Iterator[Kind]:
    """Rows read "plural Kind short,names scope subresources,… category"; a dash is nothing."""
    for row in rows:
        plural, kind, short, scope, subresources, *categories = row.split()
        yield Kind(
            group,
            version,
            plural,
            kind,
            short=() if short == "-" else tuple(short.split(",")),
            namespaced=scope == "namespaced",
            subresources=() if subresources == "-" else tuple(subresources.split(",")),
            categories=tuple(categories),
            verbs=_FEWER_VERBS.get(plural, ALL_VERBS),
        )


STANDARD: tuple[Kind, ...] = (
    *_in(
        "",
        "v1",
        "bindings Binding - namespaced -",
        "configmaps ConfigMap cm namespaced -",
        "endpoints Endpoints ep namespaced -",
        "events Event ev namespaced -",
        "limitranges LimitRange limits namespaced -",
        "namespaces Namespace ns cluster status,finalize",
        "nodes Node no cluster status",
        "persistentvolumeclaims PersistentVolumeClaim pvc namespaced status",
        "persistentvolumes PersistentVolume pv cluster status",
        "pods Pod po namespaced status,log,eviction,binding,ephemeralcontainers,resize all",
        "podtemplates PodTemplate - namespaced -",
        "replicationcontrollers ReplicationController rc namespaced status,scale all",
        "resourcequotas ResourceQuota quota namespaced status",
        "secrets Secret - namespaced -",
        "serviceaccounts ServiceAccount sa namespaced -",
        "services Service svc namespaced status all",
    ),
    *_in(
        "apps",
        "v1",
        "controllerrevisions ControllerRevision - namespaced -",
        "daemonsets DaemonSet ds namespaced status all",
        "deployments Deployment deploy namespaced status,scale all",
        "replicasets ReplicaSet rs namespaced status,scale all",
        "statefulsets StatefulSet sts namespaced status,scale all",
    ),
    *_in(
        "batch",
        "v1",
        "cronjobs CronJob cj namespaced status all",
        "jobs Job - namespaced status all",
    ),
    *_in(
        "autoscaling",
        "v2",
        "horizontalpodautoscalers HorizontalPodAutoscaler hpa namespaced status all",
    ),
    *_in(
        "autoscaling",
        "v1",
        "horizontalpodautoscalers HorizontalPodAutoscaler hpa namespaced status all",
    ),
    *_in(
        "networking.k8s.io",
        "v1",
        "ingressclasses IngressClass - cluster -",
        "ingresses Ingress ing namespaced status",
        "ipaddresses IPAddress ip cluster -",
        "networkpolicies NetworkPolicy netpol namespaced -",
        "servicecidrs ServiceCIDR - cluster status",
    ),
    *_in("policy", "v1", "poddisruptionbudgets PodDisruptionBudget pdb namespaced status"),
    *_in("discovery.k8s.io", "v1", "endpointslices EndpointSlice - namespaced -"),
    *(
        replace(events, stored_as="events")
        for events in _in("events.k8s.io", "v1", "events Event ev namespaced -")
    ),
    *_in(
        "storage.k8s.io",
        "v1",
        "csidrivers CSIDriver - cluster -",
        "csinodes CSINode - cluster -",
        "csistoragecapacities CSIStorageCapacity - namespaced -",
        "storageclasses StorageClass sc cluster -",
        "volumeattachments VolumeAttachment - cluster status",
    ),
    *_in(
        "rbac.authorization.k8s.io",
        "v1",
        "clusterrolebindings ClusterRoleBinding - cluster -",
        "clusterroles ClusterRole - cluster -",
        "rolebindings RoleBinding - namespaced -",
        "roles Role - namespaced -",
    ),
    *_in("coordination.k8s.io", "v1", "leases Lease - namespaced -"),
    *_in("scheduling.k8s.io", "v1", "priorityclasses PriorityClass pc cluster -"),
    *_in("node.k8s.io", "v1", "runtimeclasses RuntimeClass - cluster -"),
    *_in(
        "certificates.k8s.io",
        "v1",
        "certificatesigningrequests CertificateSigningRequest csr cluster status",
    ),
    *_in(
        "apiextensions.k8s.io",
        "v1",
        "customresourcedefinitions CustomResourceDefinition crd,crds cluster status api-extensions",
    ),
    *_in(
        "apiregistration.k8s.io",
        "v1",
        "apiservices APIService - cluster status api-extensions",
    ),
    *_in(
        "admissionregistration.k8s.io",
        "v1",
        "mutatingwebhookconfigurations MutatingWebhookConfiguration - cluster - api-extensions",
        "validatingadmissionpolicies ValidatingAdmissionPolicy - cluster status api-extensions",
        "validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding - cluster - api-extensions",
        "validatingwebhookconfigurations ValidatingWebhookConfiguration - cluster - api-extensions",
    ),
    *_in(
        "flowcontrol.apiserver.k8s.io",
        "v1",
        "flowschemas FlowSchema - cluster status",
        "prioritylevelconfigurations PriorityLevelConfiguration - cluster status",
    ),
)

# Asked by POST and answered at once; nothing is kept.
REVIEWS: tuple[Kind, ...] = tuple(
    replace(kind, verbs=("create",))
    for kind in (
        *_in(
            "authorization.k8s.io",
            "v1",
            "localsubjectaccessreviews LocalSubjectAccessReview - namespaced -",
            "selfsubjectaccessreviews SelfSubjectAccessReview - cluster -",
            "selfsubjectrulesreviews SelfSubjectRulesReview - cluster -",
            "subjectaccessreviews SubjectAccessReview - cluster -",
        ),
        *_in(
            "authentication.k8s.io",
            "v1",
            "selfsubjectreviews SelfSubjectReview - cluster -",
        ),
    )
)


# The groups of a real server, in the order in which clients look through them.
_RANKS = {
    group: rank
    for rank, group in enumerate(
        (
            "", "apiregistration.k8s.io", "apps", "events.k8s.io", "authentication.k8s.io",
            "authorization.k8s.io", "autoscaling", "batch", "certificates.k8s.io",
            "networking.k8s.io", "policy", "rbac.authorization.k8s.io", "storage.k8s.io",
            "admissionregistration.k8s.io", "apiextensions.k8s.io", "scheduling.k8s.io",
            "coordination.k8s.io", "node.k8s.io", "discovery.k8s.io", "resource.k8s.io",
            "flowcontrol.apiserver.k8s.io",
        )
    )
}  # fmt: skip


class Kinds:
    """The kinds served now, found by path or by what an object says of itself."""

    def __init__(self, kinds: Iterable[Kind] = (*STANDARD, *REVIEWS)) -> None:
        self._standard = tuple(kinds)
        self._by_path: dict[tuple[str, str, str], Kind] = {}
        self._by_kind: dict[tuple[str, str], Kind] = {}
        self._guessed: list[Kind] = []
        self.learn(())

    def learn(self, definitions: Iterable[Json]) -> None:
        """Serve the standard kinds, what these CustomResourceDefinitions define, and guesses."""
        self._by_path.clear()
        self._by_kind.clear()
        custom = (kind for definition in definitions for kind in _defined_by(definition))
        for kind in (*self._standard, *custom, *self._guessed):
            self._by_path.setdefault((kind.group, kind.version, kind.plural), kind)
            self._by_kind.setdefault((kind.group_version, kind.kind), kind)

    def add(self, kind: Kind) -> None:
        """Serve one more standard kind."""
        self._standard = (*self._standard, kind)
        self._by_path[kind.group, kind.version, kind.plural] = kind
        self._by_kind[kind.group_version, kind.kind] = kind

    def guess(self, one: Json) -> Kind:
        """The kind of an object whose definition the snapshot lacks: served by its usual plural."""
        group, _, version = str(one["apiVersion"]).rpartition("/")
        namespaced = bool(one["metadata"].get("namespace"))
        known = next(
            (k for k in self._standard if k.group == group and k.kind == one["kind"]), None
        )
        kind = (
            replace(known, version=version)
            if known
            else Kind(
                group,
                version,
                _usual_plural(one["kind"]),
                one["kind"],
                namespaced=namespaced,
                builtin=False,
            )
        )
        self._guessed.append(kind)
        self._by_path[kind.group, kind.version, kind.plural] = kind
        self._by_kind[kind.group_version, kind.kind] = kind
        return kind

    def at(self, group: str, version: str, plural: str) -> Kind | None:
        return self._by_path.get((group, version, plural))

    def of(self, one: Json) -> Kind | None:
        return self._by_kind.get((str(one.get("apiVersion")), str(one.get("kind"))))

    def groups(self) -> dict[str, dict[str, list[Kind]]]:
        """group → version → kinds, in the order clients should prefer."""
        found: dict[str, dict[str, list[Kind]]] = {}
        for kind in self._by_path.values():
            found.setdefault(kind.group, {}).setdefault(kind.version, []).append(kind)
        return dict(sorted(found.items(), key=lambda one: _RANKS.get(one[0], len(_RANKS))))


def _defined_by(definition: Json) -> Iterator[Kind]:
    spec = section(definition, "spec")
    served = [version for version in entries(spec, "versions") if version.get("served", True)]
    for version in sorted(served, key=lambda one: not one.get("storage")):
        yield Kind(
            str(spec.get("group", "")),
            str(version.get("name", "")),
            str(at(spec, "names", "plural") or ""),
            str(at(spec, "names", "kind") or ""),
            short=tuple(texts(spec, "names", "shortNames")),
            namespaced=spec.get("scope") != "Cluster",
            categories=tuple(texts(spec, "names", "categories")),
            subresources=tuple(section(version, "subresources")),
            verbs=_CUSTOM_VERBS,
            builtin=False,
            columns=tuple(entries(version, "additionalPrinterColumns")),
        )


def _usual_plural(kind: str) -> str:
    word = kind.lower()
    if word.endswith(("s", "x", "ch", "sh")):
        return f"{word}es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}s"
