"""An alert rule that was asked for in words, written out to be looked at: nothing is stored by it."""

import re
from typing import NamedTuple

from agent.answers.markdown import fenced, joined
from agent.asked import Asked
from agent.planning_metrics import ERROR_RATE, LATENCY
from agent.wording import phrase

BELOW = re.compile(r"\b(?:below|under|less|fewer|drops?|falls?)\b|低于|小于|少于|不足|掉到|降到")
REPLICAS = re.compile(r"\breplicas?\b|\binstances?\b|\bpods\b|副本|实例")
MILLISECONDS = re.compile(r"\d\s*(?:ms\b|milliseconds?\b|毫秒)")
USAGE = {"cpu": "rate(container_cpu_usage_seconds_total{%s}[5m])", "memory": "container_memory_working_set_bytes{%s}"}  # fmt: skip


class Drafted(NamedTuple):
    """What is measured, and what part of it the number said is."""

    subject: str
    expression: str
    scale: float


def rule_draft(asked: Asked) -> str:
    """The rule as YAML with what to do with it; "" where the words do not say one."""
    threshold = asked.arguments.get("threshold")
    found = _measured(asked) if threshold is not None and asked.name else None
    if found is None:
        return ""
    sign = "<" if BELOW.search(asked.question.lower()) else ">"
    bound = f"{float(threshold or 0) * found.scale:.6g}"
    alert = "".join(part.capitalize() for part in f"{asked.name}-{found.subject}".split("-"))
    alert += "Low" if sign == "<" else "High"
    lines = [
        "groups:",
        f"- name: {asked.name}",
        "  rules:",
        f"  - alert: {alert}",
        f"    expr: {found.expression} {sign} {bound}",
        "    for: 5m",
        "    labels: {severity: warning}",
    ]
    return joined([phrase("rules.draft", asked.language), fenced(lines, "yaml")])


def _measured(asked: Asked) -> Drafted | None:
    words = asked.question.lower()
    if ERROR_RATE.search(words):
        return Drafted("errors", _error_share(asked), 0.01)
    if LATENCY.search(words) or MILLISECONDS.search(words):
        return Drafted("latency", _latency(asked), 0.001 if MILLISECONDS.search(words) else 1.0)
    if asked.metric in USAGE:
        return Drafted(asked.metric, _use_of_limit(asked), 0.01)
    if asked.metric == "qps":
        return Drafted("requests", _rate(asked, ""), 1.0)
    if REPLICAS.search(words):
        named = f'deployment="{asked.name}"'
        return Drafted("replicas", f"kube_deployment_status_replicas_available{{{named}}}", 1.0)
    return None


def _rate(asked: Asked, codes: str) -> str:
    return f'sum by (namespace, service) (rate(http_requests_total{{service="{asked.name}"{codes}}}[5m]))'


def _error_share(asked: Asked) -> str:
    failed = _rate(asked, ',code=~"5.."')
    return f"{failed} / {_rate(asked, '')}"


def _latency(asked: Asked) -> str:
    buckets = f'http_request_duration_seconds_bucket{{service="{asked.name}"}}'
    rate = f"sum by (le, namespace, service) (rate({buckets}[5m]))"
    return f"histogram_quantile(0.95, {rate})"


def _use_of_limit(asked: Asked) -> str:
    pods = f'pod=~"{asked.name}(-.*)?"'
    used = USAGE[asked.metric] % f'{pods},container!="",container!="POD"'
    limit = f'kube_pod_container_resource_limits{{resource="{asked.metric}",{pods}}}'
    return f"sum by (namespace, pod) ({used}) / sum by (namespace, pod) ({limit})"
