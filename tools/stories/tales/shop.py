"""shop: checkout 4.19.0 keeps every price in memory, outgrows 256Mi, and takes its callers along.

An hour and a quarter ago checkout went to 4.19.0, which fills an index of all prices. From 46
minutes ago on the three pods are killed at their limit again and again; storefront and
mobile-api find nobody at checkout:8080. In between cart had an ordinary release that has
nothing to do with it, and recommendation once restarted nine days ago.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from tools.stories import alerting, company, events, groundwork, network, traffic, voices
from tools.stories.company import checkout, template
from tools.stories.lives import Life, Run, restarted_once
from tools.stories.neighbours import ordinary, pods_of, price_import, released
from tools.stories.nodes import Machine, places
from tools.stories.pods import Plan
from tools.stories.sets import leave_behind, make_claim
from tools.stories.tales.checkout_runs import life, plan
from tools.stories.tales.shop_figures import CART, CATALOG, LEDGER, RECOMMENDATION, figures
from tools.stories.voices import fields
from tools.stories.workloads import Revision, Told, make_deployment, tell_rollout
from tools.stories.world import Line, World

Json = dict[str, Any]

DEPLOYED, FIRST_KILL = "1h14m", "46m"


# Since its last rollout the storefront asks for twice as much, in two pods instead of one.
OLD_STOREFRONT = {"pod": "storefront-ts5d6kwx7-c4kd9", "times": 0.5}
WEEKS = {
    "days": 40,
    "every_s": 300,
    "courses": {
        "container_cpu_usage_seconds_total": "busy",
        "container_memory_working_set_bytes": "level",
        "kube_pod_container_resource_requests": "steady",
        "http_requests_total": "busy",
        "kubelet_volume_stats_capacity_bytes": "steady",
        "kubelet_volume_stats_used_bytes": "filling",
        "queue_length": "busy",
        "kube_persistentvolumeclaim_resource_requests_storage_bytes": "steady",
    },
    "pods": [
        {"pod": "storefront-4q745jmhc-7l5zz", "since_days": 5.083, "before": OLD_STOREFRONT},
        {"pod": "storefront-4q745jmhc-jbfks", "since_days": 5.083},
    ],
}


def tell() -> World:
    world = World("shop", "harbour-eu1", datetime(2026, 11, 18, 1, 40, tzinfo=UTC))
    machines = [
        Machine("harbour-cp-1", "eu-north-1a", cpus=2, memory_gib=8, control=True),
        Machine("harbour-w-1", "eu-north-1a"),
        Machine("harbour-w-2", "eu-north-1b"),
        Machine("harbour-w-3", "eu-north-1c"),
    ]
    groundwork.lay(world, machines, namespaces=("shop", "payments", "data"))
    told = _checkout(world)
    released(
        world, "shop", company.cart("2.7.1"), company.cart("2.7.2"), CART, ago="52m",
        note="cart 2.7.2: clearer logs",
    )  # fmt: skip
    _neighbours(world)
    company.shop_settings(world)
    company.payments_settings(world)
    company.shop_edges(world)
    _callers(world)
    _left_overs(world)
    figures(world, told)
    _people(world)
    alerting.make_rules(world)
    _alarms(world, told)
    world.truth = TRUTH
    world.weeks = WEEKS
    return world


def _checkout(world: World) -> Told:
    volumes = (company.PRICE_FILES,)
    older = template("shop", checkout("4.18.1"), volumes=volumes)
    old = template("shop", checkout("4.18.2"), volumes=volumes)
    new = template("shop", checkout("4.19.0", price_index="full"), volumes=volumes)
    plans = [plan(world, index, node) for index, node in enumerate(places(world, 3, "checkout"))]
    told = make_deployment(
        world, "shop", "checkout",
        [
            Revision(10, older, world.ago("20d")),
            Revision(11, old, world.ago("6d3h"), cause="checkout 4.18.2: smaller order receipts"),
            Revision(12, new, world.ago(DEPLOYED), plans, "checkout 4.19.0: price index in memory"),
        ],
        created=world.ago("190d"), replicas=3, available_changed=world.ago("36m33s"),
    )  # fmt: skip
    company.expose(world, "shop", "checkout")
    tell_rollout(world, told)
    for index, pod in enumerate(told.newest):
        _tell_crashes(world, pod, life(world, index, events.known_as(pod)))
    return told


def _tell_crashes(world: World, pod: Json, lived: Life) -> None:
    """What the kubelet said about the pod, and the last words of its container."""
    pod["status"]["containerStatuses"][0]["state"] = lived.state()
    finished = [run for run in lived.runs if run.ended]
    ends = [run.ended for run in finished if run.ended]
    current = lived.current
    last = (current.started if current else world.captured_at) - timedelta(seconds=7)
    events.backing_off(world, pod, "checkout", ends[1], last, count=len(ends) * 9 - 4)
    starts = [run.started for run in lived.runs[1:]]
    blip = starts[-1] + timedelta(seconds=2)
    probe = events.refused(pod, 8080, "/healthz")
    events.unready(world, pod, "checkout", probe, starts[0], blip, count=len(starts))
    earlier = _run_log(world, pod, finished[-1])
    # While it waits, the kubelet shows the log of the run that ended.
    shown = _run_log(world, pod, current) if current else earlier
    world.log(pod, "checkout", earlier, previous=True)
    world.log(pod, "checkout", shown)


def _run_log(world: World, pod: Json, run: Run) -> list[Line]:
    """From start to the last word. A container killed for memory says nothing about it."""
    until = run.ended or world.captured_at
    path, entries = "/var/cache/prices", 184_213
    steps = [
        (0.2, fields("info", "starting checkout", version="4.19.0", price_index="full")),
        (0.4, fields("info", "price index: loading from disk", path=path, entries=entries)),
        (1.9, fields("info", "listening", addr=":8080")),
    ]
    for share in (0.15, 0.35, 0.55, 0.75, 0.92):
        grown, heap = entries + int(61_000 * share), 150 + int(84 * share)
        text = fields("info", "price index grew", entries=grown, heap_mib=heap)
        steps.append((2 + share * 98, text))
    slow = fields("warn", "garbage collection took long", pause_ms=412, heap_mib=238, goal_mib=244)
    steps.append((95, slow))
    told = [(run.started + timedelta(seconds=second), text) for second, text in steps]
    seed, begun = f"{pod['metadata']['name']}{run.started}", run.started + timedelta(seconds=12)
    noise = voices.chatter(world, "checkout", seed, begun, until, 14)
    return [line for line in told if line[0] < until] + noise


def _neighbours(world: World) -> None:
    company.steady(world, "shop", company.storefront(), since="5d2h")
    company.steady(world, "shop", company.mobile_api(), since="8d2h")
    ordinary(world, "shop", company.catalog(), CATALOG)
    crash = Run(world.ago("9d6h"), world.ago("9d2h"), 1, "Error")
    old = restarted_once(crash, world.ago("9d2h") + timedelta(seconds=1), earlier=3)
    node = places(world, 1, "recommendation")[0]
    pods = [Plan(node, world.ago("16d"), {"recommendation": old})]
    box = company.recommendation()
    ordinary(world, "shop", box, RECOMMENDATION, replicas=1, since="16d", pods=pods)
    ordinary(world, "payments", company.ledger(), LEDGER, since="11d")
    voices.tell_pod(world, company.orders_database(world), since="40m")
    price_import(world)


def _callers(world: World) -> None:
    """storefront and mobile-api are well, but checkout does not answer them."""
    address = f"{network.address_of(world, 'shop', 'checkout')}:8080"
    refused = f"dial tcp {address}: connect: connection refused"
    post = f'Post "http://checkout:8080/v1/orders": {refused}'
    failed = fields("error", "order not placed", target="checkout:8080", error=post)
    cut = "read: connection reset by peer"
    reset = fields("error", "order not placed", target="checkout:8080", error=cut)
    served = fields("warn", "page served", path="/checkout", status=503)
    mobile = fields("error", "POST /v3/orders", status=503, error=f"checkout: {refused}")
    said = {
        "storefront": ((130, failed), (170, served), (800, reset)),
        "mobile-api": ((150, mobile),),
    }
    for app, complaints in said.items():
        for pod in pods_of(world, "shop", app):
            seed, since, now = pod["metadata"]["name"], world.ago(FIRST_KILL), world.captured_at
            lines: list[Line] = []
            for every_s, text in complaints:
                lines += voices.repeated(world, seed, since, now, every_s, text)
            voices.tell_pod(world, pod, since="58m", extra=lines)


def _left_overs(world: World) -> None:
    """The volume of a database that moved away, a claim that an export once wrote to, and a
    balancer for partners who never came. That of the phones' API is the busy one."""
    leave_behind(world, "shop", "data-catalog-postgres-0", "100Gi", "harbour-w-1", "19d")
    make_claim(world, "data", "orders-export", "20Gi", "harbour-w-2", "74d")
    partners = "ledger-partners"
    network.make_service(
        world, "payments", partners, 8080, selector={"app.kubernetes.io/name": "ledger"},
        created=world.ago("96d"), labels={"app.kubernetes.io/name": partners},
    )  # fmt: skip
    network.balance(world, "payments", partners, "203.0.113.18")
    network.balance(world, "shop", "mobile-api", "203.0.113.7")
    traffic.record_silence(world, "payments", partners)


def _people(world: World) -> None:
    """What changed lately: the culprit, and three things that have nothing to do with it."""
    settings, front = "ConfigMap shop/cart-settings", "Deployment shop/storefront"
    world.change("1d7h", "config", settings, "cart-ttl 48h -> 72h", author="m.osei")
    banner = "Flag autumn-banner switched on for all visitors."
    world.change("3h12m", "flag", front, banner, author="i.dahl")
    why = "checkout: answer price questions from a full in-memory index instead of an LRU cache"
    culprit, author = "Deployment shop/checkout", "t.lindqvist"
    world.change("1h21m", "commit", culprit, why, id="7be14f02c9", author=author)
    what = "checkout 4.18.2 -> 4.19.0, PRICE_INDEX lru -> full"
    world.change(DEPLOYED, "deploy", culprit, what, author=author)
    world.change("52m", "deploy", "Deployment shop/cart", "cart 2.7.1 -> 2.7.2", author="m.osei")


def _alarms(world: World, told: Told) -> None:
    here = {"namespace": "shop"}
    for name, ago in (("storefront", "23m"), ("mobile-api", "28m")):
        alerting.fire(world, "ServiceErrorsHigh", here | {"service": name}, world.ago(ago))
        edge = here | {"caller": name, "target": "checkout"}
        alerting.fire(world, "CallsFailing", edge, world.ago("22m"))
    for pod, ago in zip(told.newest, ("37m", "34m", "32m"), strict=True):
        named = here | {"pod": pod["metadata"]["name"], "container": "checkout"}
        alerting.fire(world, "ContainerRestartsOften", named, world.ago(ago))
    alerting.fire(world, "ReplicasMissing", here | {"deployment": "checkout"}, world.ago("26m"))


def _target(name: str) -> Json:
    return {"kind": "Deployment", "namespace": "shop", "name": name}


TRUTH: Json = {
    "question": [
        "Why is checkout failing?",
        "checkout 为什么报错？",
        "Orders in the shop have been failing with 503 for the last 45 minutes. What is wrong?",
        "商城下单一直返回 503，从什么时候开始的，根因是什么？",
        "Why do the checkout pods keep restarting?",
    ],
    "scope": {"namespace": "shop"},
    "root_causes": [{"rules": ["pod.oom_killed"], "resources": [_target("checkout")]}],
    "must_mention": ["256Mi", "OOMKilled", "checkout"],
    "must_not_blame": [_target(name) for name in ("cart", "storefront", "mobile-api", "catalog")],
    "symptoms_ok": ["pod.crash_loop", "deploy.unavailable", "app.dependency_unreachable"],
    "verdict": "found",
    "fix": {"id": "fix.memory", "resource": _target("checkout")},
}
