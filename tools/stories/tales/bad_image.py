"""bad-image: ledger 2.31.0 was rolled out, but nobody had pushed that tag.

The two new pods cannot fetch their image, three of the four old ones still serve, and ten
minutes after its start the rollout missed its deadline. fraud-check had an ordinary release
shortly before.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from tools.stories import alerting, company, config, events, groundwork, traffic, voices
from tools.stories.company import service_box, template
from tools.stories.groundwork import REGISTRY
from tools.stories.lives import waits
from tools.stories.neighbours import Usage, ordinary, released
from tools.stories.nodes import Machine, places
from tools.stories.pods import Plan
from tools.stories.workloads import Revision, Told, make_deployment, old_pod_names, tell_rollout
from tools.stories.world import World

Json = dict[str, Any]

DEPLOYED = "26m"
IMAGE = f"{REGISTRY}/payments/ledger:2.31.0"
CAUSE = (
    f'rpc error: code = NotFound desc = failed to pull and unpack image "{IMAGE}": '
    f'failed to resolve reference "{IMAGE}": {IMAGE}: not found'
)
LEDGER = Usage(203, 0.12, 31)


def tell() -> World:
    world = World("bad-image", "quay-us1", datetime(2026, 11, 5, 9, 12, tzinfo=UTC))
    machines = [
        Machine("quay-cp-a", "us-east-2a", cpus=2, memory_gib=8, control=True),
        Machine("quay-node-1", "us-east-2a", cpus=8, memory_gib=32),
        Machine("quay-node-2", "us-east-2b", cpus=8, memory_gib=32),
        Machine("quay-node-3", "us-east-2b", cpus=8, memory_gib=32),
    ]
    groundwork.lay(world, machines, namespaces=("payments", "shop", "data"))
    told = _ledger(world)
    _neighbours(world)
    _figures(world, told)
    _people(world)
    alerting.make_rules(world)
    named = {"namespace": "payments", "deployment": "ledger"}
    alerting.fire(world, "ReplicasMissing", named, world.ago("16m"))
    world.truth = TRUTH
    return world


def _ledger(world: World) -> Told:
    at, nodes = world.ago(DEPLOYED), places(world, 5, "ledger")
    trying = {"ledger": waits("ErrImagePull", CAUSE)}
    text = f'Back-off pulling image "{IMAGE}": ErrImagePull: {CAUSE}'
    waiting = {"ledger": waits("ImagePullBackOff", text)}
    new = [Plan(nodes[0], at, waiting), Plan(nodes[1], at + timedelta(seconds=1), trying)]
    old = [Plan(node, world.ago("12d5h")) for node in nodes[2:]]
    told = make_deployment(
        world, "payments", "ledger",
        [
            Revision(39, template("payments", company.ledger("2.30.3")), world.ago("34d")),
            Revision(40, template("payments", company.ledger()), world.ago("12d5h"), old,
                     "ledger 2.30.4: fewer round trips"),
            Revision(41, template("payments", company.ledger("2.31.0")), at, new,
                     "ledger 2.31.0: statements in two currencies"),
        ],
        created=world.ago("190d"), replicas=4,
    )  # fmt: skip
    company.expose(world, "payments", "ledger")
    company.payments_settings(world)
    tell_rollout(world, told, kept=3)
    for pod in told.newest:
        _tell_pulls(world, pod)
    for pod in told.pods[1]:
        voices.tell_pod(world, pod)
    return told


def _tell_pulls(world: World, pod: Json) -> None:
    """Nine attempts, farther and farther apart, and a reminder every few seconds."""
    begun = world.ago(DEPLOYED) + timedelta(seconds=2)
    failed, last = begun + timedelta(seconds=1), world.ago("48s")
    box = "ledger"
    events.kubelet(
        world, pod, "Pulling", f'Pulling image "{IMAGE}"', at=begun,
        last=last - timedelta(seconds=1), count=9, container=box,
    )  # fmt: skip
    for text in (f'Failed to pull image "{IMAGE}": {CAUSE}', "Error: ErrImagePull"):
        events.kubelet(
            world, pod, "Failed", text, at=failed, last=last, count=9, warning=True, container=box
        )
    first, latest = failed + timedelta(seconds=13), world.ago("7s")
    text = f'Back-off pulling image "{IMAGE}"'
    events.kubelet(world, pod, "BackOff", text, at=first, last=latest, count=104, container=box)
    events.kubelet(
        world, pod, "Failed", "Error: ImagePullBackOff", at=first, last=latest, count=104,
        warning=True, container=box,
    )  # fmt: skip


def _neighbours(world: World) -> None:
    sizes = {"requests": ("100m", "128Mi"), "memory_limit": "256Mi"}
    settlement = service_box("payments", "settlement", "4.8.2", **sizes)
    ordinary(world, "payments", settlement, Usage(141, 0.05, 6), since="19d")
    old = service_box("payments", "fraud-check", "1.14.0", **sizes)
    new = service_box("payments", "fraud-check", "1.14.1", **sizes)
    released(
        world, "payments", old, new, Usage(162, 0.22, 31), ago="47m", revision=18,
        note="fraud-check 1.14.1: new country table",
    )  # fmt: skip
    checkout = company.checkout("4.18.2")
    ordinary(world, "shop", checkout, Usage(133, 0.13, 22), replicas=3, since="6d3h",
             volumes=(company.PRICE_FILES,))  # fmt: skip
    ordinary(world, "shop", company.storefront(), Usage(170, 0.2, 44))
    company.shop_settings(world)
    voices.tell_pod(world, company.orders_database(world), since="40m")
    config.make_account(world, "payments", "deployer", world.ago("120d"))
    allowed = [config.rule("apps", "deployments replicasets", "get list watch patch")]
    config.make_role(world, "payments", "deployer", allowed, "payments/deployer", world.ago("120d"))


def _figures(world: World, told: Told) -> None:
    at = world.ago(DEPLOYED)
    for pod in told.pods[1]:
        name = pod["metadata"]["name"]
        traffic.record_pod(world, pod, traffic.usual(world, name, LEDGER.mib, LEDGER.cores))
    for pod in told.newest:
        traffic.record_pod(world, pod, traffic.usual(world, "never ran", 0, 0))
    [gone] = old_pod_names(told, 1)
    load = traffic.usual(world, gone, LEDGER.mib, LEDGER.cores)
    box = company.ledger().spec()
    traffic.record_gone(world, "payments", gone, box, load, at + timedelta(seconds=14))
    traffic.record_replicas(
        world, told.deployment, lambda when: 4 if when < at else 3, every_s=60,
        replicas=lambda when: 4 if when < at else 5,
    )  # fmt: skip
    traffic.record_answers(world, "payments", "ledger", LEDGER.per_s)
    for caller, target, per_s in (("ledger", "fraud-check", 30), ("settlement", "ledger", 6)):
        traffic.record_calls(world, "payments", caller, target, per_s)
    traffic.record_calls(world, "shop", "storefront", "checkout", 22)
    traffic.record_calls(world, "shop", "checkout", "ledger.payments", 21)
    traffic.record_durations(world, "payments", "ledger", LEDGER.per_s, traffic.flat(0.04))
    traffic.record_nodes(world, {})
    traffic.record_scrapes(world, ["ledger", "settlement", "fraud-check", "checkout"])


def _people(world: World) -> None:
    ledger, fraud = "Deployment payments/ledger", "Deployment payments/fraud-check"
    world.change("47m", "deploy", fraud, "fraud-check 1.14.0 -> 1.14.1", author="a.reyes")
    world.change(DEPLOYED, "deploy", ledger, "ledger 2.30.4 -> 2.31.0", author="s.kowalski")
    why = "ledger: statements in two currencies"
    world.change("5h20m", "commit", ledger, why, id="e0b7a91c44", author="s.kowalski")


def _service(namespace: str, name: str) -> Json:
    return {"kind": "Deployment", "namespace": namespace, "name": name}


TRUTH: Json = {
    "question": [
        "Why is the ledger rollout in payments stuck?",
        "payments 命名空间里 ledger 的发布为什么卡住了？",
        "ledger has fewer replicas than it should. What is going on?",
        "ledger 新版本的 Pod 为什么起不来？",
    ],
    "scope": {"namespace": "payments"},
    "root_causes": [
        {"rules": ["pod.image_pull.not_found"], "resources": [_service("payments", "ledger")]}
    ],
    "must_mention": ["2.31.0", "ledger"],
    "must_not_blame": [
        _service("payments", "fraud-check"),
        _service("payments", "settlement"),
        _service("shop", "checkout"),
    ],
    "symptoms_ok": ["deploy.progress_deadline", "deploy.unavailable"],
    "verdict": "found",
    "fix": {"id": "fix.rollback", "resource": _service("payments", "ledger")},
}
