"""shop: checkout 4.19.0 keeps every price in memory, outgrows 256Mi, and takes its callers along.

An hour and a quarter ago checkout went to 4.19.0, which fills an index of all prices. From 46
minutes ago on the three pods are killed at their limit again and again; storefront and
mobile-api find nobody at checkout:8080. In between cart had an ordinary release that has
nothing to do with it, and recommendation once restarted nine days ago.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from tools.stories import alerting, company, events, groundwork, network, scaling, traffic, voices
from tools.stories.company import checkout, template
from tools.stories.containers import Container
from tools.stories.groundwork import labels
from tools.stories.lives import Life, Run, crashing, restarted_once
from tools.stories.metrics import Curve
from tools.stories.nodes import Machine, places
from tools.stories.pods import Plan
from tools.stories.sets import Occurrence, make_cron_job
from tools.stories.times import duration
from tools.stories.traffic import MIB, Load
from tools.stories.voices import fields
from tools.stories.workloads import Revision, Told, make_deployment, old_pod_names, tell_rollout
from tools.stories.world import Line, World

Json = dict[str, Any]

LIMIT = 256 * MIB
DEPLOYED, FIRST_KILL = "1h14m", "46m"
CART_DEPLOYED = "52m"

# How long each run of a checkout pod lasted, from 4.19.0 on: the first fills the index slowly,
# the later ones load it back from disk.
RUNS = {
    0: ("1h13m58s", "28m 2m30s 2m10s 2m 1m50s 1m45s" + " 1m40s" * 9),
    1: ("1h13m31s", "29m20s 2m40s 2m20s 2m5s 2m 1m50s" + " 1m35s" * 4 + " 2m10s"),
    2: ("1h13m2s", "31m40s 2m20s 2m10s 1m55s 1m50s 1m40s" + " 1m45s" * 9),
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
    _cart(world)
    _neighbours(world)
    company.shop_settings(world)
    company.payments_settings(world)
    scaling.make_autoscaler(world, "shop", "storefront", 2, 6, 42)
    for name in ("checkout", "storefront", "catalog"):
        scaling.make_budget(world, "shop", name)
    paths = {"/": "storefront", "/api": "mobile-api"}
    network.make_ingress(
        world, "shop", "shop", "shop.lanternloom.example", paths, world.ago("190d")
    )
    network.make_policy(world, "payments", "ledger", ["shop", "payments"], 8080, world.ago("120d"))
    _callers(world, told)
    _figures(world, told)
    _people(world)
    alerting.make_rules(world)
    _alarms(world, told)
    world.truth = TRUTH
    return world


def _plan(world: World, index: int, node: str) -> Plan:
    """A checkout pod: where, since when, and how it died."""
    started, _ = RUNS[index]
    created = world.ago(started) - timedelta(seconds=5)
    return Plan(node, created, {"checkout": _life(world, index, "checkout-pod")}, image_mib=61)


def _life(world: World, index: int, pod: str) -> Life:
    started, lengths = RUNS[index]
    spans = [duration(length) for length in lengths.split()]
    return crashing(world.ago(started), spans, pod=pod, container="checkout", now=world.captured_at)


def _checkout(world: World) -> Told:
    volumes = (company.PRICE_FILES,)
    old = template("shop", checkout("4.18.2"), volumes=volumes)
    new = template("shop", checkout("4.19.0", price_index="full"), volumes=volumes)
    nodes = places(world, 3, "checkout")
    plans = [_plan(world, index, node) for index, node in enumerate(nodes)]
    told = make_deployment(
        world, "shop", "checkout",
        [
            Revision(10, template("shop", checkout("4.18.1"), volumes=volumes), world.ago("20d")),
            Revision(11, old, world.ago("6d3h"), cause="checkout 4.18.2: smaller order receipts"),
            Revision(12, new, world.ago(DEPLOYED), plans, "checkout 4.19.0: price index in memory"),
        ],
        created=world.ago("190d"), replicas=3, available_changed=world.ago("36m33s"),
    )  # fmt: skip
    company.expose(world, "shop", "checkout")
    tell_rollout(world, told)
    for index, pod in enumerate(told.newest):
        _tell_crashes(world, pod, _life(world, index, _known_as(pod)))
    return told


def _known_as(pod: Json) -> str:
    meta = pod["metadata"]
    return f"{meta['name']}_{meta['namespace']}({meta['uid']})"


def _tell_crashes(world: World, pod: Json, life: Life) -> None:
    """Names the pod in its own status, and adds what its kubelet and its container said."""
    status = pod["status"]["containerStatuses"][0]
    status["state"] = life.state()
    ends = [run.ended for run in life.runs if run.ended]
    last = min(world.captured_at - timedelta(seconds=11), ends[-1] + timedelta(minutes=4))
    events.backing_off(world, pod, "checkout", ends[1], last, count=len(ends) * 9 - 4)
    starts = [run.started for run in life.runs[1:]]
    probe = events.refused(pod, 8080, "/healthz")
    blips = starts[-1] + timedelta(seconds=2)
    events.unready(world, pod, "checkout", probe, starts[0], blips, count=len(starts))
    name = pod["metadata"]["name"]
    finished = [run for run in life.runs if run.ended]
    before_last = _run_log(world, name, finished[-1], first=False)
    world.log(pod, "checkout", before_last, previous=True)
    current = life.current
    shown = before_last if current is None else _run_log(world, name, current, first=False)
    world.log(pod, "checkout", shown)


def _run_log(world: World, pod: str, run: Run, *, first: bool) -> list[Line]:
    """From start to the last word. A container killed for memory says nothing about it."""
    until = run.ended or world.captured_at
    entries = 0 if first else 184_213
    steps: list[tuple[float, str]] = [
        (0.2, fields("info", "starting checkout", version="4.19.0", price_index="full")),
        (
            0.4,
            fields(
                "info",
                "price index: loading entries from disk",
                path="/var/cache/prices",
                entries=entries,
            ),
        ),
        (1.9, fields("info", "listening", addr=":8080")),
    ]
    length_s = (until - run.started).total_seconds()
    for share in (0.15, 0.35, 0.55, 0.75, 0.92):
        heap = 150 + int(84 * share)
        grown = entries + int(61_000 * share)
        text = fields("info", "price index grew", entries=grown, heap_mib=heap)
        steps.append((2 + share * length_s, text))
    pause = fields(
        "warn", "garbage collection took long", pause_ms=412, heap_mib=238, heap_goal_mib=244
    )
    steps.append((0.95 * length_s, pause))
    at = [(run.started + timedelta(seconds=second), text) for second, text in steps]
    lines = [line for line in at if line[0] < until]
    return lines + voices.chatter(
        world, "checkout", f"{pod}{run.started}", run.started + timedelta(seconds=12), until, 14
    )


def _cart(world: World) -> None:
    """An ordinary release that went well."""
    nodes = places(world, 2, "cart")
    at = world.ago(CART_DEPLOYED)
    plans = [
        Plan(node, at + timedelta(seconds=25 * i), image_mib=38) for i, node in enumerate(nodes)
    ]
    told = make_deployment(
        world, "shop", "cart",
        [
            Revision(22, template("shop", company.cart("2.7.1")), world.ago("13d")),
            Revision(23, template("shop", company.cart("2.7.2")), at, plans, "cart 2.7.2: clearer logs"),
        ],
        created=world.ago("190d"), replicas=2,
    )  # fmt: skip
    company.expose(world, "shop", "cart")
    tell_rollout(world, told)
    for pod in told.newest:
        begun = datetime.fromisoformat(pod["metadata"]["creationTimestamp"])
        probe = events.refused(pod, 8080, "/healthz")
        at = begun + timedelta(seconds=4)
        events.unready(world, pod, "cart", probe, at, at, count=1)
        voices.tell_pod(world, pod)


def _neighbours(world: World) -> None:
    for box, replicas in (
        (company.storefront(), 2),
        (company.mobile_api(), 2),
        (company.catalog(), 2),
    ):
        company.steady(world, "shop", box, replicas=replicas, since="5d2h")
    for pod in _pods(world, "shop", "catalog"):
        voices.tell_pod(world, pod)
    old_crash = Run(world.ago("9d6h"), world.ago("9d2h"), 1, "Error")
    life = restarted_once(old_crash, world.ago("9d2h") + timedelta(seconds=1), earlier=3)
    plan = Plan(places(world, 1, "recommendation")[0], world.ago("16d"), {"recommendation": life})
    box = company.recommendation()
    company.steady(world, "shop", box, replicas=1, since="16d", pods=[plan])
    for pod in _pods(world, "shop", "recommendation"):
        voices.tell_pod(world, pod)
    company.steady(world, "payments", company.ledger(), since="11d")
    for pod in _pods(world, "payments", "ledger"):
        voices.tell_pod(world, pod)
    voices.tell_pod(world, company.orders_database(world), since="40m")
    _import_job(world)


def _import_job(world: World) -> None:
    """Prices are imported every hour, and the last run went well."""
    box = Container("import", f"{groundwork.REGISTRY}/shop/price-import:1.8.0", requests=("100m", "128Mi"),
                    memory_limit="256Mi", args=("--changed-only",))  # fmt: skip
    shape = company.Template(labels("price-import", "job", "shop"), (box,))
    node = places(world, 1, "price-import")[0]
    runs = [
        Occurrence(world.ago(f"{hours}h40m"), node, world.ago(f"{hours}h38m40s"))
        for hours in (2, 1)
    ]
    runs.append(Occurrence(world.ago("40m"), node, world.ago("38m33s")))
    pods = make_cron_job(
        world, "shop", "price-import", shape, "0 * * * *", created=world.ago("150d"), runs=runs
    )
    at = world.ago("39m50s")
    world.log(pods[-1], "import", [
        (at, "import: 412 changed prices fetched"),
        (at + timedelta(seconds=71), "import: 412 written, 0 rejected, done"),
    ])  # fmt: skip


def _pods(world: World, namespace: str, app: str) -> list[Json]:
    return [
        pod
        for pod in world.of_kind("Pod", namespace)
        if pod["metadata"]["labels"].get("app.kubernetes.io/name") == app
    ]


def _callers(world: World, told: Told) -> None:
    """storefront and mobile-api are well, but checkout does not answer them."""
    address = f"{network.address_of(world, 'shop', 'checkout')}:8080"
    refused = f"dial tcp {address}: connect: connection refused"
    post = f'Post \\"http://checkout:8080/v1/orders\\": {refused}'
    since, now = world.ago(FIRST_KILL), world.captured_at
    failed = (
        f'{{"level":"error","msg":"order not placed","target":"checkout:8080","error":"{post}"}}'
    )
    served = (
        '{"level":"warn","msg":"page served","path":"/checkout","status":503,"duration_ms":{ms}}'
    )
    reset = '{"level":"error","msg":"order not placed","target":"checkout:8080",'
    reset += '"error":"read: connection reset by peer"}'
    for pod in _pods(world, "shop", "storefront"):
        seed = pod["metadata"]["name"]
        lines = voices.repeated(world, seed, since, now, 130, failed)
        lines += voices.repeated(world, seed, since, now, 170, served)
        lines += voices.repeated(world, seed, since, now, 800, reset)
        voices.tell_pod(world, pod, since="58m", extra=lines)
    for pod in _pods(world, "shop", "mobile-api"):
        text = f'{{"level":"error","msg":"POST /v3/orders","status":503,"error":"checkout: {refused}"}}'
        lines = voices.repeated(world, pod["metadata"]["name"], since, now, 150, text)
        voices.tell_pod(world, pod, since="58m", extra=lines)


def _ready(world: World, told: Told) -> Curve:
    """How many checkout pods serve at a moment; all three before the release."""
    lives = [_life(world, index, "") for index in RUNS]
    deployed = world.ago("1h12m")

    def curve(at: datetime) -> float:
        return 3 if at < deployed else sum(life.ready_at(at) for life in lives)

    return curve


def _failing(ready: Curve) -> Curve:
    """Share of calls to checkout that fail, by how many pods are left to serve."""
    shares = {0: 1.0, 1: 0.38, 2: 0.09, 3: 0.0006}
    return lambda at: shares[int(ready(at))]


def _figures(world: World, told: Told) -> None:
    ready = _ready(world, told)
    failing = _failing(ready)
    _checkout_containers(world, told)
    for app, mib, cpu in (("storefront", 171, 0.21), ("mobile-api", 118, 0.09), ("cart", 74, 0.06),
                          ("catalog", 121, 0.08), ("recommendation", 205, 0.07)):  # fmt: skip
        for pod in _pods(world, "shop", app):
            life = _recommended(world) if app == "recommendation" else None
            traffic.record_pod(
                world, pod, traffic.usual(world, pod["metadata"]["name"], mib, cpu), life
            )
    for name in ("storefront", "mobile-api", "cart", "catalog", "recommendation"):
        traffic.record_replicas(world, world.find("Deployment", "shop", name))
    traffic.record_replicas(world, told.deployment, ready, every_s=60)
    _requests(world, failing)
    traffic.record_nodes(world, {})
    traffic.record_scrapes(world, SCRAPED)


SCRAPED = {
    "kube-state-metrics": "10.244.1.22:8080",
    "checkout": "checkout.shop:8080",
    "storefront": "storefront.shop:8080",
    "cart": "cart.shop:8080",
    "ledger": "ledger.payments:8080",
}


def _recommended(world: World) -> Life:
    return Life((Run(world.ago("9d2h")),), earlier=4)


def _checkout_containers(world: World, told: Told) -> None:
    for index, pod in enumerate(told.newest):
        life = _life(world, index, "")

        def memory(number: int, run: Run) -> Curve:
            lasts = (run.ended or run.started + duration("3m50s")) - run.started
            base = (92 if number == 0 else 186) * MIB
            return traffic.filling(run, LIMIT, base_bytes=base, lasts=lasts)

        cpu = traffic.around(world, 0.19, index, "checkout")
        load = Load(memory, cpu, throttled_share=0.04, every_s=60)
        traffic.record_pod(world, pod, load, life)
    box = template("shop", checkout("4.18.2")).containers[0].spec()
    started = [pod["metadata"]["creationTimestamp"] for pod in told.newest]
    for name, at in zip(old_pod_names(told, 3), started, strict=True):
        load = traffic.usual(world, name, 131, 0.14)
        until = datetime.fromisoformat(at) + timedelta(seconds=14)
        traffic.record_gone(world, "shop", name, box, load, until)


def _requests(world: World, failing: Curve) -> None:
    """12 of 40 pages and 6 of 18 mobile calls a second need checkout."""
    traffic.record_answers(world, "shop", "storefront", 40, lambda at: 0.0004 + 0.3 * failing(at))
    traffic.record_answers(world, "shop", "mobile-api", 18, lambda at: 0.0004 + 0.33 * failing(at))
    for service, per_s in (("cart", 21), ("catalog", 55), ("recommendation", 14)):
        traffic.record_answers(world, "shop", service, per_s)
    serving = traffic.around(world, 18, "checkout", "served")
    labels_200 = {"namespace": "shop", "service": "checkout", "code": "200"}
    world.metrics.counter(
        "http_requests", labels_200, lambda at: serving(at) * (1 - failing(at)), start=1_555_200
    )
    traffic.record_calls(world, "shop", "storefront", "checkout", 12, failing)
    traffic.record_calls(world, "shop", "mobile-api", "checkout", 6, failing)
    for caller, target, per_s in (("storefront", "cart", 15), ("storefront", "catalog", 38),
                                  ("storefront", "recommendation", 14), ("mobile-api", "catalog", 17)):  # fmt: skip
        traffic.record_calls(world, "shop", caller, target, per_s)
    for target, per_s in (("cart", 6), ("ledger.payments", 12)):
        rate = traffic.around(world, per_s, "checkout", target)
        world.metrics.counter(
            "http_client_requests",
            {"namespace": "shop", "caller": "checkout", "target": target, "code": "200"},
            _less(rate, failing), traffic.Span(traffic.KUBELET_S), start=per_s * 86_400,
        )  # fmt: skip
    traffic.record_durations(
        world, "shop", "checkout", 18, lambda at: 0.06 + 0.5 * min(failing(at), 0.4)
    )


def _less(rate: Curve, failing: Curve) -> Curve:
    return lambda at: rate(at) * (1 - failing(at))


def _people(world: World) -> None:
    """What changed lately: the culprit, and three things that have nothing to do with it."""
    world.change(
        "1d7h", "config", "ConfigMap shop/cart-settings", "cart-ttl 48h -> 72h", author="m.osei"
    )
    world.change("3h12m", "flag", "Deployment shop/storefront",
                 "Flag autumn-banner switched on for all visitors.", author="i.dahl")  # fmt: skip
    world.change(
        "1h21m", "commit", "Deployment shop/checkout",
        "checkout: answer price questions from a full in-memory index instead of an LRU cache",
        id="7be14f02c9", author="t.lindqvist",
    )  # fmt: skip
    world.change(DEPLOYED, "deploy", "Deployment shop/checkout",
                 "checkout 4.18.2 -> 4.19.0, PRICE_INDEX lru -> full", author="t.lindqvist")  # fmt: skip
    world.change(
        CART_DEPLOYED, "deploy", "Deployment shop/cart", "cart 2.7.1 -> 2.7.2", author="m.osei"
    )


def _alarms(world: World, told: Told) -> None:
    for name, ago in (("storefront", "28m"), ("mobile-api", "27m")):
        alerting.fire(
            world, "ServiceErrorsHigh", {"namespace": "shop", "service": name}, world.ago(ago)
        )
    for pod in told.newest:
        named = {"namespace": "shop", "pod": pod["metadata"]["name"], "container": "checkout"}
        alerting.fire(world, "ContainerRestartsOften", named, world.ago("35m"))
    named = {"namespace": "shop", "deployment": "checkout"}
    alerting.fire(world, "ReplicasMissing", named, world.ago("26m"))


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
    "must_not_blame": [
        _target("cart"), _target("storefront"), _target("mobile-api"), _target("recommendation"),
    ],
    "symptoms_ok": ["pod.crash_loop", "deploy.unavailable", "app.dependency_unreachable"],
    "verdict": "found",
    "fix": {"id": "fix.memory", "resource": _target("checkout")},
}  # fmt: skip
