"""Which logs are read, and when a node is asked for no more of them."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from core.errors import Invalid, NotFound, OpsError, UpstreamUnavailable
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.engines.fields import text
from mcp_servers.engines.suspects import Wanted, containers_worth_reading, is_suspect
from mcp_servers.facts.kubernetes import LOGS_ABSENT, Cluster, LogLines, NotChecked

LINES = 200

# Logs come from the kubelet of a node, by way of the API server. One that gives none of its first
# logs, each asked for several times, is not asked for more: every question may take seconds.
FIRST = 2
SHOWN = 3
NAMED = 5

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
    asked = [
        pair
        for node, wanted in by_node.items()
        if node not in silent
        for pair in zip(wanted, of_nodes[node], strict=True)
    ]
    missed.extend(_nodes_told(silent, sum(len(by_node[node]) for node in silent)))
    missed.extend(_absent_told(asked))
    refused = (one for _, one in asked if isinstance(one, OpsError))
    missed.extend(_told_once(one for one in refused if not isinstance(one, Invalid)))
    return [one for _, one in asked if isinstance(one, LogLines)]


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
    nodes, more = ", ".join(sorted(silent)[:NAMED]), len(silent) - NAMED
    facts = {
        "nodes": nodes,
        "more": str(more) if more > 0 else "",
        "count": str(count),
        "error": errors[0].message,
    }
    return [NotChecked("logs", _why(errors[0]), told="nodes_silent", facts=tuple(facts.items()))]


def _absent_told(asked: Sequence[tuple[Wanted, Read]]) -> list[NotChecked]:
    """Broken containers of which nobody kept a log; all of them, where none was read."""
    known = {(one.pod, one.container) for _, one in asked if isinstance(one, LogLines)}
    absent = [
        (wanted, one)
        for wanted, one in asked
        if isinstance(one, Invalid)
        and (wanted[0].ref, wanted[1]) not in known
        and (not known or is_suspect(wanted[0]))
    ]
    if not absent:
        return []
    names = dict.fromkeys(f"{pod.namespace}/{pod.name} {name}" for (pod, name, _), _ in absent)
    more = len(names) - NAMED
    facts = {
        "containers": ", ".join(list(names)[:NAMED]),
        "more": str(more) if more > 0 else "",
        "error": absent[0][1].message,
    }
    return [NotChecked("logs", _why(absent[0][1]), told=LOGS_ABSENT, facts=tuple(facts.items()))]


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
        return error


def _told_once(refused: Iterable[OpsError]) -> list[NotChecked]:
    told = (
        NotChecked("logs", _why(error), error.hint if error.code == "forbidden" else "")
        for error in refused
    )
    return list(dict.fromkeys(told))[:SHOWN]


def _why(error: OpsError) -> str:
    return f"{error.code}: {error.message}"
