"""Events and errors summed up: each kind once, with where and how often."""

from dataclasses import replace

from mcp_servers.engines.summaries import error_patterns, event_patterns
from mcp_servers.facts.kubernetes import Cluster, Event, LogLines, Ref
from tests.factories import NOW, at


def event(pod: str, message: str, *, kind: str = "Warning", count: int = 1) -> Event:
    about = Ref("Pod", "shop", pod)
    return Event(pod, about, pod, "BackOff", message, kind, count, at(9), at(3))


def log(pod: str, *lines: str) -> LogLines:
    said = tuple((at(10 - i), line) for i, line in enumerate(lines))
    return LogLines(Ref("Pod", "shop", pod), "app", False, said)


def test_events_that_differ_in_numbers_are_one_kind_and_their_sightings_add_up() -> None:
    events = [
        event("web-1", "Back-off restarting failed container in 10s", count=4),
        event("web-2", "Back-off restarting failed container in 20s", count=3),
        replace(event("web-3", "Pulled image in 7s", kind="Normal", count=90), reason="Pulled"),
    ]
    failed, pulled = event_patterns(events)
    assert (failed.kind, failed.count, len(failed.about)) == ("Warning", 7, 2)
    assert failed.template == "Back-off restarting failed container in <*>"
    assert (failed.first, failed.last) == (at(9), at(3))
    assert pulled.kind == "Normal"


def test_only_complaints_are_errors_and_each_workload_has_its_share() -> None:
    cluster = Cluster(now=NOW, resources=())
    logs = [
        log("web-1", "INFO served 7", "ERROR cannot reach ledger 1", "ERROR cannot reach ledger 2"),
        log("cart-1", "ERROR cannot reach ledger 3", "INFO served 9"),
    ]
    [one] = error_patterns(cluster, logs)
    assert one.pattern.template == "ERROR cannot reach ledger <*>"
    assert one.count == 3
    assert {ref.name: count for ref, count in one.by_workload} == {"web-1": 2, "cart-1": 1}
    assert (one.first, one.last) == (at(10), at(8))


def test_nothing_is_summed_up_as_nothing() -> None:
    assert event_patterns([]) == []
    assert error_patterns(Cluster(now=NOW, resources=()), []) == []
