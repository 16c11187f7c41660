"""selector-miss: a tidy-up renamed a label in Service quotes, but not in the pods behind it.

All pods of quotes are Ready and idle; the Service finds none of them, so booking and the
storefront are refused. booking had its own release five minutes later, which looks guilty and
is not.
"""

from datetime import UTC, datetime
from typing import Any

from tools.stories import alerting, company, groundwork, network, traffic, voices
from tools.stories.company import service_box
from tools.stories.containers import variable
from tools.stories.metrics import Curve, Span
from tools.stories.neighbours import Usage, ordinary, pods_of, record, released
from tools.stories.nodes import Machine
from tools.stories.voices import fields
from tools.stories.world import World

Json = dict[str, Any]

CHANGED, BOOKING_RELEASED = "52m", "47m"
COMPONENT = "app.kubernetes.io/component"
QUOTES = Usage(97, 0.03)
SIZES: Json = {"requests": ("100m", "96Mi"), "memory_limit": "192Mi"}


def tell() -> World:
    world = World("selector-miss", "delta-eu3", datetime(2026, 11, 2, 21, 5, tzinfo=UTC))
    machines = [
        Machine("delta-control", "eu-west-3a", cpus=2, memory_gib=8, control=True),
        Machine("delta-small-1", "eu-west-3a"),
        Machine("delta-small-2", "eu-west-3b"),
        Machine("delta-small-3", "eu-west-3c"),
    ]
    groundwork.lay(world, machines, namespaces=("logistics", "shop", "data"))
    _quotes(world)
    _callers(world)
    ordinary(
        world,
        "logistics",
        service_box("logistics", "tracking", "3.0.7", **SIZES),
        Usage(104, 0.07, 19),
    )
    voices.tell_pod(world, company.orders_database(world), since="40m")
    _figures(world)
    _people(world)
    alerting.make_rules(world)
    _alarms(world)
    world.truth = TRUTH
    return world


def _quotes(world: World) -> None:
    box = service_box("logistics", "quotes", "2.4.9", **SIZES)
    told = company.steady(
        world, "logistics", box, replicas=3, since="17d", component="quotes-api", exposed=False
    )
    for pod in told.newest:
        # Idle since the change: the last quote was asked for an hour ago.
        name, changed = pod["metadata"]["name"], world.ago(CHANGED)
        asked = voices.chatter(world, "quotes", name, world.ago("1h30m"), changed, 60)
        idle = 'level=info msg="rate table fresh" rows={n}'
        idling = voices.repeated(world, name, changed, world.captured_at, 600, idle)
        world.log(pod, "quotes", [*asked, *idling])
    record(world, told, QUOTES)
    selector = {"app.kubernetes.io/name": "quotes", COMPONENT: "quote-api"}
    network.make_service(
        world, "logistics", "quotes", 8080, selector=selector, created=world.ago("190d"),
        changed=world.ago(CHANGED),
    )  # fmt: skip


def _callers(world: World) -> None:
    url = variable("QUOTES_URL", "http://quotes:8080")
    old, new = (
        service_box("logistics", "booking", version, env=(url,), **SIZES)
        for version in ("7.2.0", "7.2.1")
    )
    released(
        world, "logistics", old, new, Usage(121, 0.09), ago=BOOKING_RELEASED, revision=44,
        note="booking 7.2.1: depot names",
    )  # fmt: skip
    ordinary(world, "shop", company.storefront(), Usage(169, 0.2))
    ordinary(world, "shop", company.catalog(), Usage(118, 0.08, 47))
    address = f"{network.address_of(world, 'logistics', 'quotes')}:8080"
    refused = f"dial tcp {address}: connect: connection refused"
    since, now = world.ago(CHANGED), world.captured_at
    told = f'ERROR no quote for parcel {{order}}: Get "http://quotes:8080/v2/quote": {refused}'
    for pod in pods_of(world, "logistics", "booking"):
        begun = max(since, datetime.fromisoformat(pod["metadata"]["creationTimestamp"]))
        seed = pod["metadata"]["name"]
        lines = voices.repeated(world, seed, begun, now, 75, told)
        voices.tell_pod(world, pod, since="46m", extra=lines)
    get = f'Get "http://quotes.logistics:8080/v2/quote": {refused}'
    failed = fields("error", "no delivery price", target="quotes.logistics:8080", error=get)
    for pod in pods_of(world, "shop", "storefront"):
        lines = voices.repeated(world, pod["metadata"]["name"], since, now, 110, failed)
        voices.tell_pod(world, pod, since="58m", extra=lines)


def _figures(world: World) -> None:
    since = world.ago(CHANGED)

    def refused(at: datetime) -> float:
        return 1.0 if at >= since else 0.0

    def share(of_all: float) -> Curve:
        return lambda at: 0.0003 + of_all * refused(at)

    traffic.record_answers(world, "logistics", "booking", 12, share(0.61))
    traffic.record_answers(world, "shop", "storefront", 41, share(0.17))
    traffic.record_calls(world, "logistics", "booking", "quotes", 7.4, refused)
    traffic.record_calls(world, "shop", "storefront", "quotes.logistics", 7, refused)
    traffic.record_calls(world, "logistics", "booking", "tracking", 9)
    traffic.record_calls(world, "shop", "storefront", "catalog", 39)
    asked = traffic.around(world, 14.4, "quotes", "asked")
    labels = {"namespace": "logistics", "service": "quotes", "code": "200"}
    world.metrics.counter(
        "http_requests", labels, lambda at: asked(at) * (1 - refused(at)), Span(), start=1_244_160
    )
    traffic.record_nodes(world, {})
    traffic.record_scrapes(world, ["booking", "tracking", "storefront", "catalog"])


def _people(world: World) -> None:
    service, booking = "Service logistics/quotes", "Deployment logistics/booking"
    what = "chart tidy-up: component label of Service quotes is now quote-api"
    world.change(CHANGED, "config", service, what, author="helm (r.imani)")
    world.change(BOOKING_RELEASED, "deploy", booking, "booking 7.2.0 -> 7.2.1", author="h.blom")
    world.change(
        "2d3h", "scale", "Deployment logistics/tracking", "3 -> 2 replicas", author="h.blom"
    )


def _alarms(world: World) -> None:
    for namespace, service in (("logistics", "booking"), ("shop", "storefront")):
        named = {"namespace": namespace, "service": service}
        alerting.fire(world, "ServiceErrorsHigh", named, world.ago("45m"))
    edge = {"namespace": "logistics", "caller": "booking", "target": "quotes"}
    alerting.fire(world, "CallsFailing", edge, world.ago("45m"))
    edge = {"namespace": "shop", "caller": "storefront", "target": "quotes.logistics"}
    alerting.fire(world, "CallsFailing", edge, world.ago("45m"))


def _service(namespace: str, name: str) -> Json:
    return {"kind": "Deployment", "namespace": namespace, "name": name}


QUOTES_SERVICE = {"kind": "Service", "namespace": "logistics", "name": "quotes"}

TRUTH: Json = {
    "question": [
        "Why can booking not reach quotes?",
        "booking 为什么连不上 quotes？",
        "Deliveries have had no price for almost an hour. Why?",
        "logistics 里的 quotes 服务为什么连接被拒绝，Pod 明明都是 Ready？",
    ],
    "scope": {"namespace": "logistics"},
    "root_causes": [{"rules": ["service.selector_near_miss"], "resources": [QUOTES_SERVICE]}],
    "must_mention": ["quote-api", "quotes-api"],
    "must_not_blame": [
        _service("logistics", "booking"),
        _service("logistics", "tracking"),
        _service("logistics", "quotes"),
        _service("shop", "storefront"),
    ],
    "symptoms_ok": ["app.dependency_unreachable", "service.no_pods"],
    "verdict": "found",
    "fix": {"id": "fix.selector", "resource": QUOTES_SERVICE},
}
