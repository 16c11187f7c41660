"""When an object came to say what it says now."""

from datetime import datetime

from mcp_servers.engines.fields import rows, section, text
from mcp_servers.facts.kubernetes import Json, Resource, moment


def written_at(resource: Resource, *path: str) -> datetime | None:
    """The last time that somebody wrote the spec, or `path` within it; else the creation.

    Managed fields keep who wrote what, and when: `written_at(claim, "f:resources")`.
    """
    times = [
        moment(entry.get("time"))
        for entry in rows(resource.metadata, "managedFields")
        if _holds(section(entry, "fieldsV1"), ("f:spec", *path))
    ]
    return max((at for at in times if at is not None), default=resource.created_at)


def last_writer(resource: Resource, *path: str) -> tuple[datetime | None, str]:
    """When a part of the spec was last written, and by whom; (None, "") when nobody kept it."""
    writers = [
        one
        for one in rows(resource.metadata, "managedFields")
        if _holds(section(one, "fieldsV1"), ("f:spec", *path))
    ]
    last = max(writers, key=lambda one: text(one, "time"), default=Json())
    return moment(last.get("time")), text(last, "manager")


def condition_since(resource: Resource, kind: str) -> datetime | None:
    """When a condition took its present value."""
    return moment((resource.condition(kind) or {}).get("lastTransitionTime"))


def deleted_at(resource: Resource) -> datetime | None:
    """When its deletion was asked for; None for an object that may stay."""
    return moment(resource.metadata.get("deletionTimestamp"))


def _holds(fields: object, path: tuple[str, ...]) -> bool:
    *above, last = path
    return last in section(fields, *above)
