"""L. Alerts that tell of themselves, and whether they can reach anybody."""

from typing import Any

from evals.clusters.series import series
from evals.clusters.telling import root, truth
from evals.clusters.world import Json, days, hours
from evals.generated.registry import fault
from evals.generated.scene import Scene

# How people ask about alerts as such.
_ASKED: tuple[str, ...] = (
    "Are the alerts of this cluster in order?",
    "Nobody was paged last night. Why?",
    "Can we rely on our alerts? Find out what is wrong with them.",
)
_ASKED_ZH: tuple[str, ...] = (
    "这个集群的告警配置有没有问题？",
    "昨晚没有人收到告警，为什么？",
    "我们的告警靠得住吗？查一下哪里不对",
)


def alert(
    scene: Scene,
    name: str,
    minutes: float,
    *,
    ended: bool = False,
    to: str = "team",
    silenced: tuple[str, ...] = (),
    **labels: str,
) -> Json:
    world = scene.world
    told: Json = {
        "labels": {"alertname": name, **labels},
        "annotations": {"summary": name},
        "startsAt": world.ago(minutes),
        "endsAt": world.ago(6 if ended else -4),
        "updatedAt": world.ago(1),
        "fingerprint": world.letters(16),
        "generatorURL": "http://prometheus:9090/graph",
        "receivers": [{"name": to}],
        "status": {
            "state": "suppressed" if silenced else "active",
            "inhibitedBy": [],
            "silencedBy": list(silenced),
        },
    }
    world.alerts.append(told)
    return told


@fault(121, "alerts")
def heartbeat_fires(scene: Scene) -> None:
    alert(scene, "Watchdog", 60 * 24 * 20, severity="none")
    app = scene.healthy(scene.back)
    scene.calls(scene.front, app)
    scene.tell("fine", app)


@fault(127, "alerts")
def alert_is_over(scene: Scene) -> None:
    app = scene.healthy(scene.back)
    alert(
        scene,
        "HighLatency",
        50,
        ended=True,
        severity="warning",
        namespace=scene.space,
        service=app.name,
    )
    scene.tell("fine", app)


def peaceful(scene: Scene) -> None:
    """A small system in which nothing fails."""
    base = scene.healthy(scene.back)
    scene.calls(scene.front, scene.calls(scene.middle, base))


def tell(scene: Scene, *roots: Json, **said: Any) -> None:
    """The truth of a question about the alerts themselves, of the whole cluster."""
    english, chinese = (scene.dice.sample(one, 2) for one in (_ASKED, _ASKED_ZH))
    spare = tuple(scene.spared)
    truth(scene.world, en=english, zh=chinese, roots=list(roots), spare=spare, **said)


def rule(scene: Scene, name: str, expression: str, **more: Any) -> Json:
    """A rule of a group of its own; what a truth calls it."""
    group = scene.pick("services", "shop.rules", "slo", "platform-alerts")
    labels = {"severity": scene.pick("warning", "critical")}
    told = {"alert": name, "expr": expression, "labels": labels, **more}
    scene.world.rules.append({"name": group, "interval": "1m", "rules": [told]})
    return {"kind": "AlertingRule", "metadata": {"name": f"{group}/{name}"}}


def depth(scene: Scene, metric: str, value: float, *, until: float = 0, since: float = 0) -> None:
    """A gauge that was scraped from `since` to `until` minutes ago."""
    labels = {"namespace": scene.space, "service": scene.back, "job": scene.back}
    begin = since or hours(10)
    before = len(scene.world.metrics)
    series(scene.world, metric, "gauge", (labels, lambda _: value), span=begin)
    ends = scene.world.moment(until).timestamp()
    scene.world.metrics[before:] = [
        line
        for line in scene.world.metrics[before:]
        if line.startswith("#") or float(line.rsplit(" ", 1)[1]) <= ends
    ]


@fault(123, "metrics")
def alert_flaps(scene: Scene) -> None:
    """Over its threshold for a few minutes, again and again; a note, for nothing is broken."""
    name, metric = scene.pick(("HighQueue", "queue_jobs"), ("SlowConsumer", "consumer_lag_records"))
    half = scene.pick(3, 4)
    peaceful(scene)
    labels = {"namespace": scene.space, "service": scene.back}
    series(
        scene.world, metric, "gauge",
        (labels, lambda minutes: 140.0 if int(minutes // half) % 2 else 60.0),
        span=180, step=1,
    )  # fmt: skip
    rule(scene, name, f"{metric} > 100")
    tell(scene)


@fault(123, "metrics", twin=True)
def alert_fires_once(scene: Scene) -> None:
    metric = scene.pick("queue_jobs", "consumer_lag_records")
    peaceful(scene)
    labels = {"namespace": scene.space, "service": scene.back}
    series(
        scene.world, metric, "gauge",
        (labels, lambda minutes: 140.0 if 20 < minutes < 35 else 60.0),
        span=180, step=1,
    )  # fmt: skip
    rule(scene, "HighQueue", f"{metric} > 100")
    tell(scene, must_not_say=["flap"])


@fault(124, "metrics")
def metric_was_renamed(scene: Scene) -> None:
    """A release gave the metric another name, and the rule still asks for the old one."""
    old, new = scene.pick(
        ("orders_waiting", "shop_orders_queued"),
        ("queue_depth", "broker_queue_messages_ready"),
        ("pool_in_use", "db_client_connections_usage"),
    )
    peaceful(scene)
    at = float(scene.dice.randrange(100, 400))
    depth(scene, old, 3, until=at, since=at + hours(8))
    depth(scene, new, 3, since=at)
    broken = rule(scene, "TooManyWaiting", f"{old} > 50", **{"for": "10m"})
    tell(scene, root("alert.metric_absent", broken), mention=(old,))


@fault(124, "metrics", twin=True)
def metric_of_mishaps_is_absent(scene: Scene) -> None:
    """A counter of failures that begins with the first failure, and a rule that reckons with that."""
    peaceful(scene)
    depth(scene, "queue_depth", 3)
    rule(scene, "OrdersFail", "rate(orders_failed_total[5m]) > 0.1")
    rule(scene, "QueueDeep", "queue_depth > 50 or absent(queue_depth)")
    tell(scene)


@fault(125, "alerts")
def silence_hides_everything(scene: Scene) -> None:
    """All alerts, for a month, by nobody: a danger and a note, for nothing is broken."""
    peaceful(scene)
    silence(scene, ("alertname", ".+"), days(1), days(29), comment="", author="")
    tell(scene)


@fault(125, "alerts", twin=True)
def silence_was_planned(scene: Scene) -> None:
    peaceful(scene)
    ticket = f"OPS-{scene.dice.randrange(100, 9000)}: upgrade of the nodes"
    silence(scene, ("namespace", scene.other_space), 40, 90, comment=ticket, author="dana")
    tell(scene)


@fault(126, "alerts")
def alert_reaches_nobody(scene: Scene) -> None:
    """Its route ends in a receiver that sends nothing."""
    peaceful(scene)
    nobody = scene.pick("null", "blackhole", "none")
    name = scene.pick("PaymentsFail", "BackupMissing", "CertificateExpires")
    alert(scene, name, scene.since, to=nobody, severity="critical", namespace=scene.space)
    alert(scene, "Watchdog", 60 * 24 * 20, severity="none")
    receiver = {"kind": "Receiver", "metadata": {"name": nobody}}
    tell(scene, root("alert.unrouted", receiver), mention=(name,))


@fault(126, "alerts", twin=True)
def only_heartbeats_reach_nobody(scene: Scene) -> None:
    peaceful(scene)
    alert(scene, "Watchdog", 60 * 24 * 20, to="null", severity="none")
    alert(scene, "InfoInhibitor", 60, to="null", severity="none")
    tell(scene)


def silence(
    scene: Scene,
    matcher: tuple[str, str],
    began: float,
    lasts: float,
    *,
    comment: str,
    author: str,
) -> None:
    name, value = matcher
    scene.world.silences.append(
        {
            "id": scene.world.uid(),
            "matchers": [{"name": name, "value": value, "isRegex": value == ".+", "isEqual": True}],
            "startsAt": scene.world.ago(began),
            "endsAt": scene.world.ago(-lasts),
            "updatedAt": scene.world.ago(began),
            "createdBy": author,
            "comment": comment,
            "status": {"state": "active"},
        }
    )
