"""Telling apart whether a write has happened, from what the object looks like now."""

from mcp_servers.engines.canonical import digest
from mcp_servers.engines.fields import has, section, text
from mcp_servers.facts.fixes import Verb, Write
from mcp_servers.facts.kubernetes import Json

PRESENT, ABSENT = "present", "absent"
GOING = (Verb.EVICT, Verb.DELETE)


def mark(write: Write, live: Json | None) -> str:
    """A short word for the state of all that a write could touch: equal marks, equal states.

    Status, managed fields and whatever controllers note beside the spec are left out; so are
    replicas, unless the write is about them, because an autoscaler may set them at any time. Of a
    node only the cordon counts: its controller answers that with taints. Labels count where the write
    sets them.
    """
    if write.verb in GOING:
        gone = live is None or _uid(live) != write.uid or has(live, "metadata", "deletionTimestamp")
        return ABSENT if gone else PRESENT
    if live is None:
        return ABSENT
    if write.verb is Verb.CREATE:
        return PRESENT
    if write.target.kind == "Node":
        return f"{_uid(live)}:{bool(section(live, 'spec').get('unschedulable'))}"
    state = {"uid": _uid(live), "spec": _spec(write, live)}
    if has(write.body, "metadata", "labels"):
        state["labels"] = section(live, "metadata", "labels")
    return digest(state)


def after_write(write: Write, live: Json | None, answer: Json) -> Json | None:
    """The object as the API server's answer says it will be; None: gone."""
    if write.verb in GOING:
        return None
    if write.verb is Verb.SCALE and live is not None:
        replicas = section(answer, "spec").get("replicas", 0)
        return {**live, "spec": {**section(live, "spec"), "replicas": replicas}}
    return answer


def _spec(write: Write, live: Json) -> Json:
    spec = section(live, "spec")
    if write.verb is Verb.SCALE:
        return {"replicas": spec.get("replicas")}
    if has(write.body, "spec", "replicas"):
        return spec
    return {key: value for key, value in spec.items() if key != "replicas"}


def _uid(live: Json) -> str:
    return text(live, "metadata", "uid")
