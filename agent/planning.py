"""Pure: which tool calls a question needs next, given what came so far. No model."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agent.asked import Asked
from agent.planning_alerts import alerts, channels, rules, silences
from agent.planning_budgets import budgets
from agent.planning_costs import anomalies, forecast, savings, spend
from agent.planning_fixes import changing, history, outcome, plans
from agent.planning_knowledge import SEARCH, knowledge
from agent.planning_patterns import SUMMED_UP, in_patterns
from agent.planning_systems import dependencies, findings, incidents, unusual
from agent.steps import Step
from agent.toolbox import Result
from core.errors import NotFound

INVESTIGATE = "rca_investigate"
WORKLOAD_KINDS = frozenset(("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"))
CLUSTER_KINDS = frozenset(("Node", "Namespace", "PersistentVolume"))
CHANGES_WINDOW = "P1D"
LOG_LINES = 30

# How many further pages of a list are read to find a name.
PAGES = 6

WORKLOADS = "kubernetes_list_workloads"
PODS = "kubernetes_list_pods"

DETAIL = ("describe", "yaml", "manifest", "in full", "spec", "详情", "详细", "描述", "完整")
UNHEALTHY = (
    *("unhealthy", "not ready", "notready", "failing", "broken", "crash"),
    *("异常", "不健康", "未就绪", "故障"),
)
PREVIOUS = ("previous", "crashed", "上一次", "崩溃前", "之前")
ERRORS = ("error", "exception", "错误", "报错")
NEWLY = (" new ", "新的", "新出现", "新增", "新日志")
NEW_WINDOW = "PT1H"
PATTERNS = "kubernetes_log_patterns"
ERROR_RATE = ("error rate", "errors per", "5xx", "错误率", "失败率", "报错率")
LATENCY = ("latency", "response time", "p95", "延迟", "响应时间", "耗时")
WHOLE = ("cluster", "集群", "per node", "each node")
WARNINGS = ("warning", "警告", "异常", "错误")


def next_steps(
    asked: Asked, results: Sequence[Result], offered: Mapping[str, frozenset[str]]
) -> list[Step]:
    """The calls to make now; none when what came so far is all there is to know.

    `offered` maps each tool to the names of its arguments.
    """
    plan = PLANS.get(asked.intent, _investigate)
    if SEARCH in offered:
        plan = knowledge
    wanted = [one for one in in_patterns(asked) if one.tool in offered] or plan(asked, results)
    steps = [_fitting(one, offered[one.tool]) for one in wanted if one.tool in offered]
    made = [(one.tool, one.arguments) for one in results]
    return [one for one in steps if (one.tool, one.arguments) not in made]


def _fitting(step: Step, known: frozenset[str]) -> Step:
    arguments = {
        key: value
        for key, value in step.arguments.items()
        if key in known and value not in ("", None)
    }
    return Step(step.tool, arguments)


def _investigate(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """What was read from the question; when that is not there, what was certain of it."""
    scopes = _scopes(asked)
    tried = [one for one in results if one.tool == INVESTIGATE]
    if not tried:
        return [_investigation(asked, scopes[0])]
    if _is_missing(tried[-1]) and len(tried) < len(scopes):
        return [_investigation(asked, scopes[len(tried)])]
    return []


def _scopes(asked: Asked) -> list[Mapping[str, str]]:
    """Where to look, until something is there. What was said in so many words is meant literally."""
    scopes: list[Mapping[str, str]] = [
        {"namespace": asked.namespace, "kind": asked.kind, "name": asked.name}
    ]
    if asked.name and not asked.is_literal:
        scopes += [] if asked.namespace else [{"namespace": asked.name}]
        scopes.append({"namespace": asked.sure_namespace})
    elif asked.namespace != asked.sure_namespace:
        scopes.append({**scopes[0], "namespace": asked.sure_namespace})
    return scopes


def _investigation(asked: Asked, scope: Mapping[str, str]) -> Step:
    arguments = {**scope, "symptom": asked.question[:500], "language": asked.language}
    if asked.window:
        arguments["window"] = asked.window
    return Step(INVESTIGATE, arguments)


def _is_missing(result: Result) -> bool:
    return result.status == NotFound.code


def _listing(asked: Asked, results: Sequence[Result]) -> list[Step]:
    kind, namespace = asked.kind_of_many, asked.namespace
    if asked.name and _any_word(asked, DETAIL):
        return _in_full(asked, results)
    if asked.name and _is_node(asked):
        return [Step(PODS, {"namespace": namespace, "node": asked.name})]
    if asked.name and kind not in ("Pod", "Node"):
        return _seeking(asked, results, Step(WORKLOADS, {"namespace": namespace}))
    match kind:
        case "Node":
            return [Step("kubernetes_list_nodes")]
        case "Namespace":
            return [Step("kubernetes_list_namespaces")]
        case "Pod" | "":
            status = "unhealthy" if _any_word(asked, UNHEALTHY) else ""
            return _seeking(asked, results, Step(PODS, {"namespace": namespace, "status": status}))
        case _ if kind in WORKLOAD_KINDS:
            return [Step(WORKLOADS, {"namespace": namespace, "kind": kind})]
        case _:
            return []


def _is_node(asked: Asked) -> bool:
    """Whether the pods of a node are asked for: "pods on ridge-w-2", "节点 ridge-w-2 上的 pod"."""
    words = asked.question.lower()
    placed = asked.kind == "Node" or f" on {asked.name}" in words or f"{asked.name} 上" in words
    return placed and "pod" in words


def _in_full(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """One object needs its namespace and its kind: without them, the workloads tell."""
    kind = asked.kind
    if kind in CLUSTER_KINDS:
        return [Step("kubernetes_get_object", {"kind": kind, "name": asked.name})]
    home, found = asked.namespace or _home_of(asked, results), _kind_of(asked, results)
    if not home or not (kind or found):
        return _seeking(asked, results, Step(WORKLOADS, {"namespace": asked.namespace}))
    arguments = {"kind": kind or found, "name": asked.name, "namespace": home}
    return [Step("kubernetes_get_object", arguments)]


def _seeking(asked: Asked, results: Sequence[Result], step: Step) -> list[Step]:
    """A list, page after page, until the name asked about is on it; then the namespace of that name."""
    pages = [one for one in results if one.tool == step.tool]
    if not pages or not asked.name:
        return [step]
    last = pages[-1]
    if not last.ok or any(_found(asked, one) for one in pages) or len(pages) > PAGES:
        return []
    if cursor := last.data.get("cursor"):
        return [Step(step.tool, {**step.arguments, "cursor": cursor})]
    if asked.kind or step.arguments.get("namespace"):
        return []
    return [Step(step.tool, {**step.arguments, "namespace": asked.name})]


def _found(asked: Asked, page: Result) -> bool:
    return any(asked.means(row) for row in page.data.get("rows") or ())


def _any_word(asked: Asked, words: Sequence[str]) -> bool:
    return any(word in asked.question.lower() for word in words)


def _logs(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """Logs need a namespace: without one, the workload of that name tells it."""
    home = asked.namespace or _home_of(asked, results)
    if not asked.name:
        return []
    if not home:
        return _seeking(asked, results, Step(WORKLOADS, {}))
    run = {
        "namespace": home,
        "name": asked.name,
        "previous": _any_word(asked, PREVIOUS) or None,
    }
    if _any_word(asked, SUMMED_UP) or _any_word(asked, NEWLY):
        return _patterns(asked, run, results)
    arguments = {
        **run,
        "tail": LOG_LINES,
        "grep": "error|exception|fatal|panic" if _any_word(asked, ERRORS) else "",
    }
    return [Step("kubernetes_get_logs", arguments)]


def _patterns(asked: Asked, run: Mapping[str, Any], results: Sequence[Result]) -> list[Step]:
    """Each kind of line once; "new" is what was first written within the time asked about."""
    if any(one.tool == PATTERNS for one in results):
        return []
    since = asked.ago(asked.window or NEW_WINDOW) if _any_word(asked, NEWLY) else ""
    return [Step(PATTERNS, {**run, "new_since": since})]


def _home_of(asked: Asked, results: Sequence[Result]) -> str:
    return next((str(row["namespace"]) for row in _owners(asked, results)), "")


def _kind_of(asked: Asked, results: Sequence[Result]) -> str:
    return next((str(row["kind"]) for row in _owners(asked, results)), "")


def _owners(asked: Asked, results: Sequence[Result]) -> list[Mapping[str, Any]]:
    """The workloads that a name means: their own, or that of one of their pods."""
    rows = [row for one in results if one.tool == WORKLOADS for row in one.data.get("rows") or ()]
    return [
        row for row in rows if row["name"] == asked.name or asked.name.startswith(f"{row['name']}-")
    ]


def _events(asked: Asked, results: Sequence[Result]) -> list[Step]:
    arguments = {
        "namespace": asked.namespace,
        "name": asked.name,
        "warnings": _any_word(asked, WARNINGS) or None,
    }
    return _or_of_namespace(asked, results, Step("kubernetes_list_events", arguments))


def _changes(asked: Asked, results: Sequence[Result]) -> list[Step]:
    window = asked.window or CHANGES_WINDOW
    arguments = {"namespace": asked.namespace, "name": asked.name, "window": window}
    return _or_of_namespace(asked, results, Step("kubernetes_what_changed", arguments))


def _or_of_namespace(asked: Asked, results: Sequence[Result], step: Step) -> list[Step]:
    """What there is of a bare name; when there is nothing, of the namespace of that name."""
    told = [one for one in results if one.tool == step.tool]
    if not told:
        return [step]
    bare = asked.name and not (asked.kind or asked.namespace or asked.is_literal)
    if len(told) > 1 or not bare or not told[0].ok or told[0].data.get("rows"):
        return []
    return [Step(step.tool, {**step.arguments, "name": "", "namespace": asked.name})]


def _rollout(asked: Asked, results: Sequence[Result]) -> list[Step]:
    home = asked.namespace or _home_of(asked, results)
    if not asked.name:
        return [Step(WORKLOADS, {"namespace": asked.namespace})]
    if not home:
        return _seeking(asked, results, Step(WORKLOADS, {}))
    arguments = {"namespace": home, "name": asked.name, "kind": asked.kind}
    return [Step("kubernetes_rollout_history", arguments)]


def _metrics(asked: Asked, results: Sequence[Result]) -> list[Step]:
    if query := _query_for(asked):
        if asked.window:
            return [Step("prometheus_query_range", {"query": query, "window": asked.window})]
        return [Step("prometheus_query", {"query": query})]
    of_nodes = asked.kind_of_many == "Node" or (not asked.name and _any_word(asked, WHOLE))
    arguments = {"of": "nodes" if of_nodes else "pods", "by": asked.metric or "memory"}
    step = Step("kubernetes_top", {**arguments, "namespace": asked.namespace})
    return _seeking(asked, results, step)


def _query_for(asked: Asked) -> str:
    """The PromQL of a measurement that only Prometheus has; "" for use of CPU and memory now."""
    if asked.metric == "disk":
        return _disk_query(asked)
    if _any_word(asked, ERROR_RATE):
        return _rate_query(asked, 'code=~"5.."')
    if _any_word(asked, LATENCY):
        return _latency_query(asked)
    if asked.metric == "qps":
        return _rate_query(asked)
    timed = asked.window and asked.name and asked.kind_of_many != "Node"
    return _usage_query(asked) if timed and asked.metric in ("cpu", "memory") else ""


def _usage_query(asked: Asked) -> str:
    series = (
        "container_memory_working_set_bytes"
        if asked.metric == "memory"
        else "container_cpu_usage_seconds_total"
    )
    selector = f"{series}{{{_pods(asked)}}}"
    value = selector if asked.metric == "memory" else f"rate({selector}[5m])"
    return f"sum by (namespace, pod) ({value})"


def _pods(asked: Asked) -> str:
    matchers = [f'pod=~"{asked.name}(-.*)?"', 'container!=""', 'container!="POD"']
    if asked.namespace:
        matchers.insert(0, f'namespace="{asked.namespace}"')
    return ",".join(matchers)


def _rate_query(asked: Asked, *matchers: str) -> str:
    selector = f"http_requests_total{{{_of_service(asked, *matchers)}}}"
    return f"sum by (namespace, service) (rate({selector}[5m]))"


def _latency_query(asked: Asked) -> str:
    selector = f"http_request_duration_seconds_bucket{{{_of_service(asked)}}}"
    return f"histogram_quantile(0.95, sum by (le, namespace, service) (rate({selector}[5m])))"


def _of_service(asked: Asked, *matchers: str) -> str:
    own = [f'namespace="{asked.namespace}"'] if asked.namespace else []
    own += [f'service="{asked.name}"'] if asked.name else []
    return ",".join([*own, *matchers])


def _disk_query(asked: Asked) -> str:
    if asked.namespace:
        inside = f'{{namespace="{asked.namespace}"}}'
        return (
            f"kubelet_volume_stats_used_bytes{inside} / kubelet_volume_stats_capacity_bytes{inside}"
        )
    return '1 - node_filesystem_avail_bytes{mountpoint="/"} / node_filesystem_size_bytes{mountpoint="/"}'


PLANS: dict[str, Callable[[Asked, Sequence[Result]], list[Step]]] = {
    "investigate": _investigate,
    "health": _investigate,
    "look": _investigate,
    "dependencies": dependencies,
    "unusual": unusual,
    "findings": findings,
    "incidents": incidents,
    "changes": _changes,
    "list": _listing,
    "logs": _logs,
    "events": _events,
    "rollout": _rollout,
    "metrics": _metrics,
    "change": changing,
    "plans": plans,
    "history": history,
    "outcome": outcome,
    "spend": spend,
    "forecast": forecast,
    "savings": savings,
    "budget": budgets,
    "anomalies": anomalies,
    "alerts": alerts,
    "silences": silences,
    "rules": rules,
    "channels": channels,
}
