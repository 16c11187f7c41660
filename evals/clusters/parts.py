"""What objects of many kinds have: a condition, a reference to their owner."""

from evals.clusters.world import Json


def condition(kind: str, value: str, reason: str, message: str, since: str, **more: str) -> Json:
    """A condition; an empty reason or message is left out as most controllers do."""
    told = {"type": kind, "status": value, "lastTransitionTime": since, **more}
    words = {"reason": reason, "message": message}
    return {**told, **{key: text for key, text in words.items() if text}}


def owner(one: Json) -> Json:
    return {
        "apiVersion": one["apiVersion"],
        "blockOwnerDeletion": True,
        "controller": True,
        "kind": one["kind"],
        "name": one["metadata"]["name"],
        "uid": one["metadata"]["uid"],
    }
