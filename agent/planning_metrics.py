"""Pure: the calls for what is measured: use of CPU and memory, requests, errors, latency, disks."""

import re
from collections.abc import Callable, Sequence

from agent.asked import Asked
from agent.durations import length_of
from agent.numerals import COUNT, number_of
from agent.steps import Step
from agent.toolbox import Result

QUERY = "prometheus_query"
TOP = "kubernetes_top"

ERROR_RATE = re.compile(
    r"error rate|errors per|5xx|\b(?:most|fewest|least|more|fewer) (?:\w+ )?errors|错误率|失败率|报错率|(?:错误|报错|失败)\S{0,3}最?[多少高低]"
)
LATENCY = re.compile(
    r"latency|response times?|\bp9[059]\b|\bslow(?:est|er)?\b|\bfast(?:est|er)?\b|延迟|响应时间|响应最|耗时|最[慢快]|更[慢快]"
)
WHOLE = ("cluster", "集群", "per node", "each node")
# What is put in order, the first of it first; and what asks for its other end.
RANKED = re.compile(
    r"\b(?:slowest|fastest|busiest|most|highest|fewest|least|lowest|top|worst)\b|最[慢快忙高低多少大小差]|排名|排行|前\s?[\d一二两三四五六七八九十]"
)
LAST_FIRST = re.compile(r"\b(?:fastest|fewest|least|lowest)\b|最[快低少小]")
BUSY = re.compile(
    r"\bbus(?:y|iest|ier)\b|最忙|most (?:\w+ )?(?:requests|traffic)|请求\S{0,2}最[多少]"
)
# Who uses most of CPU or memory, where no single thing is said to be in trouble.
USES = re.compile(
    r"\b(?:eat|hog|us|tak|burn|consum|chew|gobbl)(?:s|es|ing)?\b|\bate\b|\bwho\b|谁|吃|占|哪个|哪些"
)
# So many are put in order, unless the words say how many.
FIRST_OF = 10
HOW_MANY = re.compile(rf"\b(?:top|first)\s({COUNT})\b|前\s?({COUNT})")
RATE_OVER = "5m"

Seeking = Callable[[Asked, Sequence[Result], Step], list[Step]]


def measured(asked: Asked, results: Sequence[Result], seeking: Seeking) -> list[Step]:
    """What Prometheus alone has is queried; use now is a list, that is read until all names are found."""
    if query := _query_for(asked):
        told = [one for one in results if one.ok and one.tool.startswith(QUERY)]
        bare = asked.name and not (asked.kind or asked.namespace)
        if told and not told[-1].data.get("rows") and bare:
            # Nothing is measured of a service of this name: it may be a namespace.
            query = _query_for(asked.inside(asked.name))
        if asked.window and not _is_ranked(asked):
            return [Step(f"{QUERY}_range", {"query": query, "window": asked.window})]
        return [Step(QUERY, {"query": query})]
    words = asked.said
    of_nodes = asked.kind_of_many == "Node" or (
        not asked.name and any(one in words for one in WHOLE)
    )
    arguments = {"of": "nodes" if of_nodes else "pods", "by": asked.metric or "memory"}
    return seeking(asked, results, Step(TOP, {**arguments, "namespace": asked.namespace}))


def asks_who_uses(asked: Asked) -> bool:
    """Whether it is asked who uses CPU or memory: a list of all answers that, and no fault of one."""
    words = asked.said
    where = not asked.name and not asked.namespace
    return where and asked.metric in ("cpu", "memory") and bool(USES.search(words))


def how_many(asked: Asked) -> int | None:
    """How many of an order are asked for: "top 5", "前五"."""
    found = HOW_MANY.search(asked.said)
    return number_of(found[1] or found[2]) if found else None


def _query_for(asked: Asked) -> str:
    """The PromQL of a measurement that only Prometheus has; "" for use of CPU and memory now."""
    words = asked.said
    if asked.metric == "disk":
        return _disk_query(asked)
    if ERROR_RATE.search(words):
        return _in_order(asked, _rate_query(asked, 'code=~"5.."'))
    if LATENCY.search(words):
        return _in_order(asked, _latency_query(asked))
    if asked.metric == "qps" or BUSY.search(words):
        return _in_order(asked, _rate_query(asked))
    timed = asked.window and asked.name and asked.kind_of_many != "Node"
    return _usage_query(asked) if timed and asked.metric in ("cpu", "memory") else ""


def _is_ranked(asked: Asked) -> bool:
    """Whether services are to be put in order, rather than one be measured."""
    return not asked.name and bool(RANKED.search(asked.said))


def _in_order(asked: Asked, query: str) -> str:
    """The first of many. What nobody calls has no latency, and stands nowhere."""
    if not _is_ranked(asked):
        return query
    if LAST_FIRST.search(asked.said):
        return f"sort(bottomk({how_many(asked) or FIRST_OF}, {query} >= 0))"
    return f"sort_desc(topk({how_many(asked) or FIRST_OF}, {query} >= 0))"


def _over(asked: Asked) -> str:
    """How long rates are taken over: what is put in order is measured once, over all of the time."""
    if not (asked.window and _is_ranked(asked)):
        return RATE_OVER
    return f"{int(length_of(asked.window).total_seconds())}s"


def _usage_query(asked: Asked) -> str:
    series = (
        "container_memory_working_set_bytes"
        if asked.metric == "memory"
        else "container_cpu_usage_seconds_total"
    )
    selector = f"{series}{{{_pods(asked)}}}"
    value = selector if asked.metric == "memory" else f"rate({selector}[{RATE_OVER}])"
    return f"sum by (namespace, pod) ({value})"


def _pods(asked: Asked) -> str:
    matchers = [f'pod=~"{_any_of(asked)}(-.*)?"', 'container!=""', 'container!="POD"']
    if asked.namespace:
        matchers.insert(0, f'namespace="{asked.namespace}"')
    return ",".join(matchers)


def _any_of(asked: Asked) -> str:
    """The name, or the names that are compared, as a regular expression."""
    return asked.name if len(asked.names) == 1 else f"({'|'.join(asked.names)})"


def _rate_query(asked: Asked, *matchers: str) -> str:
    selector = f"http_requests_total{{{_of_service(asked, *matchers)}}}"
    return f"sum by (namespace, service) (rate({selector}[{_over(asked)}]))"


def _latency_query(asked: Asked) -> str:
    selector = f"http_request_duration_seconds_bucket{{{_of_service(asked)}}}"
    rate = f"rate({selector}[{_over(asked)}])"
    return f"histogram_quantile(0.95, sum by (le, namespace, service) ({rate}))"


def _of_service(asked: Asked, *matchers: str) -> str:
    own = [f'namespace="{asked.namespace}"'] if asked.namespace else []
    if len(asked.names) > 1:
        own += [f'service=~"{"|".join(asked.names)}"']
    elif asked.name:
        own += [f'service="{asked.name}"']
    return ",".join([*own, *matchers])


def _disk_query(asked: Asked) -> str:
    if asked.namespace:
        inside = f'{{namespace="{asked.namespace}"}}'
        return (
            f"kubelet_volume_stats_used_bytes{inside} / kubelet_volume_stats_capacity_bytes{inside}"
        )
    return '1 - node_filesystem_avail_bytes{mountpoint="/"} / node_filesystem_size_bytes{mountpoint="/"}'
