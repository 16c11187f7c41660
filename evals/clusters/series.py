"""Metrics as OpenMetrics text, as promtool's backfill reads them."""

from collections.abc import Callable, Sequence

from evals.clusters.world import World

STEP_MINUTES = 5.0
# Bounds of buckets in seconds, as client libraries set them.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# Requests are counted one by one, also when there were millions.
COUNTED = 9


def series(
    world: World,
    name: str,
    kind: str,
    *lines: tuple[dict[str, str], Callable[[float], float]],
    span: float,
    step: float = STEP_MINUTES,
) -> None:
    """One metric family; each line is (labels, value by minutes ago), over the last `span` minutes."""
    family = name.removesuffix("_total") if kind == "counter" else name
    world.metrics.append(f"# TYPE {family} {kind}")
    for labels, value in lines:
        world.metrics += _samples(world, name, labels, value, _moments(span, step))


def requests(
    world: World,
    name: str,
    labels: dict[str, str],
    slow: Callable[[float], float],
    *,
    a_second: float,
    span: float,
    step: float = STEP_MINUTES,
) -> None:
    """A histogram of how long requests take: `slow` is the 95th percentile by minutes ago.

    Durations are spread as those of most services are: half of them take a quarter of that.
    """
    moments = _moments(span, step)
    counts = dict.fromkeys((*BOUNDS, float("inf")), 0.0)
    seen: dict[float, dict[float, float]] = {}
    for before, minutes in zip([moments[0] + step, *moments], moments, strict=False):
        made = a_second * 60 * (before - minutes)
        for bound in counts:
            counts[bound] += made * _below(bound, slow(minutes))
        seen[minutes] = dict(counts)
    world.metrics.append(f"# TYPE {name} histogram")
    for bound in counts:
        le = "+Inf" if bound == float("inf") else str(bound)
        told = {**labels, "le": le}
        at_bound = {minutes: each[bound] for minutes, each in seen.items()}
        world.metrics += _samples(
            world, f"{name}_bucket", told, at_bound.__getitem__, moments, COUNTED
        )
    total = {minutes: each[float("inf")] for minutes, each in seen.items()}
    world.metrics += _samples(world, f"{name}_count", labels, total.__getitem__, moments, COUNTED)


def _below(bound: float, p95: float) -> float:
    """The share that takes at most so long: log-logistic, .5 at a quarter of the p95 and .95 at it."""
    return 1.0 if bound == float("inf") else 1 / (1 + (bound / (p95 / 4)) ** -2.124)


def _moments(span: float, step: float) -> list[float]:
    return [n * step for n in range(int(span // step), -1, -1)]


def _samples(
    world: World,
    name: str,
    labels: dict[str, str],
    value: Callable[[float], float],
    moments: Sequence[float],
    digits: int = 6,
) -> list[str]:
    text = ",".join(f'{key}="{one}"' for key, one in sorted(labels.items()))
    return [
        f"{name}{{{text}}} {value(minutes):.{digits}g} {int(world.moment(minutes).timestamp())}"
        for minutes in moments
    ]
