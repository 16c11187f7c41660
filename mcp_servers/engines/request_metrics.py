"""Which metrics measure requests, told by their names, and the PromQL that reads them alike.

Whoever counts and times requests names it as it likes; what the names have in common is enough to
tell a counter of requests, a time that they take and the hits and misses of a cache.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mcp_servers.facts.metrics import Series

RATE, FAILURES, P95 = "request_rate", "request_failures", "request_p95"
HITS, MISSES, HIT_RATIO = "cache_hits", "cache_misses", "cache_hit_ratio"

# Labels that may say who served; what groups a question keeps them.
SERVERS = ("namespace", "service", "pod", "deployment", "statefulset", "workload", "app", "job")
_BY = ", ".join(SERVERS)
# Two samples are needed to tell a rate, and some systems are read every five minutes.
WINDOW = "10m"

# Labels whose values say how a request ended, or which part of a distribution a series is.
OUTCOMES = (
    "code",
    "status",
    "status_code",
    "response_code",
    "http_status_code",
    "http_response_status_code",
    "grpc_code",
    "result",
    "outcome",
)
TOLD_APART_BY = (*OUTCOMES, "quantile")
_FAILED = re.compile(
    r"5\d\d|5xx|errors?|fail(?:ed|ures?)?|exceptions?|time[d_-]?out|server_error|internal"
    r"|unavailable|unknown|deadline_?exceeded|data_?loss",
    re.IGNORECASE,
)
_MISSED, _HIT = re.compile(r"miss(?:ed|es)?", re.IGNORECASE), re.compile(r"hits?", re.IGNORECASE)

# What a cluster measures of itself, and programs of their own calls to others.
_OF_OTHERS = re.compile(
    r"^(?:apiserver|etcd|rest_client|workqueue|scheduler|kubelet|kubeproxy|kube|container|node"
    r"|prometheus|promhttp|alertmanager|coredns|go|process|net_conntrack|authentication"
    r"|authorization|storage_operation|csi|aggregator|cluster_autoscaler|scrape)_"
    r"|client|outbound|outgoing|egress"
)
_COUNTS = re.compile(
    r"(?:^|_)(?:requests?|calls?|handled|transactions?|queries|messages|operations|ops|orders"
    r"|payments|responses?)(?:_[a-z]+){0,2}_(?:total|count)$"
)
_TIMES = re.compile(
    r"duration|latenc|response_?time|request_?time|handling|elapsed|processing_?time"
    r"|(?:requests?|queries|rpc|calls?)_(?:milli|micro)?seconds"
)
_UNITS = (
    (re.compile(r"_(?:microseconds|us|usec)(?:_|$)"), 1e-6),
    (re.compile(r"_(?:milliseconds|millis|ms|msec)(?:_|$)"), 1e-3),
    (re.compile(r"_(?:seconds|secs?|s)(?:_|$)"), 1.0),
)
_RATIO = re.compile(r"hit_?(?:ratio|rate|percent(?:age)?|share)(?:_|$)")
_WENT_WRONG = re.compile(r"_?(?:errors?|failures?|failed|exceptions?|timeouts?)(?=_|$)")
_HIGH = re.compile(r"(?:^|_)p?(?:95|99|90)(?:th|pct|percentile)?(?:_|$)")
# A quantile of a summary that stands for slow requests, the fittest first.
_QUANTILES = ("0.95", "0.99", "0.9")
# A cluster may have thousands of metrics; each that is read costs a question.
AT_MOST = 40


@dataclass(frozen=True, slots=True)
class Question:
    """`role` is what diagnosers look the answer up by; `metric` the name of what is measured."""

    role: str
    promql: str
    metric: str = ""


def candidates(names: Collection[str]) -> list[str]:
    """The metrics that may measure requests, most alike first."""
    found = [one for one in names if not _OF_OTHERS.search(one) and _is_told(one, names)]
    return sorted(found, key=lambda one: ("request" not in one, "http" not in one, one))[:AT_MOST]


def _is_told(name: str, names: Collection[str]) -> bool:
    told = _factor(name) or _COUNTS.search(name) or _RATIO.search(name) or _partner(name, names)
    return bool(told) or ("cache" in name and name.endswith("_total"))


def _factor(name: str) -> float:
    """How many seconds one of its units is; 0 for what measures no time of requests."""
    if not _TIMES.search(name) or name.endswith(("_max", "_created")):
        return 0.0
    return next((factor for unit, factor in _UNITS if unit.search(name)), 0.0)


def _partner(name: str, names: Collection[str]) -> str:
    """The counter of misses that goes with a counter of hits."""
    for hit, missed in (("hits", "misses"), ("hit", "miss")):
        at = name.rfind(hit)
        other = f"{name[:at]}{missed}{name[at + len(hit) :]}" if at >= 0 else ""
        if other in names:
            return other
    return ""


def apart_query(names: Collection[str], chosen: str) -> str:
    """PromQL for the values of the labels by which series of one name differ in kind."""
    inside = ",".join(one for one in (f'__name__=~"{"|".join(names)}"', chosen) if one)
    return f"count by ({', '.join(('__name__', *TOLD_APART_BY))}) ({{{inside}}})"


def told_apart(answer: Sequence[Series]) -> Mapping[str, Mapping[str, Collection[str]]]:
    """The same from its answer: by the metric's name and the label's."""
    values: dict[str, dict[str, set[str]]] = {}
    for one in answer:
        labels = values.setdefault(one.label("__name__"), {})
        for label in TOLD_APART_BY:
            if value := one.label(label):
                labels.setdefault(label, set()).add(value)
    return values


def questions(
    names: Collection[str], apart: Mapping[str, Mapping[str, Collection[str]]], chosen: str
) -> list[Question]:
    """What to ask of these metrics; `apart` are the values of each one's telling labels, `chosen`
    a matcher that stands in every selector."""
    found: list[Question] = []
    for name in candidates(names):
        labels = apart.get(name, {})
        if _RATIO.search(name) and not name.endswith("_total"):
            found.append(Question(HIT_RATIO, f"avg by ({_BY}) ({_picked(name, chosen)})", name))
        found += _times(name, labels, names, chosen)
        if _COUNTS.search(name) or name.endswith("_total"):
            found += _counts(name, labels, names, chosen)
    return found


def _times(
    name: str, labels: Mapping[str, Collection[str]], names: Collection[str], chosen: str
) -> Iterator[Question]:
    factor = _factor(name)
    base = re.sub(r"_(?:bucket|sum|count)$", "", name)
    if not factor or (name.endswith(("_sum", "_count")) and f"{base}_bucket" in names):
        return
    times = "" if factor == 1.0 else f" * {factor:g}"
    if name.endswith("_bucket"):
        rates = f"sum by ({_BY}, le) (rate({_picked(name, chosen)}[{WINDOW}]))"
        yield Question(P95, f"histogram_quantile(0.95, {rates}){times}", base)
    elif name.endswith("_sum") and f"{base}_count" in names and base not in names:
        both = (_rate(f"{base}_{part}", chosen) for part in ("sum", "count"))
        yield Question(P95, f"{' / '.join(both)}{times}", base)
    elif quantile := next((one for one in _QUANTILES if one in labels.get("quantile", ())), ""):
        picked = _picked(name, f'quantile="{quantile}"', chosen)
        yield Question(P95, f"max by ({_BY}) ({picked}){times}", base)
    elif _HIGH.search(name) and "quantile" not in labels:
        yield Question(P95, f"max by ({_BY}) ({_picked(name, chosen)}){times}", base)


def _counts(
    name: str, labels: Mapping[str, Collection[str]], names: Collection[str], chosen: str
) -> Iterator[Question]:
    if other := _partner(name, names):
        yield Question(HITS, _rate(name, chosen), name)
        yield Question(MISSES, _rate(other, chosen), name)
        return
    for label in OUTCOMES:
        values = labels.get(label, ())
        hit, missed = (_of(values, one) for one in (_HIT, _MISSED))
        if hit and missed:
            yield Question(HITS, _rate(name, _any(label, hit), chosen), name)
            yield Question(MISSES, _rate(name, _any(label, missed), chosen), name)
            return
    if _COUNTS.search(name):
        yield Question(RATE, _rate(name, chosen), name)
        for label in OUTCOMES:
            if failed := _of(labels.get(label, ()), _FAILED):
                yield Question(FAILURES, _rate(name, _any(label, failed), chosen), name)
                return
        for other in _failures_of(name, names):
            yield Question(FAILURES, _rate(other, chosen), name)


def _failures_of(name: str, names: Collection[str]) -> list[str]:
    """The counter of what went wrong of the same, where it has a name of its own."""
    found = [
        one
        for one in names
        if one != name and one.endswith("_total") and _WENT_WRONG.search(one)
        if _stem(_WENT_WRONG.sub("", one)) in (_stem(name), _stem(re.sub("_requests?", "", name)))
    ]
    return sorted(found)[:1]


def _stem(name: str) -> str:
    return name.removesuffix("_total").removesuffix("_count").removesuffix("s")


def _of(values: Collection[str], shape: re.Pattern[str]) -> list[str]:
    return sorted(one for one in values if shape.fullmatch(one))


def _any(label: str, values: Sequence[str]) -> str:
    return f'{label}=~"{"|".join(values)}"'


def _rate(name: str, *matchers: str) -> str:
    return f"sum by ({_BY}) (rate({_picked(name, *matchers)}[{WINDOW}]))"


def _picked(name: str, *matchers: str) -> str:
    inside = ",".join(one for one in matchers if one)
    return f"{name}{{{inside}}}" if inside else name
