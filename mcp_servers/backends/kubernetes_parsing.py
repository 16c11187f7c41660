"""Bodies of the Kubernetes API as facts."""

from collections.abc import Iterable
from datetime import datetime

from mcp_servers.backends.kinds import Kind
from mcp_servers.backends.sharing import Sharing, without_writers
from mcp_servers.facts.kubernetes import Json, LogLines, Ref, Resource, moment


def log_of(body: bytes, pod: Ref, container: str, *, previous: bool, tail_lines: int) -> LogLines:
    """Lines with the timestamp the API put before each; one more than asked means truncated."""
    texts = body.decode(errors="replace").splitlines()
    kept = texts[-tail_lines:] if tail_lines else []
    return LogLines(
        pod=pod,
        container=container,
        previous=previous,
        lines=tuple(_timed(kept)),
        truncated=len(texts) > len(kept),
    )


def _timed(texts: Iterable[str]) -> Iterable[tuple[datetime | None, str]]:
    for text in texts:
        stamp, _, rest = text.partition(" ")
        at = moment(stamp) if stamp[:1].isdigit() else None
        yield (at, rest) if at else (None, text)


def resources_of(listed: Json, kind: Kind, sharing: Sharing | None = None) -> list[Resource]:
    """Items of a list: the API leaves kind and apiVersion out of them, we put them back.

    With `sharing` they are made small, and `managedFields` are kept only where somebody reads them.
    """
    items: list[Json] = listed.get("items") or []
    known = {"kind": kind.name, "apiVersion": kind.api_version}
    # Items of a metadata-only list call themselves PartialObjectMetadata.
    parts = (sharing.of(without_writers(kind.name, item)) for item in items) if sharing else items
    return [Resource({**known, **item, "kind": kind.name}) for item in parts]


def kinds_of(listed: Json) -> list[Kind]:
    """The kinds of an APIResourceList, without subresources."""
    group, _, version = str(listed.get("groupVersion", "")).rpartition("/")
    resources: list[Json] = listed.get("resources") or []
    return [
        Kind(
            str(one.get("kind", "")),
            group,
            version,
            str(one["name"]),
            bool(one.get("namespaced")),
            tuple(one.get("shortNames") or ()),
        )
        for one in resources
        if "/" not in str(one.get("name", "/"))
    ]
