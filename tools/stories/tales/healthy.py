"""healthy: nothing is wrong. checkout had its routine release 35 minutes ago, and it went well.

There are the traces such a release leaves (Killing, Scaling, one failed probe a pod), a ledger
pod that restarted once nine days ago, and a flag somebody switched this evening.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from tools.stories import alerting, company, groundwork, traffic, voices
from tools.stories.lives import Run, restarted_once
from tools.stories.neighbours import Usage, ordinary, price_import, released
from tools.stories.nodes import Machine, places
from tools.stories.pods import Plan
from tools.stories.world import World

Json = dict[str, Any]

MESH = (
    ("storefront", "checkout", 11),
    ("storefront", "cart", 14),
    ("storefront", "catalog", 35),
    ("storefront", "recommendation", 13),
    ("mobile-api", "checkout", 5),
    ("mobile-api", "catalog", 15),
    ("checkout", "cart", 8),
    ("checkout", "ledger.payments", 16),
)


def tell() -> World:
    world = World("healthy", "meadow-eu2", datetime(2026, 11, 12, 14, 25, tzinfo=UTC))
    machines = [
        Machine("meadow-cp-1", "eu-west-2a", cpus=2, memory_gib=8, control=True),
        Machine("meadow-w-1", "eu-west-2a"),
        Machine("meadow-w-2", "eu-west-2b"),
        Machine("meadow-w-3", "eu-west-2b"),
    ]
    groundwork.lay(world, machines, namespaces=("shop", "payments", "data"))
    _services(world)
    company.shop_settings(world)
    company.payments_settings(world)
    company.shop_edges(world)
    voices.tell_pod(world, company.orders_database(world), since="40m")
    price_import(world)
    for caller, target, per_s in MESH:
        traffic.record_calls(world, "shop", caller, target, per_s)
    traffic.record_durations(world, "shop", "checkout", 16, traffic.flat(0.07))
    traffic.record_nodes(world, {})
    traffic.record_scrapes(world, ["checkout", "storefront", "mobile-api", "cart", "catalog"])
    _people(world)
    alerting.make_rules(world)
    world.truth = TRUTH
    return world


def _services(world: World) -> None:
    released(
        world, "shop", company.checkout("4.18.1"), company.checkout("4.18.2"),
        Usage(129, 0.13, 16), ago="35m", note="checkout 4.18.2: smaller order receipts",
        revision=11, replicas=3, volumes=(company.PRICE_FILES,),
    )  # fmt: skip
    ordinary(world, "shop", company.storefront(), Usage(168, 0.2, 37))
    ordinary(world, "shop", company.mobile_api(), Usage(115, 0.08, 16), since="8d2h")
    ordinary(world, "shop", company.cart(), Usage(72, 0.06, 22), since="7d23h")
    ordinary(world, "shop", company.catalog(), Usage(119, 0.08, 50))
    ordinary(world, "shop", company.recommendation(), Usage(201, 0.07, 13), replicas=1)
    crash = Run(world.ago("40d"), world.ago("9d1h"), 1, "Error")
    restarted = restarted_once(crash, world.ago("9d1h") + timedelta(seconds=1))
    nodes = places(world, 2, "ledger")
    pods = [
        Plan(nodes[0], world.ago("40d"), {"ledger": restarted}),
        Plan(nodes[1], world.ago("40d")),
    ]
    ordinary(world, "payments", company.ledger(), Usage(186, 0.1, 16), since="40d", pods=pods)


def _people(world: World) -> None:
    checkout, front = "Deployment shop/checkout", "Deployment shop/storefront"
    why = "checkout: leave the logo out of order receipts"
    world.change("1h5m", "commit", checkout, why, id="c1d90a7f3e", author="t.lindqvist")
    world.change("35m", "deploy", checkout, "checkout 4.18.1 -> 4.18.2", author="t.lindqvist")
    flag = "Flag winter-preview switched on for staff."
    world.change("2h10m", "flag", front, flag, author="i.dahl")


def _service(namespace: str, name: str) -> Json:
    return {"kind": "Deployment", "namespace": namespace, "name": name}


TRUTH: Json = {
    "question": [
        "Why is checkout failing?",
        "checkout 为什么报错？",
        "Is anything wrong in the shop?",
        "最近一次发布有没有把 checkout 弄坏？",
        "Did the last release of checkout break something?",
    ],
    "scope": {"namespace": "shop"},
    "root_causes": [],
    "must_mention": [],
    "must_not_blame": [
        *(_service("shop", name) for name in ("checkout", "storefront", "cart", "mobile-api")),
        _service("payments", "ledger"),
    ],
    "verdict": "healthy",
    "fix": None,
}
