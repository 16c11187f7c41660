"""What a server does between deciding that a request is allowed and keeping the object."""

from typing import Any

from sandbox.kubernetes_api.admission import (
    claims,
    limit_ranges,
    pod_additions,
    pod_classes,
    pod_security,
    quotas,
)
from sandbox.kubernetes_api.admission.ledger import QUOTAS, Ledger, known
from sandbox.kubernetes_api.defaulting import defaulted
from sandbox.kubernetes_api.fields import entries, section, texts
from sandbox.kubernetes_api.kinds import Kind
from sandbox.kubernetes_api.statuses import Refusal, denied
from sandbox.store import Key, Store

Json = dict[str, Any]

_IN_USE = {
    "persistentvolumeclaims": "kubernetes.io/pvc-protection",
    "persistentvolumes": "kubernetes.io/pv-protection",
}
_NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


def admitted(store: Store, kind: Kind, one: Json, before: Json | None = None) -> Json:
    """A new object with the defaults of its namespace, or a changed one in the place of `before`.

    Refused when the namespace's rules say so.
    """
    namespace = str(one["metadata"].get("namespace") or "")
    if before is None:
        one = _with_defaults(store, kind, one, namespace)
    if not namespace:
        return one
    ranges = store.list("limitranges", namespace)
    if kind.resource == "pods":
        _check_pod(store, kind, one, before, ranges)
    if kind.resource == "persistentvolumeclaims":
        if before and not claims.may_grow(store, one, before):
            raise denied(kind, one, claims.FIXED)
        _forbid(kind, one, limit_ranges.claim_violations(one, ranges))
    _check_quotas(store, kind, one, before)
    return one


def _with_defaults(store: Store, kind: Kind, one: Json, namespace: str) -> Json:
    if kind.resource == "pods":
        if why := pod_classes.missing(store, one):
            raise denied(kind, one, why)
        one = pod_additions.with_tolerations(pod_classes.with_classes(store, one))
        one = limit_ranges.with_defaults(one, store.list("limitranges", namespace))
        return pod_additions.with_quality(one)
    if kind.resource == "nodes":
        return _not_heard_of(one)
    return _protected(kind, one)


def _check_pod(
    store: Store, kind: Kind, one: Json, before: Json | None, ranges: list[Json]
) -> None:
    if before is None:
        _forbid(kind, one, limit_ranges.violations(one, ranges))
    insecure = _insecure(store, one, "enforce")
    if insecure and (before is None or pod_security.differ(one, before)):
        raise denied(kind, one, f"violates PodSecurity {insecure}")


def pod_refusal(store: Store, kind: Kind, pod: Json) -> str:
    """Why a controller may not create this pod, "" when it may; the pod gets its defaults."""
    try:
        pod.update(admitted(store, kind, defaulted(kind.resource, pod)))
    except Refusal as refusal:
        return str(refusal)
    return ""


def warnings(store: Store, one: Json, before: Json | None) -> list[str]:
    """What the namespace warns of in a pod, or in the pods that a workload would make.

    A namespace that becomes stricter is warned of the pods that it has already.
    """
    if one["kind"] == "Namespace":
        pods = store.list("pods", one["metadata"]["name"])
        return pod_security.now_insecure(one, before, pods) if before else []
    if one["kind"] == "Pod" and before and not pod_security.differ(one, before):
        return []
    insecure = _insecure(store, one, "warn")
    return [f"would violate PodSecurity {insecure}"] if insecure else []


def follow_quotas(store: Store) -> None:
    """Keep what quotas say is used up to date whenever something changes, whoever changed it."""
    store.follow(Ledger(store).note)


def _protected(kind: Kind, one: Json) -> Json:
    """Storage in use does not go at once when it is deleted."""
    finalizer = _IN_USE.get(kind.resource)
    known = texts(one, "metadata", "finalizers")
    if not finalizer or finalizer in known:
        return one
    return {**one, "metadata": {**one["metadata"], "finalizers": [*known, finalizer]}}


def _not_heard_of(node: Json) -> Json:
    """A new node gets no pods until its kubelet says that it is ready."""
    taints = entries(node, "spec", "taints")
    if any((one.get("key"), one.get("effect")) == tuple(_NOT_READY.values()) for one in taints):
        return node
    return {**node, "spec": {**section(node, "spec"), "taints": [*taints, dict(_NOT_READY)]}}


def _insecure(store: Store, one: Json, mode: str) -> str:
    namespace = store.get(Key("namespaces", "", str(one["metadata"].get("namespace") or "")))
    places = (
        ("spec",),
        ("template", "spec"),
        ("spec", "template", "spec"),
        ("spec", "jobTemplate", "spec", "template", "spec"),
    )
    found = (section(one, *place) for place in places)
    spec = next((spec for spec in found if entries(spec, "containers")), None)
    return pod_security.violation(namespace, mode, spec) if namespace and spec else ""


def _check_quotas(store: Store, kind: Kind, one: Json, before: Json | None) -> None:
    found = [
        quota
        for quota in store.list(QUOTAS, one["metadata"]["namespace"])
        if quotas.counted(kind.resource, section(quota, "spec", "hard"))
    ]
    used = [known(store, quota) for quota in found]
    if why := quotas.refusal(kind.resource, one, found, used, before):
        raise denied(kind, one, why)


def _forbid(kind: Kind, one: Json, told: list[str]) -> None:
    if told:
        raise denied(kind, one, told[0] if len(told) == 1 else f"[{', '.join(told)}]")
