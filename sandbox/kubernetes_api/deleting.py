"""DELETE: an object goes at once, or stays, marked, until whatever holds it lets go."""

from datetime import datetime, timedelta
from typing import Any

from sandbox.kubernetes_api.fields import at, number, section, texts
from sandbox.kubernetes_api.options import DeleteOptions
from sandbox.kubernetes_api.statuses import Refusal, details, group_kind
from sandbox.kubernetes_api.views import view
from sandbox.kubernetes_api.writing import Writing, held

Json = dict[str, Any]

FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"
_COLLECTING = {"Foreground": FOREGROUND, "Orphan": ORPHAN}
# What they have made stays, unless the client says otherwise.
_ORPHANING = frozenset({"jobs.batch", "replicationcontrollers"})
_LASTING_NAMESPACES = frozenset({"default", "kube-public", "kube-system"})
# Whoever deletes one of these is shown it once more; for the others a Status must do.
_SHOWN = frozenset(
    {
        "persistentvolumeclaims",
        "persistentvolumes",
        "pods",
        "podtemplates",
        "resourcequotas",
        "serviceaccounts",
        "services",
    }
)
_STAMP = "%Y-%m-%dT%H:%M:%SZ"


def delete(writing: Writing, options: DeleteOptions) -> Json:
    """The object as it stays or was, or a Status that says it is gone."""
    before = writing.current()
    _check(writing, before, options)
    marked = _marked(writing, before, options)
    if held(marked):
        unchanged = options.dry_run or marked == before
        kept = marked if unchanged else writing.cluster.store.put(writing.key, marked)
        return view(writing.kind, kept)
    if not options.dry_run:
        writing.remove()
    if writing.kind.resource in _SHOWN:
        return view(writing.kind, marked if writing.kind.resource == "pods" else before)
    about = {**details(writing.kind, writing.key.name), "uid": before["metadata"]["uid"]}
    status: Json = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    return {**status, "details": about}


def _check(writing: Writing, before: Json, options: DeleteOptions) -> None:
    known = before["metadata"]
    for field, name, why in (
        ("uid", "UID", "deleted and then recreated"),
        ("resourceVersion", "ResourceVersion", "modified"),
    ):
        wanted = options.preconditions.get(field, known[field])
        if wanted != known[field]:
            message = (
                f'Operation cannot be fulfilled on {group_kind(writing.kind)} "{writing.key.name}": '
                f"the {name} in the precondition ({wanted}) does not match the {name} in record "
                f"({known[field]}). The object might have been {why}"
            )
            about = {**details(writing.kind, writing.key.name), "kind": writing.kind.kind}
            raise Refusal(409, "Conflict", message, about)
    if writing.kind.resource == "namespaces" and writing.key.name in _LASTING_NAMESPACES:
        message = f'namespaces "{writing.key.name}" is forbidden: this namespace may not be deleted'
        raise Refusal(403, "Forbidden", message, details(writing.kind, writing.key.name))


def _marked(writing: Writing, before: Json, options: DeleteOptions) -> Json:
    """The object once its deletion has begun; one that was to go already goes no later."""
    known, grace_s = before["metadata"], _grace_s(before, options.grace_s)
    metadata = {**known, **_times(known, grace_s, writing.now)}
    finalizers = _finalizers(writing, before, options.policy)
    metadata.pop("finalizers", None)
    metadata |= {"finalizers": finalizers} if finalizers else {}
    if known.get("generation") and not known.get("deletionTimestamp"):
        metadata["generation"] = known["generation"] + 1
    if before["kind"] != "Namespace":
        return {**before, "metadata": metadata}
    metadata.pop("deletionGracePeriodSeconds", None)
    status = {**section(before, "status"), "phase": "Terminating"}
    return {**before, "metadata": metadata, "status": status}


def _times(known: Json, grace_s: int, now: datetime) -> Json:
    allowed = number(known, "deletionGracePeriodSeconds")
    if not (gone_at := known.get("deletionTimestamp")):
        begun = now
    elif grace_s < allowed:
        begun = datetime.strptime(gone_at, _STAMP) - timedelta(seconds=allowed)  # noqa: DTZ007 - UTC
    else:
        return {}
    gone = (begun + timedelta(seconds=grace_s)).strftime(_STAMP)
    return {"deletionTimestamp": gone, "deletionGracePeriodSeconds": grace_s}


def _finalizers(writing: Writing, before: Json, policy: str) -> list[str]:
    """What holds the object: others' finalizers, and the one that tells what becomes of dependents."""
    known = texts(before, "metadata", "finalizers")
    told = [one for one in known if one in _COLLECTING.values()]
    if not policy and not told and writing.kind.resource in _ORPHANING:
        policy = "Orphan"
    if policy:
        told = [_COLLECTING[policy]] if policy in _COLLECTING else []
    return [*(one for one in known if one not in _COLLECTING.values()), *told]


def _grace_s(before: Json, asked: int | None) -> int:
    """How long a pod that runs on a node may take to stop; 0 for all that has nothing to stop."""
    ended = at(before, "status", "phase") in {"Succeeded", "Failed"}
    if before["kind"] != "Pod" or not at(before, "spec", "nodeName") or ended:
        return 0
    if asked is None:
        asked = section(before, "spec").get("terminationGracePeriodSeconds", 30)
    return asked if isinstance(asked, int) and asked >= 0 else 1
