"""The signals that a service's own metrics give: rates of its counters, sums of its gauges, quantiles."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mcp_servers.engines.metric_kinds import is_named_a_counter

# How metrics name what they are about. Pods are called after their workload.
SELECTORS = (
    '{{namespace="{namespace}",service="{name}"}}',
    '{{namespace="{namespace}",pod=~"{name}-.+",container!="",container!="POD"}}',
    '{{namespace="{namespace}",deployment="{name}"}}',
)
# Facts about objects, not measurements of them.
_FACTS = ("_info", "_created", "_labels", "_annotations", "_owner", "_spec_")
_STATUS = ("code", "status", "status_code", "http_status_code", "response_code")
FAILED = "5.."
QUANTILE = 0.95


@dataclass(frozen=True, slots=True)
class Signal:
    name: str
    query: str


def signals(found: Iterable[Mapping[str, str]], selectors: Sequence[str]) -> list[Signal]:
    """One for each metric among the series found, and one for failures where codes are counted."""
    labels: dict[str, set[str]] = {}
    selected: dict[str, str] = {}
    for series in found:
        name = series.get("__name__", "")
        labels.setdefault(name, set()).update(series)
        selected.setdefault(name, _selector(series, selectors))
    told: list[Signal] = []
    for name in sorted(labels):
        if name and not any(fact in name for fact in _FACTS):
            told += _of_metric(name, selected[name], labels)
    return told


def _selector(series: Mapping[str, str], selectors: Sequence[str]) -> str:
    """The one of the selectors, which stand in the order of SELECTORS, that took the series."""
    by_label = dict(zip(("service", "pod", "deployment"), selectors, strict=True))
    matching = (
        one for label, one in by_label.items() if label in series and _takes(one, label, series)
    )
    return next(matching, selectors[0]).strip("{}")


def _takes(selector: str, label: str, series: Mapping[str, str]) -> bool:
    exact = f'{label}="{series[label]}"' in selector
    pattern = selector.partition(f'{label}=~"')[2].partition('-.+"')[0]
    return exact or bool(pattern and series[label].startswith(f"{pattern}-"))


def _of_metric(name: str, inside: str, labels: Mapping[str, set[str]]) -> list[Signal]:
    if name.endswith("_bucket"):
        rate = f"rate({name}{{{inside}}}[10m])"
        quantile = f"histogram_quantile({QUANTILE}, sum by (le) ({rate}))"
        return [Signal(f"{name.removesuffix('_bucket')} p95", quantile)]
    if any(f"{name.removesuffix(end)}_bucket" in labels for end in ("_sum", "_count")):
        return []  # the quantile tells of it
    if not is_named_a_counter(name):
        return [Signal(name, f"sum({name}{{{inside}}})")]
    every = Signal(f"{name} per second", f"sum(rate({name}{{{inside}}}[10m]))")
    code = next((one for one in _STATUS if one in labels[name]), "")
    if not code:
        return [every]
    failed = f'sum(rate({name}{{{inside},{code}=~"{FAILED}"}}[10m])) / ({every.query} > 0)'
    return [every, Signal(f"{name} share of failures", failed)]
