"""Parts that a picture of a cluster lacks: what nobody recorded, and events that have expired."""

from evals.clusters.world import Json, World
from evals.generated.registry import Fault

# The API server keeps events for an hour.
EVENTS_LIVE_MINUTES = 60
CHANCE = 0.3


def blind(world: World, fault: Fault) -> None:
    """Take away old events always, and by chance what the fault can be found without."""
    drop = {part: world.dice.random() < CHANCE for part in ("events", "logs", "metrics", "changes")}
    dropped = {part for part, falls in drop.items() if falls and part not in fault.needs}
    oldest = world.ago(EVENTS_LIVE_MINUTES)
    world.objects = [
        one
        for one in world.objects
        if one["kind"] != "Event" or ("events" not in dropped and _last(one) >= oldest)
    ]
    if "logs" in dropped:
        world.logs = {}
    if "metrics" in dropped:
        world.metrics = []
    if "changes" in dropped:
        world.changes = []


def _last(event: Json) -> str:
    series: Json = event.get("series") or {}
    again = series.get("lastObservedTime")
    return str(again or event.get("lastTimestamp") or event.get("eventTime"))
