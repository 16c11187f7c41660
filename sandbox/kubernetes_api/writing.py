"""create, update, patch and delete. What follows from them is the controllers' business."""

import random
import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Self

from sandbox.kubernetes_api.admission import admitted
from sandbox.kubernetes_api.calls import Call
from sandbox.kubernetes_api.cluster import DEFINITIONS, Cluster
from sandbox.kubernetes_api.decoding import decoded
from sandbox.kubernetes_api.fields import at, section, texts
from sandbox.kubernetes_api.kinds import Kind
from sandbox.kubernetes_api.patching import Writer, recorded
from sandbox.kubernetes_api.statuses import (
    Refusal,
    already_exists,
    bad_request,
    conflict,
    details,
    invalid,
    not_found,
)
from sandbox.kubernetes_api.strictness import check_strictness, pruned
from sandbox.kubernetes_api.validation import check
from sandbox.kubernetes_api.views import stored_form, view
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
_RANDOM_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(frozen=True, slots=True)
class Writing:
    """The writes of one call: who asks does not matter here any more, what they ask does."""

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
        self._check_namespace(key)
        if self.cluster.store.get(key):
            raise already_exists(self.kind, key.name)
        if one["metadata"].pop("resourceVersion", ""):
            raise bad_request("resourceVersion should not be set on objects to be created")
        fresh = self._fresh(stored_form(one))
        check(self.kind, fresh, None)
        fresh = self._recorded(None, admitted(self.cluster.store, self.kind, fresh))
        return self._keep(key, fresh)

    def replace(self, told: Any) -> Json:
        """PUT: the object becomes what is told, but for what only the server sets."""
        before = self.current()
        one = self._checked(told)
        name = one["metadata"].get("name")
        if name != self.key.name:
            message = f"the name of the object ({name}) does not match the name on the URL ({self.key.name})"
            raise bad_request(message)
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
        one = stored_form(self._checked(told))
        self._check_preconditions(before, one)
        after = self._recorded(before, self._carried_over(before, one))
        check(self.kind, after, before)
        if after == before:
            return view(self.kind, before)
        return self._keep(self.key, after)

    def delete(self, told: Json | None = None) -> Json:
        """Take the object away. With finalizers, or to stop in peace, it stays for a while, marked."""
        before = self.current()
        options: Any = self.call.content() if self.call.body and told is None else told
        self._check_delete_options(before, section(options, "preconditions"))
        dry_run = self.call.dry_run or "All" in texts(options, "dryRun")
        grace_s = self._grace_s(before, options)
        if finalizing(before) or grace_s:
            marked = {**before, "metadata": self._marked(before["metadata"], grace_s)}
            if before["kind"] == "Namespace":
                marked["status"] = {**section(before, "status"), "phase": "Terminating"}
            unchanged = dry_run or marked == before
            return view(self.kind, marked) if unchanged else self._keep(self.key, marked)
        if not dry_run:
            self.cluster.store.remove(self.key)
            self._learn()
        if self.kind.resource in {"pods", "services"}:
            return view(self.kind, before)
        about = {**details(self.kind, self.key.name), "uid": before["metadata"]["uid"]}
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": about,
        }

    def _keep(self, key: Key, one: Json) -> Json:
        if self.call.dry_run:
            return view(self.kind, one)
        if one["metadata"].get("deletionTimestamp") and not (finalizing(one) or stopping(one)):
            self.cluster.store.remove(key)
            self._learn()
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
        if version != self.kind.group_version or kind != self.kind.kind:
            message = (
                f"the API version in the data ({version}, Kind={kind}) does not match the expected "
                f"API version ({self.kind.group_version}, Kind={self.kind.kind})"
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
        self.warnings.extend(check_strictness(self.call, self.kind, unknown))
        return told

    def _named(self, one: Json) -> Json:
        metadata = one["metadata"]
        if not metadata.get("name") and metadata.get("generateName"):
            ending = "".join(random.choices(_RANDOM_LETTERS, k=5))  # noqa: S311 - a name, not a secret
            metadata["name"] = f"{metadata['generateName']}{ending}"
        if not metadata.get("name"):
            message = "Required value: name or generateName is required"
            cause = {"reason": "FieldValueRequired", "field": "metadata.name", "message": message}
            raise invalid(self.kind, "", [cause])
        return one

    def _check_namespace(self, key: Key) -> None:
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
            raise Refusal(403, "Forbidden", message, details(self.kind, key.name))

    def _fresh(self, one: Json) -> Json:
        metadata = {k: v for k, v in one["metadata"].items() if k not in _SERVER_METADATA}
        metadata["uid"] = str(uuid.uuid4())
        metadata["creationTimestamp"] = self.stamp
        if counts_generations(self.kind) and ("spec" in one or self.kind.kind == _WHOLE):
            metadata["generation"] = 1
        fresh = {**one, "metadata": metadata}
        if "status" in self.kind.subresources:
            fresh.pop("status", None)
        if self.kind.resource == "pods":
            fresh["status"] = {"phase": "Pending"}
        if self.kind.resource == "namespaces":
            labels = {
                "kubernetes.io/metadata.name": metadata["name"],
                **section(metadata, "labels"),
            }
            metadata["labels"] = labels
            fresh |= {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
        return fresh

    def _check_preconditions(self, before: Json, told: Json) -> None:
        metadata, known = section(told, "metadata"), before["metadata"]
        if metadata.get("resourceVersion", known["resourceVersion"]) != known["resourceVersion"]:
            raise conflict(self.kind, self.key.name)
        if metadata.get("uid", known["uid"]) != known["uid"]:
            raise conflict(self.kind, self.key.name, _uids(metadata["uid"], known["uid"]))

    def _check_delete_options(self, before: Json, wanted: Json) -> None:
        known = before["metadata"]
        if wanted.get("uid", known["uid"]) != known["uid"]:
            raise conflict(self.kind, self.key.name, _uids(wanted["uid"], known["uid"]))
        version = wanted.get("resourceVersion", known["resourceVersion"])
        if version != known["resourceVersion"]:
            why = f"the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({known['resourceVersion']}). The object might have been modified"
            raise conflict(self.kind, self.key.name, why)

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
            managers = told["metadata"].get("managedFields")
            metadata = {**known, "managedFields": managers} if managers else known
            status = {"status": told["status"]} if "status" in told else {}
            return {**before, **status, "metadata": metadata}
        if "status" in self.kind.subresources:
            after.pop("status", None)
            after |= {"status": before["status"]} if "status" in before else {}
        if "generation" in known and after.get("spec") != before.get("spec"):
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

    def _marked(self, metadata: Json, grace_s: int) -> Json:
        gone_at = (self.now + timedelta(seconds=grace_s)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "deletionTimestamp": gone_at,
            "deletionGracePeriodSeconds": grace_s,
            **metadata,
        }

    def _grace_s(self, before: Json, options: Any) -> int:
        """How long a pod on a node may take to stop; 0 for all that has nothing to stop."""
        if before["kind"] != "Pod" or not at(before, "spec", "nodeName"):
            return 0
        asked = section(options).get("gracePeriodSeconds", self.call.number("gracePeriodSeconds"))
        if asked is None:
            asked = section(before, "spec").get("terminationGracePeriodSeconds", 30)
        return max(0, asked) if isinstance(asked, int) else 0

    @property
    def stamp(self) -> str:
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")


def finalizing(one: Json) -> bool:
    """Somebody must still clean up before the object may go."""
    in_spec = one["kind"] == "Namespace" and at(one, "spec", "finalizers")
    return bool(one["metadata"].get("finalizers") or in_spec)


def stopping(one: Json) -> bool:
    """A pod on its node is given its time; the kubelet takes it away then."""
    metadata = one["metadata"]
    return one["kind"] == "Pod" and bool(metadata.get("deletionGracePeriodSeconds"))


def counts_generations(kind: Kind) -> bool:
    """Core kinds but pods' controllers carry no generation; most others with a spec do."""
    counted = bool(kind.group) or kind.resource == "replicationcontrollers"
    return counted and kind.kind not in _UNCOUNTED


def _uids(wanted: str, known: str) -> str:
    return f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {known}"
