"""Alerts that cannot fire, because what they ask about has no series any more."""

import re
from collections.abc import Iterator

from mcp_servers.engines import citing
from mcp_servers.engines.promql_names import gist, jobs_named, metric_names
from mcp_servers.facts.alerts import Rule
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity, Source
from mcp_servers.facts.kubernetes import Cluster, Ref

# An expression with one of these reckons with series that are not there.
_TOLERANT = re.compile(r"\babsent(?:_over_time)?\s*\(|\bor\b|\bunless\b", re.IGNORECASE)
# Counters of mishaps appear with the first mishap.
_SPARSE = re.compile(
    r"error|fail|drop|reject|timeout|retr|evict|oom|panic|abort|expire|lost|denied|restart|ALERTS"
)


def metric_absent(cluster: Cluster) -> Iterator[Finding]:
    """`alert.metric_absent`: a metric of an alert had data in the days before and has none now, or
    never had any while another has its name but for a unit or a plural.

    That a metric was never there says nothing by itself: many rules are for what is not installed.
    """
    monitoring = cluster.monitoring
    if not monitoring.metrics:
        return
    renamed = {gist(name): name for name in sorted(monitoring.metrics, reverse=True)}
    for rule in monitoring.rules:
        if rule.kind != "alerting" or rule.health == "err" or _TOLERANT.search(rule.query):
            continue
        for name in metric_names(rule.query):
            if name not in monitoring.metrics:
                was_there = name in monitoring.metrics_before and not _SPARSE.search(name)
                now_called = renamed.get(gist(name), "")
                if was_there or now_called:
                    yield _absent(rule, name, now_called, was_there=was_there)


def _absent(rule: Rule, name: str, now_called: str, *, was_there: bool) -> Finding:
    before = "it had data in the days before" if was_there else f"there is {now_called}"
    ref = Ref("AlertingRule", "", f"{rule.group}/{rule.name}")
    return Finding(
        rule="alert.metric_absent",
        severity=Severity.HIGH,
        confidence=Confidence.STRONG if was_there else Confidence.INFERRED,
        resource=ref,
        since=None,
        evidence=(
            Evidence(Source.ALERT, f"rule {rule.group}/{rule.name}", citing.shortened(rule.query)),
            Evidence(Source.METRIC, name, f"no series in the last hour; {before}"),
        ),
        params={"metric": name, "near": now_called},
        cause_key=name,
        joins={"scrape_job": ",".join(sorted(jobs_named(rule.query)))},
    )
