"""Two states of one object as a unified diff of YAML, without what says nothing."""

import difflib

import yaml

from mcp_servers.engines.fields import section
from mcp_servers.facts.kubernetes import Json

NOISE = ("managedFields", "resourceVersion", "generation", "selfLink", "creationTimestamp", "uid")
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
# In place of the values of Secrets.
MASK, CHANGED = "***", "*** (changed)"
VALUES = ("data", "stringData")


def diff(before: Json | None, after: Json | None) -> str:
    """A unified diff; "" when nothing differs that anybody wrote. None: it is made, or deleted.

    Of a Secret only the names of its keys are shown, and which of them hold something else.
    """
    old, new = _lines(_masked(before, after)), _lines(_masked(after, before, after=True))
    return "\n".join(difflib.unified_diff(old, new, "before", "after", lineterm="", n=3))


def _masked(resource: Json | None, other: Json | None, *, after: bool = False) -> Json | None:
    if resource is None or resource.get("kind") != "Secret":
        return resource
    parts = {part: section(resource, part) for part in VALUES if section(resource, part)}
    return {
        **resource,
        **{
            part: {
                key: MASK if not after or value == section(other, part).get(key) else CHANGED
                for key, value in held.items()
            }
            for part, held in parts.items()
        },
    }


def quiet(resource: Json) -> Json:
    """An object without the fields that servers and controllers keep for themselves."""
    kept = {key: value for key, value in resource.items() if key != "status"}
    metadata = {k: v for k, v in section(resource, "metadata").items() if k not in NOISE}
    notes = {k: v for k, v in section(metadata, "annotations").items() if k != LAST_APPLIED}
    if "annotations" in metadata:
        metadata = {**metadata, "annotations": notes}
    return {**kept, **({"metadata": metadata} if metadata else {})}


def _lines(resource: Json | None) -> list[str]:
    if resource is None:
        return []
    return yaml.safe_dump(quiet(resource), allow_unicode=True, sort_keys=True).splitlines()
