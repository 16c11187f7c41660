"""The schema of every kind that is served: a standard one's, a custom one's, or that anything goes."""

from typing import Any

from sandbox.kubernetes_api.fields import section
from sandbox.kubernetes_api.kinds import Kind
from sandbox.kubernetes_api.models import REF, model_schema, reference

Json = dict[str, Any]

# The standard kind whose words about `apiVersion` and `kind` are used for all others.
_EXAMPLE = "io.k8s.v1.ConfigMap"

_USAGE: Json = {
    "type": "object",
    "description": "How much cpu and memory is used.",
    "additionalProperties": reference("io.k8s.Quantity"),
}
_MEASURED: Json = {
    "timestamp": {"type": "string", "format": "date-time", "description": "When it was measured."},
    "window": {"type": "string", "description": "Over how long it was measured."},
}
_METRICS: dict[str, Json] = {
    "NodeMetrics": {**_MEASURED, "usage": _USAGE},
    "PodMetrics": {
        **_MEASURED,
        "containers": {
            "type": "array",
            "description": "What each container uses.",
            "items": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "usage": _USAGE},
            },
        },
    },
}


def component_of(kind: Kind) -> str:
    """The name of the schema of a kind."""
    if found := _standard(kind):
        return found
    return ".".join((*reversed(kind.group.split(".")), kind.version, kind.kind))


def schema_of(kind: Kind, definition: Json) -> Json:
    """The whole object's schema; `definition` is what a CustomResourceDefinition says, or {}."""
    if found := _standard(kind):
        return model_schema(found) or {}
    if kind.group == "metrics.k8s.io" and kind.kind in _METRICS:
        about = f"What was measured of a {kind.kind.removesuffix('Metrics').lower()} last."
        definition = {"description": about, "properties": _METRICS[kind.kind]}
    free: Json = {
        "description": "The definition of this kind is not known here: any field may be set.",
        "x-kubernetes-preserve-unknown-fields": True,
    }
    told = definition or free
    properties = {**section(told, "properties"), **_common()}
    return {**told, "type": "object", "properties": properties}


def resolved(schema: Json) -> Json:
    """What a schema that only names another one stands for."""
    name = str(schema.get("$ref", ""))
    return model_schema(name.removeprefix(REF)) or {} if name else schema


def _common() -> Json:
    example = section(model_schema(_EXAMPLE), "properties")
    return {
        "apiVersion": example["apiVersion"],
        "kind": example["kind"],
        "metadata": example["metadata"],
    }


def _standard(kind: Kind) -> str:
    """The model of a standard kind, which has its group in its name where two groups share it."""
    if not kind.builtin:
        return ""
    group = kind.group.partition(".")[0] or "core"
    names = (f"io.k8s.{group}.{kind.version}.{kind.kind}", f"io.k8s.{kind.version}.{kind.kind}")
    return next((name for name in names if model_schema(name)), "")
