"""Prometheus rules of the cluster, and alerts as Alertmanager answers them."""

from datetime import datetime, timedelta
from typing import Any

from tools.stories.naming import digest
from tools.stories.times import stamp
from tools.stories.world import World

Json = dict[str, Any]


def _rule(alert: str, expression: str, lasts: str, severity: str, summary: str) -> Json:
    return {
        "alert": alert,
        "expr": expression,
        "for": lasts,
        "labels": {"severity": severity},
        "annotations": {"summary": summary},
    }


KUBERNETES = [
    _rule("Watchdog", "vector(1)", "0m", "none", "Always firing: the alert pipeline works."),
    _rule("TargetDown", "up == 0", "10m", "warning", "{{ $labels.job }} cannot be scraped."),
    _rule(
        "ContainerRestartsOften",
        "increase(kube_pod_container_status_restarts_total[30m]) > 2",
        "5m",
        "warning",
        "{{ $labels.namespace }}/{{ $labels.pod }} keeps restarting.",
    ),
    _rule(
        "ReplicasMissing",
        "kube_deployment_status_replicas_available < kube_deployment_status_replicas",
        "10m",
        "warning",
        "{{ $labels.namespace }}/{{ $labels.deployment }} has fewer replicas than wanted.",
    ),
    _rule(
        "NodeMemoryLow",
        "node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes < 0.06",
        "5m",
        "critical",
        "{{ $labels.node }} is almost out of memory.",
    ),
]

SERVICES = [
    _rule(
        "ServiceErrorsHigh",
        'sum by (namespace, service) (rate(http_requests_total{code=~"5.."}[5m])) / '
        "sum by (namespace, service) (rate(http_requests_total[5m])) > 0.05",
        "5m",
        "critical",
        "{{ $labels.namespace }}/{{ $labels.service }} answers more than 5 % with errors.",
    ),
    _rule(
        "CallsFailing",
        'sum by (namespace, caller, target) (rate(http_client_requests_total{code=~"5.."}[5m])) / '
        "sum by (namespace, caller, target) (rate(http_client_requests_total[5m])) > 0.2",
        "5m",
        "warning",
        "{{ $labels.caller }} cannot reach {{ $labels.target }}.",
    ),
]


def make_rules(world: World) -> None:
    for name, rules in (("kubernetes", KUBERNETES), ("services", SERVICES)):
        world.rules[name] = {"groups": [{"name": name, "interval": "1m", "rules": rules}]}
    fire(world, "Watchdog", {}, world.ago("63d"))


def fire(world: World, name: str, labels: dict[str, str], since: datetime) -> None:
    """An alert that fires since then; its words come from the rule of that name."""
    rule = next(one for one in (*KUBERNETES, *SERVICES) if one["alert"] == name)
    shown = {"alertname": name, "severity": rule["labels"]["severity"]} | labels
    summary: str = rule["annotations"]["summary"]
    for label, value in labels.items():
        summary = summary.replace(f"{{{{ $labels.{label} }}}}", value)
    world.alerts.append(
        {
            "labels": shown,
            "annotations": {"summary": summary},
            "startsAt": stamp(since),
            "endsAt": stamp(world.captured_at + timedelta(minutes=4)),
            "updatedAt": stamp(world.captured_at - timedelta(seconds=20)),
            "fingerprint": digest(sorted(shown.items()))[:16],
            "generatorURL": f"http://prometheus.monitoring:9090/graph?g0.expr={name}",
            "receivers": [{"name": "on-call"}],
            "status": {"state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": []},
        }
    )
