"""How the three checkout pods of the shop story lived and died, and what that did to calls."""

from datetime import timedelta

from tools.stories.lives import Life, crashing
from tools.stories.metrics import Curve
from tools.stories.pods import Plan
from tools.stories.times import duration
from tools.stories.world import World

# Start of each pod, and how long each run lasted: the first fills the index slowly, the later
# ones load it back from disk.
RUNS = (
    ("1h13m58s", "28m 2m30s 2m10s 2m 1m50s 1m45s" + " 1m40s" * 9),
    ("1h13m31s", "29m20s 2m40s 2m20s 2m5s 2m 1m50s" + " 1m35s" * 4 + " 2m10s"),
    ("1h13m2s", "31m40s 2m20s 2m10s 1m55s 1m50s 1m40s" + " 1m45s" * 9),
)
LAST_RUN_WOULD_LAST = timedelta(seconds=130)

# Share of calls that fail, by how many pods are left to serve.
FAILING = {0: 1.0, 1: 0.38, 2: 0.09, 3: 0.0006}


def life(world: World, index: int, pod: str = "") -> Life:
    """Of pod number `index`; `pod` is how the kubelet calls it in its messages."""
    started, lengths = RUNS[index]
    spans = [duration(length) for length in lengths.split()]
    return crashing(world.ago(started), spans, pod=pod, container="checkout", now=world.captured_at)


def plan(world: World, index: int, node: str) -> Plan:
    created = world.ago(RUNS[index][0]) - timedelta(seconds=5)
    return Plan(node, created, {"checkout": life(world, index)}, image_mib=61)


def ready_pods(world: World) -> Curve:
    """How many checkout pods serve at a moment; all three before the release."""
    lives = [life(world, index) for index in range(len(RUNS))]
    released = world.ago("1h12m")
    return lambda at: 3 if at < released else sum(one.ready_at(at) for one in lives)


def failing_calls(world: World) -> Curve:
    ready = ready_pods(world)
    return lambda at: FAILING[int(ready(at))]
