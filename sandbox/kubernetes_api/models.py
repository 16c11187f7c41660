"""The schemas of the standard kinds, read from the models of the official Python client.

Their source is read instead of imported: a pod's model would bring 145 modules, 30 MB and a second
with it, and say no more. Only the models that somebody asks about are read.
"""

import ast
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

Json = dict[str, Any]

REF = "#/components/schemas/"
OBJECT_META = "io.k8s.v1.ObjectMeta"

# `V1PodSpec` is told as `io.k8s.v1.PodSpec`, `CoreV1Event` as `io.k8s.core.v1.Event`.
_CLASS_NAME = re.compile(r"([A-Z][a-z]+)??(V\d+(?:(?:alpha|beta)\d+)?)([A-Z]\w*)")
_CLASS = re.compile(
    r"^class \w+\(BaseModel\):$.*?(?=^    openapi_types:)", re.MULTILINE | re.DOTALL
)

_PLAIN: dict[str, Json] = {
    "Any": {},
    "StrictBool": {"type": "boolean"},
    "StrictFloat": {"type": "number"},
    "StrictInt": {"type": "integer"},
    "StrictStr": {"type": "string"},
    "bool": {"type": "boolean"},
    "datetime": {"type": "string", "format": "date-time"},
    "str": {"type": "string"},
}

# What a kind says of its own metadata, and where the words about metadata begin anew; the client's
# models do not tell either.
_CONVENTIONS = "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md"
_OF_METADATA = f"Standard object's metadata. More info: {_CONVENTIONS}#metadata"
_PARAGRAPH = re.compile(
    r"  (?=Populated by|Must be a DNS_LABEL|Applied only if|If this field is specified)"
)

# What a whole object within an object has, if its schema says no more of it.
EMBEDDED: dict[str, Json] = {
    "apiVersion": {
        "type": "string",
        "description": "apiVersion defines the versioned schema of this representation of an object."
        f" More info: {_CONVENTIONS}#resources",
    },
    "kind": {
        "type": "string",
        "description": "kind is a string value representing the type of this object. In CamelCase."
        f" More info: {_CONVENTIONS}#types-kinds",
    },
    "metadata": {"$ref": REF + OBJECT_META, "description": _OF_METADATA},
}

# Types that the client has no model of, by the name under which clients show them.
_WITHOUT_MODEL: dict[str, Json] = {
    "io.k8s.FieldsV1": {
        "description": "The fields that somebody manages, each a key, as a tree.",
        "type": "object",
        "additionalProperties": True,
    },
    "io.k8s.IntOrString": {
        "description": "An integer, or a string such as a percentage or the name of a port.",
        "format": "int-or-string",
        "oneOf": [{"type": "integer"}, {"type": "string"}],
    },
    "io.k8s.Quantity": {
        "description": "A number with a unit, such as 250m, 2 or 512Mi.",
        "oneOf": [{"type": "string"}, {"type": "number"}],
    },
}

# Type → its fields that hold quantities; to the client's models they are strings.
_QUANTITIES = {
    "CSIStorageCapacity": {"capacity", "maximumVolumeSize"},
    "ContainerStatus": {"allocatedResources"},
    "EmptyDirVolumeSource": {"sizeLimit"},
    "HPAScalingRules": {"tolerance"},
    "LimitRangeItem": {"default", "defaultRequest", "max", "maxLimitRequestRatio", "min"},
    "MetricTarget": {"averageValue", "value"},
    "MetricValueStatus": {"averageValue", "value"},
    "NodeStatus": {"allocatable", "capacity"},
    "Overhead": {"podFixed"},
    "PersistentVolumeClaimStatus": {"allocatedResources", "capacity"},
    "PersistentVolumeSpec": {"capacity"},
    "PodSpec": {"overhead"},
    "PodStatus": {"allocatedResources"},
    "ResourceFieldSelector": {"divisor"},
    "ResourceQuotaSpec": {"hard"},
    "ResourceQuotaStatus": {"hard", "used"},
    "ResourceRequirements": {"limits", "requests"},
    "VolumeResourceRequirements": {"limits", "requests"},
}


@cache
def model_schema(name: str) -> Json | None:
    """The schema of a component; None if there is no such model. It must not be altered."""
    if name in _WITHOUT_MODEL:
        return _WITHOUT_MODEL[name]
    path = _files().get(_class_name(name).lower())
    found = path and _CLASS.search(path.read_text(encoding="utf-8"))
    if not found:
        return None
    [model] = ast.parse(found[0]).body
    assert isinstance(model, ast.ClassDef)
    fields = [node for node in model.body if isinstance(node, ast.AnnAssign)]
    quantities = _QUANTITIES.get(name.rpartition(".")[2], set())
    properties = dict(_property(one, quantities) for one in fields)
    told: Json = {"type": "object", "properties": properties}
    if about := (ast.get_docstring(model) or "").partition("\n\nAttributes:")[0]:
        told["description"] = about
    if required := sorted(_json_name(one) for one in fields if _is_required(one)):
        told["required"] = required
    return told


@cache
def _files() -> dict[str, Path]:
    """Class name in small letters → the file of its model."""
    package = find_spec("kubernetes")
    assert package
    assert package.origin
    folder = Path(package.origin).parent / "client" / "models"
    return {path.stem.replace("_", ""): path for path in folder.glob("*.py")}


def _class_name(component: str) -> str:
    *group, version, name = component.removeprefix("io.k8s.").split(".")
    return "".join((*(one.capitalize() for one in group), version.capitalize(), name))


def _component(class_name: str) -> str:
    told = _CLASS_NAME.fullmatch(class_name)
    assert told, f"{class_name} is no name of a model"
    return ".".join(("io.k8s", *(one.lower() for one in told.groups()[:2] if one), told[3]))


def _property(node: ast.AnnAssign, quantities: set[str]) -> tuple[str, Json]:
    name, told = _json_name(node), _type(node.annotation)
    if name in quantities:
        quantity = reference("io.k8s.Quantity")
        told = (
            {**told, "additionalProperties": quantity}
            if "additionalProperties" in told
            else quantity
        )
    if name == "fieldsV1":
        told = reference("io.k8s.FieldsV1")
    about = _options(node).get("description")
    if told == reference(OBJECT_META):
        about = _OF_METADATA
    about = _PARAGRAPH.sub("\n\n", about) if about else about
    return name, {**told, "description": about} if about else told


def reference(component: str) -> Json:
    return {"$ref": REF + component}


def _json_name(node: ast.AnnAssign) -> str:
    assert isinstance(node.target, ast.Name)
    told = _options(node)
    return str(told.get("serialization_alias") or told.get("alias") or node.target.id)


def _is_required(node: ast.AnnAssign) -> bool:
    if isinstance(node.value, ast.Call):
        return "default" not in _options(node)
    return node.value is None


def _options(node: ast.AnnAssign) -> Json:
    given = node.value.keywords if isinstance(node.value, ast.Call) else []
    return {
        one.arg: one.value.value for one in given if one.arg and isinstance(one.value, ast.Constant)
    }


def _type(node: ast.expr) -> Json:
    match node:
        case ast.Name(id=name):
            return _PLAIN[name] if name in _PLAIN else reference(_component(name))
        case ast.BinOp(left=left, right=right):
            return _either(_type(left), _type(right))
        case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
            return _type(inner)
        case ast.Subscript(value=ast.Name(id="List"), slice=inner):
            return {"type": "array", "items": _type(inner)}
        case ast.Subscript(
            value=ast.Name(id="Dict"), slice=ast.Tuple(elts=[_, ast.Name(id="Any")])
        ):
            return {"type": "object", "additionalProperties": True}
        case ast.Subscript(value=ast.Name(id="Dict"), slice=ast.Tuple(elts=[_, inner])):
            return {"type": "object", "additionalProperties": _type(inner)}
        case ast.Subscript(value=ast.Name(id="Union")) if "bytes" in ast.unparse(node):
            return {"type": "string", "format": "byte"}
        case _:
            return {"type": "number"}


def _either(one: Json, other: Json) -> Json:
    """An integer or a string has a name of its own; any other choice may be anything."""
    kinds = {one.get("type"), other.get("type")}
    return reference("io.k8s.IntOrString") if kinds == {"integer", "string"} else {}
