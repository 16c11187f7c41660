"""node-pressure: a month-end report without a memory limit fills a node, and others pay for it.

The report keeps every row it reads. Twelve minutes ago ridge-w-2 ran short of memory; its
kubelet evicts pods of three other teams, because the report's priority is higher than theirs.
Their replacements run elsewhere by now, and the report still grows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tools.stories import alerting, company, events, groundwork, traffic, voices
from tools.stories.company import service_box
from tools.stories.containers import Container, Template
from tools.stories.groundwork import REGISTRY, labels
from tools.stories.lives import Run
from tools.stories.metrics import Curve
from tools.stories.neighbours import Usage, ordinary, pods_of
from tools.stories.nodes import Machine
from tools.stories.pods import Plan
from tools.stories.sets import Occurrence, make_cron_job
from tools.stories.traffic import MIB, Load
from tools.stories.world import Line, World

Json = dict[str, Any]

NODE, OTHERS = "ridge-w-2", ("ridge-w-1", "ridge-w-3")
REPORT = "month-end-report"
STARTED, PRESSURE = "55m", "12m30s"
START_MIB, FAST_MIB_PER_MIN, SLOW_MIB_PER_MIN = 300, 126.6, 96
SYSTEM_MIB = 938


@dataclass(frozen=True)
class Victim:
    """A service that loses a pod: when, and what the pod used beyond its request."""

    namespace: str
    box: Container
    usage: Usage
    evicted: str
    available_kib: int


VICTIMS = (
    Victim("shop", company.recommendation(), Usage(348, 0.07, 14), "12m24s", 98_412),
    Victim("payments", company.ledger(), Usage(304, 0.11, 22), "9m11s", 71_960),
    Victim(
        "search",
        service_box(
            "search", "suggest", "1.6.2", requests=("100m", "128Mi"), memory_limit="512Mi"
        ),
        Usage(291, 0.06, 35), "5m52s", 88_204,
    ),
    Victim("shop", company.catalog(), Usage(214, 0.08, 50), "2m40s", 94_556),
)  # fmt: skip


def tell() -> World:
    world = World("node-pressure", "ridge-eu1", datetime(2026, 10, 31, 3, 30, tzinfo=UTC))
    machines = [
        Machine("ridge-cp-1", "eu-central-1a", cpus=2, memory_gib=8, control=True),
        Machine("ridge-w-1", "eu-central-1a", memory_gib=8),
        Machine(NODE, "eu-central-1b", memory_gib=8, pressure_since=world.ago(PRESSURE)),
        Machine("ridge-w-3", "eu-central-1b", memory_gib=8),
    ]
    groundwork.lay(world, machines, namespaces=("analytics", "shop", "payments", "search"))
    _priority(world)
    _report(world)
    for victim in VICTIMS:
        _evicted(world, victim)
    nodes = [Plan(node, world.ago("6d3h")) for node in (*OTHERS, OTHERS[0])]
    checkout = company.checkout("4.18.2")
    ordinary(world, "shop", checkout, Usage(132, 0.13, 15), replicas=3, since="6d3h", pods=nodes,
             volumes=(company.PRICE_FILES,))  # fmt: skip
    company.shop_settings(world)
    company.payments_settings(world)
    _tell_node(world)
    _figures(world)
    _people(world)
    alerting.make_rules(world)
    named = {"node": NODE, "instance": f"{NODE}:9100"}
    alerting.fire(world, "NodeMemoryLow", named, world.ago("10m"))
    world.truth = _truth(world)
    return world


def _priority(world: World) -> None:
    world.add(
        "cluster/priorities",
        {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": world.meta("PriorityClass", "", "batch-critical", world.ago("160d")),
            "value": 100000,
            "globalDefault": False,
            "preemptionPolicy": "PreemptLowerPriority",
            "description": "Reports that must be done before morning.",
        },
    )


def _report(world: World) -> None:
    """Yesterday's run read 30 partitions in twelve minutes; today's reads the whole month."""
    box = Container(
        "report", f"{REGISTRY}/analytics/{REPORT}:5.0.1", requests=("500m", "256Mi"),
        args=("--partitions=month", "--out=/tmp/report"),
    )  # fmt: skip
    more: Json = {"priorityClassName": "batch-critical", "priority": 100000}
    shape = Template(labels(REPORT, "report", "analytics"), (box,), extra=more)
    started = world.ago(STARTED)
    yesterday = started - timedelta(days=1)
    runs = [
        Occurrence(yesterday, OTHERS[0], yesterday + timedelta(minutes=12)),
        Occurrence(started, NODE),
    ]
    pods = make_cron_job(
        world, "analytics", REPORT, shape, "35 2 28-31 * *", created=world.ago("160d"), runs=runs
    )
    world.log(pods[-1], "report", _report_log(world, started))


def _report_log(world: World, started: datetime) -> list[Line]:
    lines = [
        (started + timedelta(seconds=4), "report 5.0.1 starting, period 2026-10, 120 partitions"),
        (started + timedelta(seconds=5), "sorting in memory: spill to disk is off"),
    ]
    memory = _report_memory(world)
    for partition in range(1, 97):
        at = started + timedelta(seconds=20 + partition * 33)
        rows, mib = partition * 341_209, round(memory(at) / MIB)
        text = f"partition {partition}/120 read, {rows} rows held in memory, rss {mib} MiB"
        lines.append((at, text))
    slow = "WARN reading partition took 58 s, expected 30 s"
    lines += voices.repeated(world, REPORT, world.ago(PRESSURE), world.captured_at, 150, slow)
    return [line for line in lines if line[0] < world.captured_at]


def _report_memory(world: World) -> Curve:
    """Grows by two gigabytes every quarter of an hour, slower once the node is short."""
    started, short = world.ago(STARTED), world.ago(PRESSURE)

    def memory(at: datetime) -> float:
        fast_min = (min(at, short) - started).total_seconds() / 60
        slow_min = max((at - short).total_seconds() / 60, 0)
        return (START_MIB + FAST_MIB_PER_MIN * fast_min + SLOW_MIB_PER_MIN * slow_min) * MIB

    return memory


def _evicted(world: World, victim: Victim) -> None:
    """One pod was on the node and lost its place; the other pod was elsewhere all the time."""
    at, name = world.ago(victim.evicted), victim.box.name
    used, request = round(victim.usage.mib * 1024), victim.box.requests[1]
    text = "The node was low on resource: memory. Threshold quantity: 100Mi, "
    text += f"available: {victim.available_kib}Ki. Container {name} was using {used}Ki, "
    text += f"request is {request}, has larger consumption of memory. "
    old = world.ago("8d4h")
    pods = [
        Plan(NODE, old, evicted=(at, text)),
        Plan(OTHERS[0], old),
        Plan(OTHERS[1], at + timedelta(seconds=1)),
    ]
    told = ordinary(world, victim.namespace, victim.box, victim.usage, since="8d4h", pods=pods)
    gone, _, replacement = told.newest
    events.kubelet(world, gone, "Evicted", text, at=at, warning=True)
    events.killed(world, gone, at)
    probe = events.refused(replacement, 8080, "/healthz")
    blip = at + timedelta(seconds=5)
    events.unready(world, replacement, name, probe, blip, blip, count=1)


def _tell_node(world: World) -> None:
    """The kubelet speaks of its node by name: even the uid is the name."""
    node = world.find("Node", "", NODE)
    spoken = node | {"metadata": node["metadata"] | {"uid": NODE}}
    at = world.ago(PRESSURE)
    text = f"Node {NODE} status is now: NodeHasInsufficientMemory"
    events.seen(world, spoken, "NodeHasInsufficientMemory", text, by="kubelet", host=NODE, at=at)
    events.seen(
        world, spoken, "EvictionThresholdMet", "Attempting to reclaim memory", by="kubelet",
        host=NODE, at=at - timedelta(seconds=3), last=world.ago("2m41s"), count=4, warning=True,
    )  # fmt: skip


def _figures(world: World) -> None:
    memory = _report_memory(world)
    for pod in pods_of(world, "analytics", REPORT):
        if pod["status"]["phase"] == "Running":
            load = Load(_always(memory), traffic.around(world, 0.74, REPORT), every_s=60)
            traffic.record_pod(world, pod, load)
    traffic.record_nodes(world, {NODE: _used_share(world, memory)}, every_s=60)
    for namespace, caller, target, per_s in (
        ("shop", "storefront", "checkout", 15),
        ("shop", "checkout", "ledger.payments", 15),
        ("shop", "storefront", "recommendation", 14),
        ("shop", "storefront", "catalog", 40),
    ):
        traffic.record_calls(world, namespace, caller, target, per_s)
    traffic.record_durations(world, "shop", "checkout", 15, traffic.flat(0.08))
    traffic.record_scrapes(world, ["checkout", "catalog", "recommendation", "ledger", "suggest"])


def _always(memory: Curve) -> Callable[[int, Run], Curve]:
    return lambda _index, _run: memory


def _used_share(world: World, report: Curve) -> Curve:
    """System, report, and the victims as long as they were there."""
    total_mib = 8 * 1024 - 324
    evicted = [(world.ago(victim.evicted), victim.usage.mib) for victim in VICTIMS]
    started = world.ago(STARTED)

    def share(at: datetime) -> float:
        mib = SYSTEM_MIB + sum(used for gone, used in evicted if at < gone)
        return (mib + (report(at) / MIB if at >= started else 0)) / total_mib

    return share


def _people(world: World) -> None:
    report = f"CronJob analytics/{REPORT}"
    what = "month-end-report 5.0.1: sort in memory instead of spilling to disk"
    world.change("2d16h", "deploy", report, what, author="y.tanaka")
    checkout = "Deployment shop/checkout"
    world.change("6d3h", "deploy", checkout, "checkout 4.18.1 -> 4.18.2", author="t.lindqvist")


def _truth(world: World) -> Json:
    job = f"{REPORT}-{int(world.ago(STARTED).timestamp()) // 60}"
    culprits = [
        {"kind": "Node", "name": NODE},
        {"kind": "CronJob", "namespace": "analytics", "name": REPORT},
        {"kind": "Job", "namespace": "analytics", "name": job},
    ]
    spared = [(victim.namespace, victim.box.name) for victim in VICTIMS]
    return {
        "question": [
            "Why are pods being evicted?",
            "为什么有这么多 Pod 被驱逐？",
            f"What is wrong with node {NODE}?",
            f"节点 {NODE} 的内存被谁吃光了？",
        ],
        "scope": {},
        "root_causes": [
            {"rules": ["node.memory_pressure", "pod.memory_leak"], "resources": culprits}
        ],
        "must_mention": [NODE, REPORT],
        "must_not_blame": [
            {"kind": "Deployment", "namespace": namespace, "name": name}
            for namespace, name in (*spared, ("shop", "checkout"))
        ],
        "symptoms_ok": ["pod.evicted.node_pressure"],
        "verdict": "found",
        "fix": None,
    }
