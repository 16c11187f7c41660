"""Metrics as OpenMetrics text, a sample every five minutes, as promtool's backfill reads them."""

from collections.abc import Callable

from evals.clusters.world import World

STEP_MINUTES = 5


def series(
    world: World,
    name: str,
    kind: str,
    *lines: tuple[dict[str, str], Callable[[float], float]],
    span: float,
) -> None:
    """One metric family; each line is (labels, value by minutes ago), over the last `span` minutes."""
    family = name.removesuffix("_total") if kind == "counter" else name
    told = [f"# TYPE {family} {kind}"]
    for labels, value in lines:
        text = ",".join(f'{key}="{one}"' for key, one in sorted(labels.items()))
        for step in range(int(span // STEP_MINUTES), -1, -1):
            minutes = float(step * STEP_MINUTES)
            at = int(world.moment(minutes).timestamp())
            told.append(f"{name}{{{text}}} {value(minutes):.6g} {at}")
    world.metrics += told
