"""CustomResourceDefinitions."""

from typing import Any

from sandbox.kubernetes_api.defaulting.filling import filled
from sandbox.kubernetes_api.fields import entries, section

Json = dict[str, Any]


def definition(one: Json) -> Json:
    spec = filled(section(one, "spec"), {"conversion": {"strategy": "None"}})
    names = section(spec, "names")
    if kind := names.get("kind"):
        spec["names"] = filled(names, {"listKind": f"{kind}List", "singular": str(kind).lower()})
    return {**one, "spec": spec}


def established(one: Json, stamp: str) -> Json:
    """The definition once the server serves its kind, which is at once."""
    conditions = [
        _condition("NamesAccepted", "NoConflicts", "no conflicts found", stamp),
        _condition(
            "Established", "InitialNamesAccepted", "the initial names have been accepted", stamp
        ),
    ]
    stored = [each["name"] for each in entries(one, "spec", "versions") if each.get("storage")]
    status = {
        "acceptedNames": section(one, "spec", "names"),
        "conditions": conditions,
        "storedVersions": stored,
    }
    return {**one, "status": status}


def _condition(kind: str, reason: str, message: str, stamp: str) -> Json:
    told = {"type": kind, "status": "True", "reason": reason, "message": message}
    return {**told, "lastTransitionTime": stamp}
