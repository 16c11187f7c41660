"""Rows of everything around pods: nodes, events, services, storage, access."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from sandbox.kubernetes_api.fields import at, entries, section, texts
from sandbox.kubernetes_api.tables.durations import age
from sandbox.kubernetes_api.tables.workloads import selector

Json = dict[str, Any]
Row = Callable[[Json, datetime], list[Any]]

_ROLE = "node-role.kubernetes.io/"
_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}


def _name(one: Json) -> str:
    return str(one["metadata"]["name"])


def _age(one: Json, now: datetime) -> str:
    return age(one["metadata"].get("creationTimestamp"), now)


def _or_none(value: Any) -> str:
    return str(value) if value not in {None, ""} else "<none>"


def node(one: Json, now: datetime) -> list[Any]:
    labels, info = section(one, "metadata", "labels"), section(one, "status", "nodeInfo")
    roles = [key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE)]
    addresses = {a.get("type"): a.get("address") for a in entries(one, "status", "addresses")}
    return [
        _name(one),
        _node_status(one),
        ",".join(sorted(roles)) or "<none>",
        _age(one, now),
        info.get("kubeletVersion", ""),
        _or_none(addresses.get("InternalIP")),
        _or_none(addresses.get("ExternalIP")),
        info.get("osImage", "<unknown>"),
        info.get("kernelVersion", "<unknown>"),
        info.get("containerRuntimeVersion", "<unknown>"),
    ]


def _node_status(one: Json) -> str:
    told = {c.get("type"): c.get("status") for c in entries(one, "status", "conditions")}
    word = "Unknown" if "Ready" not in told else "Ready" if told["Ready"] == "True" else "NotReady"
    return f"{word},SchedulingDisabled" if at(one, "spec", "unschedulable") else word


def event(one: Json, now: datetime) -> list[Any]:
    last = one.get("lastTimestamp") or at(one, "series", "lastObservedTime") or one.get("eventTime")
    first = one.get("firstTimestamp") or one.get("eventTime")
    about = section(one, "involvedObject")
    source = [
        at(one, "source", "component") or one.get("reportingComponent"),
        at(one, "source", "host"),
    ]
    return [
        age(last or one["metadata"].get("creationTimestamp"), now),
        one.get("type", ""),
        one.get("reason", ""),
        f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}",
        about.get("fieldPath", ""),
        ", ".join(str(part) for part in source if part),
        str(one.get("message", "")).strip(),
        age(first or last, now),
        at(one, "series", "count") or one.get("count") or 1,
        _name(one),
    ]


def service(one: Json, now: datetime) -> list[Any]:
    spec = section(one, "spec")
    ports = [
        f"{port.get('port')}{':' + str(port['nodePort']) if port.get('nodePort') else ''}/{port.get('protocol', 'TCP')}"
        for port in entries(spec, "ports")
    ]
    return [
        _name(one),
        spec.get("type", "ClusterIP"),
        _or_none(spec.get("clusterIP")),
        _external(one),
        ",".join(ports) or "<none>",
        _age(one, now),
        selector(spec.get("selector")),
    ]


def _external(one: Json) -> str:
    kind = at(one, "spec", "type")
    if kind == "ExternalName":
        return _or_none(at(one, "spec", "externalName"))
    found = [*_balancers(one), *texts(one, "spec", "externalIPs")]
    return ",".join(found) or ("<pending>" if kind == "LoadBalancer" else "<none>")


def _balancers(one: Json) -> Iterator[str]:
    for entry in entries(one, "status", "loadBalancer", "ingress"):
        yield str(entry.get("ip") or entry.get("hostname") or "")


def ingress(one: Json, now: datetime) -> list[Any]:
    hosts = [str(rule["host"]) for rule in entries(one, "spec", "rules") if rule.get("host")]
    return [
        _name(one),
        _or_none(at(one, "spec", "ingressClassName")),
        ",".join(hosts) or "*",
        ",".join(_balancers(one)),
        "80, 443" if entries(one, "spec", "tls") else "80",
        _age(one, now),
    ]


def endpoints(one: Json, now: datetime) -> list[Any]:
    shown = [
        f"{address.get('ip')}:{port.get('port')}"
        for subset in entries(one, "subsets")
        for address in entries(subset, "addresses")
        for port in entries(subset, "ports")
    ]
    more = f" + {len(shown) - 3} more..." if len(shown) > 3 else ""
    return [_name(one), (",".join(shown[:3]) or "<none>") + more, _age(one, now)]


def endpoint_slice(one: Json, now: datetime) -> list[Any]:
    ports = [str(port.get("port", "*")) for port in entries(one, "ports")]
    addresses = [
        address for entry in entries(one, "endpoints") for address in texts(entry, "addresses")
    ]
    return [
        _name(one),
        one.get("addressType", ""),
        ",".join(ports) or "<unset>",
        ",".join(addresses[:3]) or "<unset>",
        _age(one, now),
    ]


def claim(one: Json, now: datetime) -> list[Any]:
    status = (
        "Terminating" if one["metadata"].get("deletionTimestamp") else at(one, "status", "phase")
    )
    bound = at(one, "spec", "volumeName")
    return [
        _name(one),
        status or "",
        bound or "",
        (at(one, "status", "capacity", "storage") or "") if bound else "",
        _modes(texts(one, "status" if bound else "spec", "accessModes")) if bound else "",
        at(one, "spec", "storageClassName") or "",
        at(one, "status", "currentVolumeAttributesClassName") or "<unset>",
        _age(one, now),
        at(one, "spec", "volumeMode") or "Filesystem",
    ]


def volume(one: Json, now: datetime) -> list[Any]:
    claimed = section(one, "spec", "claimRef")
    return [
        _name(one),
        at(one, "spec", "capacity", "storage") or "",
        _modes(texts(one, "spec", "accessModes")),
        at(one, "spec", "persistentVolumeReclaimPolicy") or "",
        at(one, "status", "phase") or "",
        f"{claimed.get('namespace')}/{claimed.get('name')}" if claimed else "",
        at(one, "spec", "storageClassName") or "",
        at(one, "spec", "volumeAttributesClassName") or "<unset>",
        at(one, "status", "reason") or "",
        _age(one, now),
        at(one, "spec", "volumeMode") or "Filesystem",
    ]


def _modes(modes: list[str]) -> str:
    return ",".join(_MODES.get(mode, mode) for mode in modes)


def _data(one: Json) -> int:
    return len(section(one, "data")) + len(section(one, "binaryData"))


def _binding(one: Json, now: datetime) -> list[Any]:
    role = section(one, "roleRef")
    subjects = [
        ", ".join(_subject(each) for each in entries(one, "subjects") if each.get("kind") == kind)
        for kind in ("User", "Group", "ServiceAccount")
    ]
    return [_name(one), f"{role.get('kind')}/{role.get('name')}", _age(one, now), *subjects]


def _subject(told: Json) -> str:
    of_namespace = told.get("kind") == "ServiceAccount"
    return f"{told.get('namespace')}/{told.get('name')}" if of_namespace else str(told.get("name"))


def _quota(one: Json, now: datetime) -> list[Any]:
    hard, used = section(one, "status", "hard"), section(one, "status", "used")
    shown = {name: f"{name}: {used.get(name, 0)}/{bound}" for name, bound in sorted(hard.items())}
    limits = [text for name, text in shown.items() if name.startswith("limits.")]
    requests = [text for name, text in shown.items() if not name.startswith("limits.")]
    return [_name(one), ", ".join(requests), ", ".join(limits), _age(one, now)]


def _created(one: Json, _now: datetime) -> list[Any]:
    return [_name(one), one["metadata"].get("creationTimestamp")]


def _told(*paths: str, default: Any = "") -> Row:
    """Name, the fields at some dotted paths, age."""

    def row(one: Json, now: datetime) -> list[Any]:
        found = [at(one, *path.split(".")) for path in paths]
        return [
            _name(one),
            *(default if value is None else value for value in found),
            _age(one, now),
        ]

    return row


_BINDING = "Name Role Age | Users Groups ServiceAccounts"
ROWS: dict[str, tuple[str, Row]] = {
    "nodes": (
        "Name Status Roles Age Version | Internal-IP External-IP OS-Image Kernel-Version Container-Runtime",
        node,
    ),
    "events": (
        "Last_Seen Type Reason Object Subobject* Source* Message First_Seen* Count* Name*",
        event,
    ),
    "services": ("Name Type Cluster-IP External-IP Port(s) Age | Selector", service),
    "ingresses.networking.k8s.io": ("Name Class Hosts Address Ports Age", ingress),
    "endpoints": ("Name Endpoints Age", endpoints),
    "endpointslices.discovery.k8s.io": ("Name AddressType Ports Endpoints Age", endpoint_slice),
    "persistentvolumeclaims": (
        "Name Status Volume Capacity Access_Modes StorageClass VolumeAttributesClass Age | VolumeMode",
        claim,
    ),
    "persistentvolumes": (
        "Name Capacity Access_Modes Reclaim_Policy Status Claim StorageClass VolumeAttributesClass Reason Age | VolumeMode",
        volume,
    ),
    "namespaces": ("Name Status Age", _told("status.phase")),
    "configmaps": ("Name Data Age", lambda one, now: [_name(one), _data(one), _age(one, now)]),
    "secrets": (
        "Name Type Data Age",
        lambda one, now: [_name(one), one.get("type", "Opaque"), _data(one), _age(one, now)],
    ),
    "serviceaccounts": (
        "Name Secrets Age",
        lambda one, now: [_name(one), len(entries(one, "secrets")), _age(one, now)],
    ),
    "networkpolicies.networking.k8s.io": (
        "Name Pod-Selector Age",
        lambda one, now: [_name(one), selector(at(one, "spec", "podSelector")), _age(one, now)],
    ),
    "storageclasses.storage.k8s.io": (
        "Name Provisioner ReclaimPolicy VolumeBindingMode AllowVolumeExpansion Age",
        _told(
            "provisioner",
            "reclaimPolicy",
            "volumeBindingMode",
            "allowVolumeExpansion",
            default=False,
        ),
    ),
    "priorityclasses.scheduling.k8s.io": (
        "Name Value Global-Default Age",
        _told("value", "globalDefault", default=False),
    ),
    "leases.coordination.k8s.io": ("Name Holder Age", _told("spec.holderIdentity")),
    "ingressclasses.networking.k8s.io": ("Name Controller Age", _told("spec.controller")),
    "resourcequotas": ("Name Request Limit Age", _quota),
    "limitranges": ("Name Created_At", _created),
    "customresourcedefinitions.apiextensions.k8s.io": ("Name Created_At", _created),
    "roles.rbac.authorization.k8s.io": ("Name Created_At", _created),
    "clusterroles.rbac.authorization.k8s.io": ("Name Created_At", _created),
    "rolebindings.rbac.authorization.k8s.io": (_BINDING, _binding),
    "clusterrolebindings.rbac.authorization.k8s.io": (_BINDING, _binding),
}
