"""Label and field selectors, with every operator of the API."""

import re
from collections.abc import Callable
from typing import Any

from sandbox.fields import at
from sandbox.kubernetes_api.statuses import bad_request
from sandbox.labels import Labels, among, matches_label_selector

__all__ = ["field_selector", "field_value", "label_selector", "matches_label_selector"]

Json = dict[str, Any]
Matches = Callable[[Json], bool]

_NAME = r"(?:[A-Za-z0-9][-A-Za-z0-9_.]*/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?"
_VALUE = r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?"
_EQUALITY = re.compile(rf"({_NAME})\s*(==|=|!=)\s*({_VALUE})")
_SET = re.compile(rf"({_NAME})\s+(in|notin)\s*\(([^()]*)\)")
_PRESENCE = re.compile(rf"(!?)\s*({_NAME})")
_ORDER = re.compile(rf"({_NAME})\s*([<>])\s*(\d+)")
_BETWEEN = re.compile(r",(?![^()]*\))")

# Fields that may be selected, beside metadata.name and metadata.namespace, by resource.
_FIELDS: dict[str, tuple[str, ...]] = {
    "pods": (
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
        "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName",
    ),
    "events": (
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
        "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
        "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type",
    ),
    "nodes": ("spec.unschedulable",),
    "namespaces": ("status.phase",),
    "secrets": ("type",),
    "services": ("spec.clusterIP", "spec.type"),
    "replicasets.apps": ("status.replicas",),
    "replicationcontrollers": ("status.replicas",),
    "jobs.batch": ("status.successful",),
    "certificatesigningrequests.certificates.k8s.io": ("spec.signerName",),
}  # fmt: skip

# What an object that does not say it has.
_DEFAULTS = {"spec.unschedulable": "false", "spec.hostNetwork": "false", "status.replicas": "0"}


def label_selector(text: str) -> Matches:
    """What an object's labels must be. Refused with the server's words when it cannot be read."""
    requirements = [_requirement(part.strip()) for part in _BETWEEN.split(text)] if text else []

    def matches(one: Json) -> bool:
        labels: Labels = one["metadata"].get("labels") or {}
        return all(holds(labels) for holds in requirements)

    return matches


def _requirement(text: str) -> Callable[[Labels], bool]:
    if found := _SET.fullmatch(text):
        values = {value.strip() for value in found[3].split(",")}
        return among(found[1], values, wanted=found[2] == "in")
    if found := _EQUALITY.fullmatch(text):
        return among(found[1], {found[3]}, wanted=found[2] != "!=")
    if found := _ORDER.fullmatch(text):
        return _ordered(found[1], found[2], int(found[3]))
    if found := _PRESENCE.fullmatch(text):
        name, present = found[2], not found[1]
        return lambda labels: (name in labels) == present
    raise bad_request(f"unable to parse requirement: {_mistake(text)}")


def _mistake(text: str) -> str:
    """Where a requirement goes wrong, as far as that can be told in the server's words."""
    name, *rest = re.findall(r"[^\s()=!<>,]+|[()=!<>]+", text) or [""]
    if rest and rest[0] in {"in", "notin"} and rest[1:2] != ["("]:
        return f"found '{rest[1] if rest[1:] else ''}' expected: '('"
    if rest:
        return f"found '{rest[0]}', expected: in, notin, =, ==, !=, gt, lt"
    return f"found '{name}', expected: !, identifier, or 'end of string'"


def _ordered(name: str, sign: str, bound: int) -> Callable[[Labels], bool]:
    def holds(labels: Labels) -> bool:
        value = labels.get(name, "")
        if not re.fullmatch(r"[-+]?\d+", value):
            return False
        return int(value) > bound if sign == ">" else int(value) < bound

    return holds


def field_selector(text: str, resource: str) -> Matches:
    """What an object's fields must be; only the fields the server knows may be asked."""
    wanted = [
        _field_requirement(part.strip(), resource) for part in text.split(",") if part.strip()
    ]

    def matches(one: Json) -> bool:
        return all((field_value(one, path) == value) == equal for path, equal, value in wanted)

    return matches


def _field_requirement(text: str, resource: str) -> tuple[str, bool, str]:
    found = re.fullmatch(r"([^=!]+)(==|!=|=)(.*)", text)
    if not found:
        raise bad_request(f"invalid selector: '{text}'; can't understand '{text}'")
    path, sign, value = found.groups()
    path = path.strip()
    if path not in {"metadata.name", "metadata.namespace", *_FIELDS.get(resource, ())}:
        raise bad_request(f"field label not supported: {path}")
    return path, sign != "!=", value.strip()


def field_value(one: Json, path: str) -> str:
    """A field as selectors compare it: text, "" for an absent one."""
    if path == "source" and isinstance(one.get("source"), dict):
        return str(one["source"].get("component") or one.get("reportingComponent") or "")
    if path == "status.successful":
        return str(at(one, "status", "succeeded") or 0)
    value = at(one, *path.split("."))
    if value is None:
        return _DEFAULTS.get(path, "")
    return str(value).lower() if isinstance(value, bool) else str(value)
