"""How long it must be watched that a fault is gone: longer than it took to come before."""

from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction

from mcp_servers.engines.containers import Container, Termination, containers
from mcp_servers.engines.fixes.drafting import Case
from mcp_servers.engines.ownership import pods_under
from mcp_servers.facts.kubernetes import Cluster

# Longer than this nobody waits; what takes longer to fail is said to be unproven.
LONGEST_WATCH = timedelta(minutes=15)
OVER_LIFE = Fraction(5, 4)
# What fell longer ago says nothing of the fault of today.
LATELY = timedelta(days=1)


def life_before(case: Case) -> timedelta:
    """The longest that the failing container ran before it fell, in its last ends; zero where
    nothing is known to have fallen, or where a person asked for the change."""
    if case.finding is None:
        return timedelta()
    ends = [
        end.finished_at - end.started_at
        for one in _failing(case)
        for end in one.terminations
        if _fell(end, case.cluster) and end.finished_at and end.started_at
    ]
    return max(ends, default=timedelta())


def watched_for(life: timedelta, usual: timedelta) -> timedelta:
    """A quarter longer than it lived before, no less than usual, and bounded."""
    wanted = life * OVER_LIFE.numerator / OVER_LIFE.denominator
    return max(usual, min(wanted, LONGEST_WATCH))


def span(time: timedelta) -> str:
    """`2h05m`, `1m45s`, `30s`: the two largest units, as Kubernetes shows ages."""
    minutes, seconds = divmod(round(time.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02}m"
    return f"{minutes}m{seconds:02}s" if minutes else f"{seconds}s"


def _failing(case: Case) -> Iterator[Container]:
    for pod in pods_under(case.cluster, case.target):
        yield from (one for one in containers(pod) if case.container in ("", one.name))


def _fell(end: Termination, cluster: Cluster) -> bool:
    failed = end.exit_code != 0 or end.reason == "OOMKilled"
    at = end.finished_at
    return failed and at is not None and cluster.now - at < LATELY
