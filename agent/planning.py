"""Pure: which tool calls a question needs next, given what came so far. No model."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from agent.asked import Asked, is_of
from agent.moments import since_rollout
from agent.planning_alerts import alerts, channels, rules, silences
from agent.planning_budgets import budgets
from agent.planning_costs import anomalies, forecast, savings, spend
from agent.planning_fixes import changing, history, outcome, plans
from agent.planning_knowledge import SEARCH, knowledge
from agent.planning_lacking import OF_RESTARTS, asks_uptime, in_image, lacking, pod_state
from agent.planning_logs import container_of_earlier, logs, named_earlier
from agent.planning_metrics import asks_who_uses, measured
from agent.planning_patterns import in_patterns
from agent.planning_settings import of_what_runs, part_of
from agent.planning_systems import dependencies, findings, incidents, unusual
from agent.steps import Step
from agent.toolbox import Result
from core.errors import NotFound

INVESTIGATE = "rca_investigate"
WORKLOAD_KINDS = frozenset(("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"))
CLUSTER_KINDS = frozenset(("Node", "Namespace", "PersistentVolume"))
CHANGES_WINDOW = "P1D"
WHAT_RUNS = re.compile(
    r"\b(?:what(?:'s|\sis|\sall\sis)?|everything|anything|workloads|who)\b.*\b(?:running|scheduled|placed|hosted|living|runs|lives|on)\b"
    r"|[跑放]|运行|调度"
)
# How far back the last rollout is looked for.
SINCE_ROLLOUT_WINDOW = "P7D"

# How many further pages of a list are read to find a name.
PAGES = 6

WORKLOADS = "kubernetes_list_workloads"
PODS = "kubernetes_list_pods"
NODES = "kubernetes_list_nodes"
# Of the kinds that no other list is about.
OBJECTS = "kubernetes_list_objects"
WITH_LISTS = WORKLOAD_KINDS | {"Pod", "Node", "Namespace", "Event"}

DETAIL = ("describe", "yaml", "manifest", "in full", "spec", "详情", "详细", "描述", "完整")
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
    there = [one for one in results if not _is_missing(one)] if asked.was_place else results
    wanted = [one for one in in_patterns(asked) if one.tool in offered] or plan(asked, there)
    steps = [_fitting(one, offered[one.tool]) for one in wanted if one.tool in offered]
    made = [(one.tool, one.arguments) for one in results]
    return [one for one in steps if (one.tool, one.arguments) not in made]


def as_found(asked: Asked, results: Sequence[Result]) -> Asked:
    """What stood where namespaces stand and is none is a name: "what changed in checkout"."""
    place = asked.namespace
    if not place or asked.name or asked.intent == "investigate":
        return asked
    of_place = [one for one in results if one.arguments.get("namespace") == place]
    if not any(_is_missing(one) for one in of_place):
        return asked
    return asked.called(place)


def _fitting(step: Step, known: frozenset[str]) -> Step:
    arguments = {
        key: value
        for key, value in step.arguments.items()
        if key in known and value not in ("", None)
    }
    return Step(step.tool, arguments)


def _investigate(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """What was read from the question; when that is not there, what was certain of it."""
    if asks_who_uses(asked):
        return _metrics(asked, results)
    if len(asked.names) > 1:
        each = [replace(asked, arguments={**asked.arguments, "name": one}) for one in asked.names]
        return [] if results else [_investigation(one, _scopes(one)[0]) for one in each]
    scopes = _scopes(asked)
    tried = [one for one in results if one.tool == INVESTIGATE]
    if not tried:
        return [_investigation(asked, scopes[0])]
    if _is_missing(tried[-1]) and len(tried) < len(scopes):
        return [_investigation(asked, scopes[len(tried)])]
    return []


def _health(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """Whether the nodes are well their list says; why one is not, an investigation."""
    if asked.kind_of_many != "Node" or asked.name:
        return _investigate(asked, results)
    listed = [one for one in results if one.tool == NODES]
    if not listed:
        return [Step(NODES)]
    well = listed[0].ok and all(row["healthy"] for row in listed[0].data["rows"])
    return [] if well else _investigate(asked, results)


def _scopes(asked: Asked) -> list[Mapping[str, str]]:
    """Where to look, until something is there. What was said in so many words is meant literally."""
    scopes: list[Mapping[str, str]] = [
        {"namespace": asked.namespace, "kind": asked.kind, "name": asked.name}
    ]
    if asked.name and not asked.is_literal:
        scopes += [] if asked.namespace else [{"namespace": asked.name}]
        scopes.append({"namespace": asked.sure_namespace})
    elif asked.namespace != asked.sure_namespace:
        # "Connection refused in web": what stands where places do may be a thing.
        scopes += [] if asked.name else [{"name": asked.namespace}]
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
    if missing := lacking(asked.said):
        of = asked.kind_of_many if asked.kind_of_many in WORKLOAD_KINDS else ""
        place = {"namespace": asked.namespace, "kind": of}
        return [Step(WORKLOADS, {**place, "lacking": missing})]
    if asked.name and (OF_RESTARTS.search(asked.said) or asks_uptime(asked.said)):
        return _seeking(asked, results, Step(PODS, {"namespace": asked.namespace}))
    if part_of(asked):
        return _in_full(of_what_runs(asked), results)
    if in_image(asked):
        return _pages(results, Step(WORKLOADS, {"namespace": asked.sure_namespace}))
    return _listed(asked, results)


def _pages(results: Sequence[Result], step: Step) -> list[Step]:
    """A list to its end, or as many pages as are read of one."""
    pages = [one for one in results if one.tool == step.tool]
    if not pages:
        return [step]
    cursor = pages[-1].data.get("cursor") if pages[-1].ok else ""
    return (
        [Step(step.tool, {**step.arguments, "cursor": cursor})]
        if cursor and len(pages) <= PAGES
        else []
    )


def _listed(asked: Asked, results: Sequence[Result]) -> list[Step]:
    kind, namespace = asked.kind_of_many, asked.namespace
    if asked.name and _any_word(asked, DETAIL):
        return _in_full(asked, results)
    if asked.name and _is_node(asked):
        return [Step(PODS, {"namespace": namespace, "node": asked.name})]
    if asked.name and kind not in ("Pod", "Node"):
        return _one_of(asked, results)
    match kind:
        case "Node":
            return [Step(NODES)]
        case "Namespace":
            return [Step("kubernetes_list_namespaces")]
        case "Pod" | "":
            state = {
                "namespace": namespace,
                "status": pod_state(asked.question) or pod_state(asked.said),
            }
            return _seeking(asked, results, Step(PODS, state))
        case _ if kind in WORKLOAD_KINDS:
            return [Step(WORKLOADS, {"namespace": namespace, "kind": kind})]
        case _:
            return [Step(OBJECTS, {"namespace": namespace, "kind": kind})]


def _one_of(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """Something by its name. A Service is anybody's word for a workload, or it is those of a namespace."""
    listed = Step(OBJECTS, {"namespace": asked.namespace, "kind": asked.kind_of_many})
    if asks_for_objects(asked) and asked.is_literal:
        return _seeking(asked, results, listed)
    steps = _seeking(asked, results, Step(WORKLOADS, {"namespace": asked.namespace}))
    if steps or not asks_for_objects(asked) or asked.namespace or _owners(asked, results):
        return steps
    return [Step(OBJECTS, {**listed.arguments, "namespace": asked.name})]


def asks_for_objects(asked: Asked) -> bool:
    """Whether objects are to be listed of a kind that has no list of its own."""
    return asked.intent == "list" and asked.kind_of_many not in {"", *WITH_LISTS}


def _is_node(asked: Asked) -> bool:
    """Whether the pods of a node are asked for: "pods on ridge-w-2", "节点 ridge-w-2 上跑了什么"."""
    words = asked.said
    placed = asked.kind == "Node" or f" on {asked.name}" in words or f"{asked.name} 上" in words
    return placed and ("pod" in words or bool(WHAT_RUNS.search(words)))


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
    if not last.ok or _found(asked, pages) or len(pages) > PAGES:
        return []
    if cursor := last.data.get("cursor"):
        return [Step(step.tool, {**step.arguments, "cursor": cursor})]
    if asked.kind or step.arguments.get("namespace"):
        return []
    return [Step(step.tool, {**step.arguments, "namespace": asked.name})]


def _found(asked: Asked, pages: Sequence[Result]) -> bool:
    """Whether everything named is on the pages read so far."""
    rows = [row for one in pages for row in one.data.get("rows") or ()]
    several = len(asked.names) > 1  # which may be places as well
    return all(
        any(is_of(row, name) or (several and row["namespace"] == name) for row in rows)
        for name in asked.names
    )


def _any_word(asked: Asked, words: Sequence[str]) -> bool:
    return any(word in asked.said for word in words)


def _logs(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """Logs need a namespace: without one, the workload of that name tells it."""
    home = asked.namespace or _home_of(asked, results)
    if not asked.name:
        return []
    if home:
        return logs(asked, home, results)
    sought = _seeking(asked, results, Step(WORKLOADS, {}))
    before = asked.called(named_earlier(asked))
    return sought or container_of_earlier(asked, _home_of(before, results), results)


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
    usual = SINCE_ROLLOUT_WINDOW if since_rollout(asked.question.lower()) else CHANGES_WINDOW
    window = asked.window or usual
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
    return measured(asked, results, _seeking)


PLANS: dict[str, Callable[[Asked, Sequence[Result]], list[Step]]] = {
    "investigate": _investigate,
    "health": _health,
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
