"""CPU of diagnosing pods that were read already: what the engines cost, without any server.

    .venv/bin/python -m tools.measure.engines [PODS …]

Without numbers: 1,000 and 20,000 pods, with owners, probes, conditions and events, of which one in
a hundred crashes.
"""

import sys
import time
from datetime import timedelta
from statistics import median

from mcp_servers.engines.changes import changes_in
from mcp_servers.engines.diagnose import diagnose
from mcp_servers.engines.topology import topology
from mcp_servers.facts.kubernetes import Cluster, Event, Resource, moment
from tools.measure.large_cluster import AT, large_cluster

PODS_OF_A_NODE = 20
REPEATED = 3


def read(pods: int) -> Cluster:
    objects = list(large_cluster(max(1, pods // PODS_OF_A_NODE), pods))
    at = moment(AT)
    assert at
    return Cluster(
        now=at + timedelta(minutes=1),
        resources=[Resource(one) for one in objects if one["kind"] != "Event"],
        events=[Event.of(one) for one in objects if one["kind"] == "Event"],
    )


def squares_s() -> float:
    """How fast this machine is: ten million squares in Python."""
    began = time.process_time()
    sum(number * number for number in range(10_000_000))
    return time.process_time() - began


def diagnosing_s(pods: int) -> tuple[float, int]:
    """CPU seconds and how much was found."""
    cluster = read(pods)
    began = time.process_time()
    changes_in(cluster)
    found = diagnose(cluster)
    topology(cluster)
    return time.process_time() - began, len(found)


def main(*sizes: int) -> None:
    print(f"ten million squares: {median(squares_s() for _ in range(REPEATED)):.2f} s")
    for pods in sizes or (1000, 20_000):
        taken = [diagnosing_s(pods) for _ in range(REPEATED if pods < 10_000 else 1)]
        cpu_s, found = median(one for one, _ in taken), taken[0][1]
        print(
            f"{pods} pods: {cpu_s:.2f} s of CPU, {found} findings, {1000 * cpu_s / pods:.2f} ms each"
        )


if __name__ == "__main__":
    main(*(int(one) for one in sys.argv[1:]))
