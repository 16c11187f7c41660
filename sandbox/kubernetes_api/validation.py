"""What a real server refuses as invalid, for the mistakes that a person or a fix could make."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import orjson

from sandbox.kubernetes_api.admission.pod_security import wrong_labels
from sandbox.kubernetes_api.budget_checks import check_budget
from sandbox.kubernetes_api.fields import at, entries, section
from sandbox.kubernetes_api.kinds import Kind
from sandbox.kubernetes_api.metadata_checks import check_finalizers, check_owners
from sandbox.kubernetes_api.pod_changes import check_ephemeral
from sandbox.kubernetes_api.quantities import quantity
from sandbox.kubernetes_api.quota_checks import check_quota, check_scopes_stay
from sandbox.kubernetes_api.statuses import invalid

Json = dict[str, Any]
Cause = Json

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_KEY_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_KEY_NAME_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_MAX_NAME_LENGTH = 253
_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_DATA_KEY_RULE = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' "
    "(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "
    "'[-._a-zA-Z0-9]+')"
)
_SERVICE_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")

_SELECTING = frozenset({"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"})
_REPLICATED = frozenset({"Deployment", "ReplicaSet", "StatefulSet", "ReplicationController"})
_FROZEN_FIELDS = ("data", "binaryData", "immutable")
_CHANGEABLE_POD_FIELDS = frozenset({"activeDeadlineSeconds", "tolerations", "schedulingGates"})
_POD_UPDATES = (
    "pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` "
    "(only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
    "(allow it to be set to 1 if it was previously negative)"
)
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character (e.g. 'example.com', regex used for "
    "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


def check(kind: Kind, one: Json, before: Json | None, more: Iterable[Cause] = ()) -> None:
    """Refuse an object that a real server would not keep; `before` is what it would replace.

    `more` is what else there is to say against it.
    """
    causes = [
        *more,
        *_metadata(one),
        *check_finalizers(one, before),
        *check_owners(one),
        *_spec(kind, one),
    ]
    if before is not None:
        causes += _changes(kind, one, before)
    if causes:
        raise invalid(kind, one["metadata"]["name"], causes)


def _metadata(one: Json) -> Iterator[Cause]:
    name = str(one["metadata"]["name"])
    if len(name) > _MAX_NAME_LENGTH or not _SUBDOMAIN.fullmatch(name.replace(":", "-")):
        yield _wrong("metadata.name", name, _SUBDOMAIN_RULE)
    for field in ("labels", "annotations"):
        for key in section(one, "metadata", field):
            yield from _key(f"metadata.{field}", key)
    for value in section(one, "metadata", "labels").values():
        if not _LABEL_VALUE.fullmatch(value):
            yield _wrong(
                "metadata.labels",
                value,
                "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
            )


def _key(field: str, key: str) -> Iterator[Cause]:
    """A label's or an annotation's name: perhaps a prefix, and a name."""
    prefix, slash, name = key.rpartition("/")
    if not _KEY_NAME.fullmatch(name):
        yield _wrong(field, key, _KEY_NAME_RULE)
    if slash and not _SUBDOMAIN.fullmatch(prefix):
        yield _wrong(field, key, f"prefix part {_SUBDOMAIN_RULE}")


def _spec(kind: Kind, one: Json) -> Iterator[Cause]:
    if kind.kind in _REPLICATED:
        replicas = at(one, "spec", "replicas")
        if replicas is not None and replicas < 0:
            yield _wrong("spec.replicas", replicas, "must be greater than or equal to 0")
    if kind.group == "apps" and kind.kind in _SELECTING:
        yield from _selector(one)
        yield from _containers(section(one, "spec", "template", "spec"), "spec.template.spec")
    if special := _SPECIAL.get(kind.resource):
        yield from special(one)


def _namespace(one: Json) -> Iterator[Cause]:
    for key, value, why in wrong_labels(one):
        yield _wrong(f"metadata.labels[{key}]", value, why)


def _pod(one: Json) -> Iterator[Cause]:
    yield from _containers(section(one, "spec"), "spec")
    yield from check_ephemeral(one)


def _service_type(one: Json) -> Iterator[Cause]:
    told = at(one, "spec", "type")
    if told is not None and told not in _SERVICE_TYPES:
        known = ", ".join(f'"{one}"' for one in _SERVICE_TYPES)
        message = f'Unsupported value: "{told}": supported values: {known}'
        yield {"reason": "FieldValueNotSupported", "field": "spec.type", "message": message}


def _keys(one: Json) -> Iterator[Cause]:
    for key in section(one, "data"):
        if not _DATA_KEY.fullmatch(key):
            yield _wrong(f"data[{key}]", key, _DATA_KEY_RULE)


def _selector(one: Json) -> Iterator[Cause]:
    wanted = section(one, "spec", "selector", "matchLabels")
    if at(one, "spec", "selector") is None:
        yield _required("spec.selector", "")
    elif not section(one, "spec", "selector"):
        why = f"empty selector is invalid for {one['kind'].lower()}"
        yield _wrong("spec.selector", {}, why)
    labels = section(one, "spec", "template", "metadata", "labels")
    if any(labels.get(key) != value for key, value in wanted.items()):
        why = "`selector` does not match template `labels`"
        yield _wrong("spec.template.metadata.labels", labels, why)


def _containers(pod: Json, path: str) -> Iterator[Cause]:
    if not entries(pod, "containers"):
        yield _required(f"{path}.containers", "")
    for field in ("containers", "initContainers"):
        seen: set[str] = set()
        for number, container in enumerate(entries(pod, field)):
            place, name = f"{path}.{field}[{number}]", str(container.get("name") or "")
            if not name:
                yield _required(f"{place}.name", "")
            elif name in seen:
                yield {
                    "reason": "FieldValueDuplicate",
                    "field": f"{place}.name",
                    "message": f'Duplicate value: "{name}"',
                }
            if not container.get("image"):
                yield _required(f"{place}.image", "")
            seen.add(name)
            yield from _resources(section(container, "resources"), f"{place}.resources")


def _resources(resources: Json, path: str) -> Iterator[Cause]:
    limits, requests = section(resources, "limits"), section(resources, "requests")
    bounds = {name: quantity(value) for name, value in limits.items()}
    for name, value in requests.items():
        if quantity(value) > bounds.get(name, Decimal("Infinity")):
            why = f"must be less than or equal to {name} limit of {limits[name]}"
            yield _wrong(f"{path}.requests", value, why)


def _changes(kind: Kind, one: Json, before: Json) -> Iterator[Cause]:
    if kind.group == "apps" and kind.kind in _SELECTING:
        selector = at(one, "spec", "selector")
        if selector != at(before, "spec", "selector"):
            yield _wrong("spec.selector", selector, "field is immutable")
    if kind.resource == "pods" and _fixed(one) != _fixed(before):
        yield {
            "reason": "FieldValueForbidden",
            "field": "spec",
            "message": f"Forbidden: {_POD_UPDATES}",
        }
    if kind.resource == "persistentvolumeclaims":
        yield from _claim_changes(one, before)
    if kind.resource == "resourcequotas":
        yield from check_scopes_stay(one, before)
    frozen = kind.resource in {"configmaps", "secrets"} and before.get("immutable")
    if frozen and any(one.get(field) != before.get(field) for field in _FROZEN_FIELDS):
        message = "Forbidden: field is immutable when `immutable` is set"
        yield {"reason": "FieldValueForbidden", "field": "data", "message": message}


def _claim_changes(one: Json, before: Json) -> Iterator[Cause]:
    """A bound claim may ask for more than it has been given, and for nothing else."""
    spec, known = section(one, "spec"), section(before, "spec")
    if at(before, "status", "phase") == "Bound":
        spec = {**spec, "resources": known.get("resources")}
        asked, had = _storage(one), quantity(at(before, "status", "capacity", "storage") or 0)
        if asked < had or (asked == had and _storage(before) > had):
            message = "Forbidden: field can not be less than status.capacity"
            field = "spec.resources.requests.storage"
            yield {"reason": "FieldValueForbidden", "field": field, "message": message}
    if spec != known:
        message = (
            "Forbidden: spec is immutable after creation except resources.requests "
            "and volumeAttributesClassName for bound claims"
        )
        yield {"reason": "FieldValueForbidden", "field": "spec", "message": message}


def _storage(claim: Json) -> Decimal:
    return quantity(at(claim, "spec", "resources", "requests", "storage") or 0)


def _fixed(pod: Json) -> Json:
    """The part of a pod's spec that may not change once it is there."""
    spec = {k: v for k, v in section(pod, "spec").items() if k not in _CHANGEABLE_POD_FIELDS}
    for field in ("containers", "initContainers"):
        spec[field] = [
            {key: value for key, value in container.items() if key != "image"}
            for container in entries(pod, "spec", field)
        ]
    return spec


def _wrong(field: str, value: Any, why: str) -> Cause:
    shown = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    return {
        "reason": "FieldValueInvalid",
        "field": field,
        "message": f"Invalid value: {shown}: {why}",
    }


def _required(field: str, why: str) -> Cause:
    message = f"Required value: {why}" if why else "Required value"
    return {"reason": "FieldValueRequired", "field": field, "message": message}


_SPECIAL: Mapping[str, Callable[[Json], Iterator[Cause]]] = {
    "poddisruptionbudgets.policy": check_budget,
    "configmaps": _keys,
    "namespaces": _namespace,
    "pods": _pod,
    "resourcequotas": check_quota,
    "secrets": _keys,
    "services": _service_type,
}
