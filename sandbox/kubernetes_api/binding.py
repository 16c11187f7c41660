"""Binding a pod to its node."""

from typing import Any

from sandbox.kubernetes_api.fields import at, entries, section
from sandbox.kubernetes_api.statuses import Refusal, bad_request, conflict, internal
from sandbox.kubernetes_api.writing import Writing

Json = dict[str, Any]

_BOUND: Json = {"type": "PodScheduled", "status": "True", "lastProbeTime": None}


def bind(writing: Writing) -> Json:
    """Put the pod on the node that a Binding names."""
    told = section({"told": writing.call.content()}, "told")
    name, target = at(told, "metadata", "name"), section(told, "target")
    if writing.call.target.subresource and name != writing.key.name:
        raise bad_request("name in URL does not match name in Binding object")
    if target.get("kind") not in {None, "", "Node"}:
        message = f'Unsupported value: "{target["kind"]}": supported values: "Node", "<empty>"'
        raise internal(f"target.kind: {message}")
    if not target.get("name"):
        raise internal("target.name: Required value")
    pod = writing.current()
    if node := at(pod, "spec", "nodeName"):
        raise _already_there(str(name), str(node))
    uid = at(told, "metadata", "uid")
    if uid and uid != pod["metadata"]["uid"]:
        known = pod["metadata"]["uid"]
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {known}"
        raise conflict(writing.kind, writing.key.name, why)
    if not writing.call.dry_run:
        writing.cluster.store.put(writing.key, _bound(pod, told, writing.stamp))
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def _already_there(name: str, node: str) -> Refusal:
    why = f'pod {name} is already assigned to node "{node}"'
    message = f'Operation cannot be fulfilled on pods/binding "{name}": {why}'
    return Refusal(409, "Conflict", message, {"name": name, "kind": "pods/binding"})


def _bound(pod: Json, told: Json, stamp: str) -> Json:
    metadata = dict(pod["metadata"])
    for field in ("annotations", "labels"):
        if more := section(told, "metadata", field):
            metadata[field] = {**section(metadata, field), **more}
    status = section(pod, "status")
    others = [one for one in entries(status, "conditions") if one.get("type") != _BOUND["type"]]
    conditions = [*others, {**_BOUND, "lastTransitionTime": stamp}]
    spec = {**section(pod, "spec"), "nodeName": at(told, "target", "name")}
    return {
        **pod,
        "metadata": metadata,
        "spec": spec,
        "status": {**status, "conditions": conditions},
    }
