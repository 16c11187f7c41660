"""The figures of the shop story: memory that climbs to its limit, and calls that fail."""

from datetime import datetime, timedelta
from typing import Any

from tools.stories import traffic
from tools.stories.company import checkout
from tools.stories.lives import Run
from tools.stories.metrics import Curve, Span
from tools.stories.neighbours import Usage, pods_of
from tools.stories.tales.checkout_runs import (
    LAST_RUN_WOULD_LAST,
    failing_calls,
    life,
    ready_pods,
)
from tools.stories.traffic import KUBELET_S, MIB, Load
from tools.stories.workloads import Told, old_pod_names
from tools.stories.world import World

Json = dict[str, Any]

LIMIT_BYTES = 256 * MIB
FIRST_START_BYTES, LATER_START_BYTES = 92 * MIB, 186 * MIB

STOREFRONT = Usage(171, 0.21, 40)
MOBILE = Usage(118, 0.09, 18)
CART = Usage(74, 0.06, 21)
CATALOG = Usage(121, 0.08, 55)
RECOMMENDATION = Usage(205, 0.07, 14)
LEDGER = Usage(188, 0.11, 12)

# What is taken of the volumes, and by what part of it they rise a day (the course "filling").
VOLUMES = {"data-orders-postgres-0": 0.78, "data-prometheus-0": 0.62}
RISING = 0.012


def figures(world: World, told: Told) -> None:
    """Series of checkout, of its callers and of the nodes."""
    failing = failing_calls(world)
    _new_pods(world, told)
    _old_pods(world, told)
    traffic.record_replicas(world, told.deployment, ready_pods(world), every_s=60)
    for app, usage in (("storefront", STOREFRONT), ("mobile-api", MOBILE)):
        for pod in pods_of(world, "shop", app):
            load = traffic.usual(world, pod["metadata"]["name"], usage.mib, usage.cores)
            traffic.record_pod(world, pod, load)
        traffic.record_replicas(world, world.find("Deployment", "shop", app))
    _answers(world, failing)
    _calls(world, failing)
    traffic.record_nodes(world, {})
    traffic.record_volumes(world, VOLUMES, rising=RISING)
    traffic.record_queue(world, "data", "orders-postgres", "orders", 24)
    traffic.record_scrapes(world, ["checkout", "storefront", "mobile-api", "cart", "catalog"])


def _new_pods(world: World, told: Told) -> None:
    for index, pod in enumerate(told.newest):
        cores = traffic.around(world, 0.19, index, "checkout")
        load = Load(_climbing, cores, throttled_share=0.04, every_s=60)
        traffic.record_pod(world, pod, load, life(world, index))


def _climbing(index: int, run: Run) -> Curve:
    lasts = run.ended - run.started if run.ended else LAST_RUN_WOULD_LAST
    base = LATER_START_BYTES if index else FIRST_START_BYTES
    return traffic.filling(run, LIMIT_BYTES, base_bytes=base, lasts=lasts)


def _old_pods(world: World, told: Told) -> None:
    """The release before was content with half its limit."""
    box = checkout("4.18.2").spec()
    for name, pod in zip(old_pod_names(told, 3), told.newest, strict=True):
        replaced = datetime.fromisoformat(pod["metadata"]["creationTimestamp"])
        load = traffic.usual(world, name, 131, 0.14)
        traffic.record_gone(world, "shop", name, box, load, replaced + timedelta(seconds=14))


def _answers(world: World, failing: Curve) -> None:
    """Three pages in ten and a third of the mobile calls need checkout."""
    traffic.record_answers(world, "shop", "storefront", 40, lambda at: 0.0004 + 0.3 * failing(at))
    traffic.record_answers(world, "shop", "mobile-api", 18, lambda at: 0.0004 + 0.33 * failing(at))
    served = traffic.around(world, 18, "checkout", "served")
    labels = {"namespace": "shop", "service": "checkout", "code": "200"}
    world.metrics.counter("http_requests", labels, _less(served, failing), start=1_555_200)
    slow = 0.5  # seconds more, when a pod is about to die of garbage collection

    def mean_s(at: datetime) -> float:
        return 0.06 + slow * min(failing(at), 0.4)

    traffic.record_durations(world, "shop", "checkout", 18, mean_s)


def _calls(world: World, failing: Curve) -> None:
    traffic.record_calls(world, "shop", "storefront", "checkout", 12, failing)
    traffic.record_calls(world, "shop", "mobile-api", "checkout", 6, failing)
    for caller, target, per_s in (
        ("storefront", "cart", 15),
        ("storefront", "catalog", 38),
        ("storefront", "recommendation", 14),
        ("mobile-api", "catalog", 17),
    ):
        traffic.record_calls(world, "shop", caller, target, per_s)
    for target, per_s in (("cart", 6), ("ledger.payments", 12)):
        rate = _less(traffic.around(world, per_s, "checkout", target), failing)
        labels = {"namespace": "shop", "caller": "checkout", "target": target, "code": "200"}
        span, start = Span(KUBELET_S), per_s * 86_400
        world.metrics.counter("http_client_requests", labels, rate, span, start=start)


def _less(rate: Curve, failing: Curve) -> Curve:
    return lambda at: rate(at) * (1 - failing(at))
