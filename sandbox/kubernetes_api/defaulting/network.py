"""Services and what leads to them."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.kubernetes_api.defaulting.filling import each, filled
from sandbox.kubernetes_api.fields import entries, section

Json = dict[str, Any]

_NO_BALANCER: Json = {"status": {"loadBalancer": {}}}
_REACHED_FROM_OUTSIDE = frozenset({"NodePort", "LoadBalancer"})


def _service(one: Json) -> Json:
    spec = filled(section(one, "spec"), {"type": "ClusterIP", "sessionAffinity": "None"})
    if spec["type"] != "ExternalName":
        spec = filled(spec, {"internalTrafficPolicy": "Cluster"})
    if spec["type"] in _REACHED_FROM_OUTSIDE:
        spec = filled(spec, {"externalTrafficPolicy": "Cluster"})
    if spec["type"] == "LoadBalancer":
        spec = filled(spec, {"allocateLoadBalancerNodePorts": True})
    if spec["sessionAffinity"] == "ClientIP":
        spec = filled(spec, {"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}}})
    return filled({**one, "spec": each(spec, "ports", _service_port)}, _NO_BALANCER)


def _service_port(told: Json) -> Json:
    target = told.get("targetPort") or told.get("port")
    return {**_port(told), **({"targetPort": target} if target else {})}


def _port(told: Json) -> Json:
    return filled(told, {"protocol": "TCP"})


def _ingress(one: Json) -> Json:
    return filled(one, _NO_BALANCER)


def _policy(one: Json) -> Json:
    spec = section(one, "spec")
    types = ["Ingress", *(["Egress"] if entries(spec, "egress") else [])]
    spec = filled(spec, {"policyTypes": types})
    for side in ("ingress", "egress"):
        spec = each(spec, side, lambda rule: each(rule, "ports", _port))
    return {**one, "spec": spec}


def _slice(one: Json) -> Json:
    return each(one, "ports", lambda port: filled(port, {"name": "", "protocol": "TCP"}))


def _endpoints(one: Json) -> Json:
    return each(one, "subsets", lambda subset: each(subset, "ports", _port))


KINDS: Mapping[str, Callable[[Json], Json]] = {
    "services": _service,
    "endpoints": _endpoints,
    "endpointslices.discovery.k8s.io": _slice,
    "ingresses.networking.k8s.io": _ingress,
    "networkpolicies.networking.k8s.io": _policy,
}
