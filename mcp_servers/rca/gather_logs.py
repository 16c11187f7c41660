"""Which logs are read, and when a node is asked for no more of them."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from core.errors import NotFound, OpsError, UpstreamUnavailable
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.engines.fields import text
from mcp_servers.engines.suspects import Wanted, containers_worth_reading
from mcp_servers.facts.kubernetes import Cluster, LogLines, NotChecked

LINES = 200

# Logs come from the kubelet of a node, by way of the API server. One that gives none of its first
# logs, each asked for several times, is not asked for more: every question may take seconds.
FIRST = 2
SHOWN = 3
NODES_NAMED = 5

Read = LogLines | OpsError | None


async def gather_logs(
    kubernetes: Kubernetes, seen: Cluster, near: str, missed: list[NotChecked]
) -> list[LogLines]:
    """Logs of what is broken and of its neighbours; what cannot be had is told in `missed`."""
    by_node: dict[str, list[Wanted]] = {}
    for wanted in containers_worth_reading(seen, near=near):
        by_node.setdefault(text(wanted[0].spec, "nodeName"), []).append(wanted)
    read = await asyncio.gather(*(_of_node(kubernetes, one) for one in by_node.values()))
    of_nodes = dict(zip(by_node, read, strict=True))
    silent = {node: found for node, found in of_nodes.items() if node and _is_silent(found)}
    found = [one for node, logs in of_nodes.items() if node not in silent for one in logs]
    missed.extend(_nodes_told(silent, sum(len(by_node[node]) for node in silent)))
    missed.extend(_told_once(one for one in found if isinstance(one, OpsError)))
    return [one for one in found if isinstance(one, LogLines)]


async def _of_node(kubernetes: Kubernetes, wanted: Sequence[Wanted]) -> list[Read]:
    first = await _together(kubernetes, wanted[:FIRST])
    return first if _is_silent(first) else [*first, *await _together(kubernetes, wanted[FIRST:])]


def _is_silent(read: Sequence[Read]) -> bool:
    return all(isinstance(one, UpstreamUnavailable) for one in read)


def _nodes_told(silent: Mapping[str, Sequence[Read]], count: int) -> list[NotChecked]:
    """All of them in one sentence: when the way to the nodes is cut, there may be hundreds."""
    errors = [one for read in silent.values() for one in read if isinstance(one, OpsError)]
    if not errors:
        return []
    nodes, more = ", ".join(sorted(silent)[:NODES_NAMED]), len(silent) - NODES_NAMED
    facts = {
        "nodes": nodes,
        "more": str(more) if more > 0 else "",
        "count": str(count),
        "error": errors[0].message,
    }
    return [NotChecked("logs", _why(errors[0]), told="nodes_silent", facts=tuple(facts.items()))]


async def _together(kubernetes: Kubernetes, wanted: Sequence[Wanted]) -> list[Read]:
    return await asyncio.gather(*(_log(kubernetes, one) for one in wanted))


async def _log(kubernetes: Kubernetes, wanted: Wanted) -> Read:
    pod, container, previous = wanted
    try:
        return await kubernetes.logs(
            pod.name,
            namespace=pod.namespace,
            container=container,
            previous=previous,
            tail_lines=LINES,
        )
    except NotFound:
        return None  # no such log is an ordinary state of a container that has not run
    except OpsError as error:
        # The API refuses logs of a container that waits: also ordinary.
        return None if error.code == "invalid" else error


def _told_once(refused: Iterable[OpsError]) -> list[NotChecked]:
    told = (
        NotChecked("logs", _why(error), error.hint if error.code == "forbidden" else "")
        for error in refused
    )
    return list(dict.fromkeys(told))[:SHOWN]


def _why(error: OpsError) -> str:
    return f"{error.code}: {error.message}"
