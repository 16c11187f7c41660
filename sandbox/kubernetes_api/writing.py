"""create and update. What follows from them is the controllers' business."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self, cast

from sandbox.kubernetes_api import pod_changes
from sandbox.kubernetes_api.access import Access
from sandbox.kubernetes_api.admission import admitted
from sandbox.kubernetes_api.allocation import allocated
from sandbox.kubernetes_api.calls import Call
from sandbox.kubernetes_api.cluster import DEFINITIONS, Cluster
from sandbox.kubernetes_api.custom_rules import with_broken_rules
from sandbox.kubernetes_api.custom_schemas import violations, with_defaults
from sandbox.kubernetes_api.decoding import decoded
from sandbox.kubernetes_api.defaulting import defaulted
from sandbox.kubernetes_api.field_types import check_types
from sandbox.kubernetes_api.fields import at, section, texts
from sandbox.kubernetes_api.granting import check_granting
from sandbox.kubernetes_api.kinds import Kind
from sandbox.kubernetes_api.patching import Writer, recorded
from sandbox.kubernetes_api.preparing import prepared
from sandbox.kubernetes_api.statuses import (
    Refusal,
    already_exists,
    bad_request,
    conflict,
    details,
    internal,
    invalid,
    not_found,
)
from sandbox.kubernetes_api.strictness import check_strictness, pruned
from sandbox.kubernetes_api.validation import check
from sandbox.kubernetes_api.views import stored_form, view
from sandbox.names import random_ending
from sandbox.store import Key

Json = dict[str, Any]

# Set by the server alone; what a client sends in them is not looked at.
_SERVER_METADATA = (
    "uid",
    "creationTimestamp",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
)
_UNCOUNTED = frozenset({"HorizontalPodAutoscaler", "Lease"})
_WHOLE = "EndpointSlice"  # it is counted though it has no spec


@dataclass(frozen=True, slots=True)
class Writing:
    """The writes of one call that its caller may make; whom they may give rights is looked at here."""

    cluster: Cluster
    call: Call
    kind: Kind
    now: datetime
    warnings: list[str] = field(default_factory=list[str])

    @property
    def key(self) -> Key:
        target = self.call.target
        return Key(
            self.kind.resource, target.namespace if self.kind.namespaced else "", target.name
        )

    def at(self, one: Json) -> Self:
        """The same call about this object."""
        target = replace(
            self.call.target,
            name=one["metadata"]["name"],
            namespace=one["metadata"].get("namespace") or "",
        )
        return replace(self, call=replace(self.call, target=target))

    def current(self) -> Json:
        """The stored object that the path names. Refused when there is none."""
        found = self.cluster.store.get(self.key)
        if found is None:
            raise not_found(self.kind, self.call.target.name)
        return found

    def create(self, told: Any) -> Json:
        one = self._named(self._checked(told))
        key = Key(self.kind.resource, self.key.namespace, one["metadata"]["name"])
        self.check_namespace(key)
        self._check_granting(one, None)
        if self.cluster.store.get(key):
            raise already_exists(self.kind, key.name)
        if one["metadata"].pop("resourceVersion", ""):
            raise internal("resourceVersion should not be set on objects to be created")
        fresh = self._fresh(stored_form(one))
        self._check(fresh, None)
        fresh = self._recorded(None, admitted(self.cluster.store, self.kind, fresh))
        return self._keep(key, prepared(self.cluster.store, self.kind.resource, fresh))

    def replace(self, told: Any) -> Json:
        """PUT: the object becomes what is told, but for what only the server sets."""
        before = self.current()
        one = self._checked(told)
        if not self.kind.builtin and not one["metadata"].get("resourceVersion"):
            message = "Invalid value: 0x0: must be specified for an update"
            cause = {
                "reason": "FieldValueInvalid",
                "field": "metadata.resourceVersion",
                "message": message,
            }
            raise invalid(self.kind, self.key.name, [cause])
        return self.update(before, one)

    def update(self, before: Json, told: Json) -> Json:
        """Put `told` in the place of `before`, if nobody was faster and it is allowed."""
        one = self._defaulted(stored_form(self._checked(told)), before)
        self.check_name(one["metadata"].get("name"))
        self._check_preconditions(before, one)
        after = self._carried_over(before, one)
        self._check_granting(after, before)
        self._check_part(before, one, after)
        if self.kind.resource == "services":
            after = allocated(self.cluster.store, after, before)
        after = self._recorded(before, after)
        if not self._part:
            self._check(after, before)
        if after == before:
            return view(self.kind, before)
        if self.call.target.subresource in {"", pod_changes.RESIZE}:
            after = admitted(self.cluster.store, self.kind, after, before)
        return self._keep(self.key, after)

    def _defaulted(self, one: Json, before: Json) -> Json:
        """An object that a snapshot told in part stays so: to complete it would change it."""
        resource = self.kind.resource
        whole = defaulted(resource, before) == before
        return defaulted(resource, one) if whole else one

    @property
    def _part(self) -> str:
        """The part of a pod that is written, "" for all of it."""
        named = self.call.target.subresource
        return named if named in pod_changes.PARTS else ""

    def _check_part(self, before: Json, told: Json, after: Json) -> None:
        if self._part:
            causes = pod_changes.violations(self._part, after, told, before)
            check(self.kind, after, None, causes)

    def _check_granting(self, one: Json, before: Json | None) -> None:
        check_granting(Access(self.cluster.store), self.call, self.kind, one, before)

    def _check(self, one: Json, before: Json | None) -> None:
        more: Iterable[Json] = ()
        if not self.kind.builtin:
            schema = self.cluster.schema(self.kind)
            more = with_broken_rules(violations(one, schema), one, schema, before)
        elif self.kind.resource == "pods" and before is None:
            more = pod_changes.too_early(one)
        check(self.kind, one, before, more)

    def finalize(self, told: Any) -> Json:
        """Say who must still clean up before a namespace may go."""
        before = self.current()
        left = texts(self._checked(told), "spec", "finalizers")
        return self._keep(self.key, {**before, "spec": {"finalizers": left} if left else {}})

    def remove(self) -> None:
        self.cluster.store.remove(self.key)
        self._learn()

    def _keep(self, key: Key, one: Json) -> Json:
        if self.call.dry_run:
            return view(self.kind, one)
        if one["metadata"].get("deletionTimestamp") and not held(one):
            self.remove()
            return view(self.kind, one)
        kept = self.cluster.store.put(key, one)
        self._learn()
        return view(self.kind, kept)

    def _learn(self) -> None:
        if self.kind.resource == DEFINITIONS:
            self.cluster.learn_definitions()

    def _checked(self, told: Json) -> Json:
        """The object sent, as one of this kind and namespace."""
        one = decoded(told, self.kind)
        version, kind, metadata = one["apiVersion"], one["kind"], one["metadata"]
        if kind != self.kind.kind:
            message = (
                f'{kind} in version "{version.rpartition("/")[2]}" cannot be handled as a '
                f"{self.kind.kind}: unknown conversion"
            )
            raise bad_request(message)
        if version != self.kind.group_version:
            message = (
                f"the API version in the data ({version}) does not match "
                f"the expected API version ({self.kind.group_version})"
            )
            raise bad_request(message)
        wanted = self.key.namespace
        if metadata.get("namespace", wanted) != wanted and wanted:
            message = "the namespace of the provided object does not match the namespace sent on the request"
            raise bad_request(message)
        if wanted:
            metadata["namespace"] = wanted
        return self._pruned(one)

    def _pruned(self, one: Json) -> Json:
        """The object without fields that its kind lacks; the client is warned, or refused."""
        schema, before = self.cluster.whole_schema(self.kind), self.cluster.store.get(self.key)
        told, unknown = pruned(one, schema)
        if unknown and before:
            # A snapshot may be of a newer API: what it has already is left alone.
            told, unknown = pruned(one, schema, pruned(view(self.kind, before), schema)[1])
        self.warnings.extend(check_strictness(self.call, self.kind, unknown, told))
        if self.kind.builtin:
            check_types(self.call, told, self.kind, schema)
            return told
        own = self.cluster.schema(self.kind)
        return cast("Json", with_defaults(told, own))

    def check_name(self, name: Any) -> None:
        if not name:
            message = (
                f"the name of the object ({self.key.name} based on URL) was undeterminable: "
                "name must be provided"
            )
            raise bad_request(message)
        if name != self.key.name:
            message = f"the name of the object ({name}) does not match the name on the URL ({self.key.name})"
            raise bad_request(message)

    def _named(self, one: Json) -> Json:
        metadata = one["metadata"]
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = f"{metadata['generateName']}{random_ending()}"
        if not metadata.get("name"):
            message = "Required value: name or generateName is required"
            cause = {"reason": "FieldValueRequired", "field": "metadata.name", "message": message}
            raise invalid(self.kind, "", [cause])
        return one

    def check_namespace(self, key: Key) -> None:
        if not self.kind.namespaced:
            return
        namespace = self.cluster.store.get(Key("namespaces", "", key.namespace))
        if namespace is None:
            message = f'namespaces "{key.namespace}" not found'
            raise Refusal(404, "NotFound", message, {"name": key.namespace, "kind": "namespaces"})
        if namespace["metadata"].get("deletionTimestamp"):
            message = (
                f'{self.kind.key} "{key.name}" is forbidden: unable to create new content '
                f"in namespace {key.namespace} because it is being terminated"
            )
            cause = {
                "reason": "NamespaceTerminating",
                "message": f"namespace {key.namespace} is being terminated",
                "field": "metadata.namespace",
            }
            about = {**details(self.kind, key.name), "causes": [cause]}
            raise Refusal(403, "Forbidden", message, about)

    def _fresh(self, one: Json) -> Json:
        metadata = {k: v for k, v in one["metadata"].items() if k not in _SERVER_METADATA}
        metadata["uid"] = str(uuid.uuid4())
        metadata["creationTimestamp"] = self.stamp
        if counts_generations(self.kind) and ("spec" in one or self.kind.kind == _WHOLE):
            metadata["generation"] = 1
        elif "generation" in one["metadata"]:  # nobody counts it, and nobody minds
            metadata["generation"] = one["metadata"]["generation"]
        if self.kind.resource == "namespaces":
            own = {"kubernetes.io/metadata.name": metadata["name"]}
            metadata["labels"] = {**own, **section(metadata, "labels")}
        fresh = {**one, "metadata": metadata}
        if "status" in self.kind.subresources:
            fresh.pop("status", None)
        return defaulted(self.kind.resource, fresh)

    def _check_preconditions(self, before: Json, told: Json) -> None:
        metadata, known = section(told, "metadata"), before["metadata"]
        if metadata.get("resourceVersion", known["resourceVersion"]) != known["resourceVersion"]:
            raise conflict(self.kind, self.key.name)
        if metadata.get("uid", known["uid"]) != known["uid"]:
            if self.call.verb == "patch":
                message = f'Invalid value: "{metadata["uid"]}": field is immutable'
                cause = {
                    "reason": "FieldValueInvalid",
                    "field": "metadata.uid",
                    "message": message,
                }
                raise invalid(self.kind, self.key.name, [cause])
            raise conflict(self.kind, self.key.name, _uids(metadata["uid"], known["uid"]))

    def _carried_over(self, before: Json, told: Json) -> Json:
        known = before["metadata"]
        kept = {
            name: known[name]
            for name in (*_SERVER_METADATA, "resourceVersion", "name")
            if name in known
        }
        told_metadata = {k: v for k, v in told["metadata"].items() if k not in _SERVER_METADATA}
        after = {**told, "metadata": {**told_metadata, **kept}}
        if self.call.target.subresource == "status":
            status = {"status": told["status"]} if "status" in told else {}
            return {**before, **status, "metadata": {**known, **_managers(told)}}
        if self._part:
            part = pod_changes.with_part(self._part, before, told)
            after = {**part, "metadata": {**known, **_managers(told)}}
        elif "status" in self.kind.subresources:
            after.pop("status", None)
            after |= {"status": before["status"]} if "status" in before else {}
        if known.get("generation") and _is_new_generation(before, after):
            after["metadata"]["generation"] = known["generation"] + 1
        return after

    @property
    def writer(self) -> Writer:
        version, subresource = self.kind.group_version, self.call.target.subresource
        return Writer(self.call.manager, version, self.stamp, subresource)

    def _recorded(self, before: Json | None, after: Json) -> Json:
        """The object with who owns its fields after this write."""
        if self.call.applies:
            return after
        managers = recorded(before, after, self.writer, self.cluster.layout(self.kind))
        metadata = {k: v for k, v in after["metadata"].items() if k != "managedFields"}
        metadata |= {"managedFields": managers} if managers else {}
        return {**after, "metadata": metadata}

    @property
    def stamp(self) -> str:
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")


def held(one: Json) -> bool:
    """Something keeps the object from going when it is deleted."""
    return finalizing(one) or stopping(one)


def finalizing(one: Json) -> bool:
    """Somebody must still clean up before the object may go."""
    in_spec = one["kind"] == "Namespace" and at(one, "spec", "finalizers")
    return bool(one["metadata"].get("finalizers") or in_spec)


def stopping(one: Json) -> bool:
    """A pod on its node is given its time; the kubelet takes it away then."""
    metadata = one["metadata"]
    return one["kind"] == "Pod" and bool(metadata.get("deletionGracePeriodSeconds"))


def counts_generations(kind: Kind) -> bool:
    """Of the core kinds only pods and their controllers; most others that have a spec."""
    counted = bool(kind.group) or kind.resource in {"pods", "replicationcontrollers"}
    return counted and kind.kind not in _UNCOUNTED


def _managers(told: Json) -> Json:
    managers = told["metadata"].get("managedFields")
    return {"managedFields": managers} if managers else {}


def _is_new_generation(before: Json, after: Json) -> bool:
    """The spec has changed, or what counts as such for this kind."""
    parts: list[tuple[str, ...]] = [("spec",)]
    if before["kind"] == "Deployment":
        parts.append(("metadata", "annotations"))
    if before["kind"] == _WHOLE:
        parts = [("metadata", "labels"), ("addressType",), ("endpoints",), ("ports",)]
    return any(at(before, *part) != at(after, *part) for part in parts)


def _uids(wanted: str, known: str) -> str:
    return f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {known}"
