"""Made-up systems of components with a known fault, to judge the ranking of metric tables.

Everything is drawn from one seed: how many components, who calls whom, what the metrics are called,
the step, the load, the noise, what breaks, how strongly, and what else happens to move. Load runs
from callers to callees; latency and errors run back.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.made_logs import Line, made_lines

Array = NDArray[np.floating[Any]]
Random = np.random.Generator
System = dict[str, Array]

SYLLABLES = ("al", "bor", "cen", "dra", "el", "fin", "gor", "hel", "ix", "jun", "kor", "lum", "mer")
ENDINGS = ("", "-svc", "-api", "d")

# What a system calls its quantities; a name that ends in _total is a counter.
VOCABULARIES: tuple[dict[str, str], ...] = (
    {
        "cpu": "cpu", "memory": "mem", "latency": "latency", "errors": "error",
        "traffic": "workload", "disk": "diskio",
    },
    {
        "cpu": "container_cpu_usage_seconds_total",
        "memory": "container_memory_working_set_bytes",
        "latency": "http_server_request_duration_seconds_p99",
        "client": "http_client_request_duration_seconds_p99",
        "errors": "http_server_errors_total",
        "traffic": "http_server_requests_total",
        "network": "container_network_transmit_bytes_total",
    },
    {"latency": "response_time_p95", "availability": "availability", "traffic": "requests"},
    {
        "cpu": "process.cpu.utilization", "memory": "jvm.heap.used", "latency": "rt_ms",
        "errors": "fail_ratio", "traffic": "qps", "disk": "fs.writes", "network": "net.rx",
    },
)  # fmt: skip

# Which quantities of the broken component move, and by what factor at full strength.
FAULTS: dict[str, dict[str, float]] = {
    "cpu": {"cpu": 8.0, "latency": 4.0},
    "memory": {"memory": 3.0, "latency": 1.5},
    "disk": {"disk": 8.0, "latency": 3.0},
    "slow": {"latency": 10.0},
    # The wire to it is slow: it does not see that itself, those who call it do.
    "delay": {"wire": 10.0},
    "errors": {"errors": 40.0, "latency": 1.2},
    "crash": {"cpu": 0.05, "traffic": 0.05, "network": 0.05, "memory": 0.4, "errors": 60.0},
    "logs": {},
    "none": {},
}

# Steps before and after the fault, by the seconds of a step.
WINDOWS = {1: (600, 300), 15: (120, 40), 60: (60, 15), 300: (150, 8)}


@dataclass(frozen=True, slots=True)
class MadeCase:
    """A table as `midwatch rca rank` reads it, and the truth about it."""

    seed: int
    fault: str
    timestamps: Array
    columns: dict[str, Array]
    at: float
    root: str
    moved: tuple[str, ...]  # the metrics of the root that the fault moves
    edges: tuple[tuple[str, str], ...]
    logs: tuple[Line, ...]
    target: str


@dataclass(frozen=True, slots=True)
class _World:
    random: Random
    names: list[str]
    calls: dict[tuple[int, int], float]  # caller, callee → calls for each request
    before: int
    after: int
    step_s: int
    fault: str
    root: int
    strength: Array  # of the fault, 0 to 1, by step

    @property
    def steps(self) -> int:
        return self.before + self.after

    def callees(self, caller: int) -> list[int]:
        return [b for a, b in self.calls if a == caller]

    def callers(self, callee: int) -> list[int]:
        return [a for a, b in self.calls if b == callee]

    def factor(self, component: int, quantity: str) -> Array:
        by = FAULTS[self.fault].get(quantity, 1.0) if component == self.root else 1.0
        return by**self.strength

    def noise(self, size: float, memory: float = 0.4) -> Array:
        """Around 1, heavy-tailed, each step remembering a part of the one before."""
        shocks = self.random.standard_t(5, size=self.steps) * size
        reach = memory ** np.arange(12)
        return np.exp(np.convolve(shocks, reach)[: self.steps])


def made_case(seed: int, *, fault: str = "", components: int = 0) -> MadeCase:
    """The system of this seed, broken in the way of this seed or in the way asked for."""
    random = np.random.default_rng(seed)
    count = components or int(random.choice([5, 8, 12, 20, 40, 60]))
    vocabulary = VOCABULARIES[int(random.integers(len(VOCABULARIES)))]
    visible = [
        kind
        for kind, moved in FAULTS.items()
        if kind != "none"
        and (kind not in ("cpu", "memory", "disk") or next(iter(moved)) in vocabulary)
    ]
    world = _world(random, count, fault or str(random.choice(visible)))
    system = [_component(world, flow, i) for i, flow in enumerate(_flows(world))]
    _propagate(world, system)
    _something_else_moves(world, system)
    start = 1_700_000_000 + float(random.integers(0, 10_000_000))
    timestamps = start + world.step_s * np.arange(world.steps)
    quantities = [
        *FAULTS[world.fault],
        *(["availability"] if "errors" in FAULTS[world.fault] else []),
    ]
    moved = [vocabulary[one] for one in quantities if one in vocabulary]
    at = float(timestamps[world.before])
    callers = [world.names[one] for one in world.callers(world.root)]
    return MadeCase(
        seed=seed,
        fault=world.fault,
        timestamps=timestamps,
        columns=_columns(world, vocabulary, system),
        at=at,
        root=world.names[world.root],
        moved=tuple(moved),
        edges=tuple((world.names[a], world.names[b]) for a, b in world.calls),
        logs=made_lines(random, world.names, timestamps, at, world.names[world.root], callers)
        if world.fault in ("logs", "errors", "crash")
        else made_lines(random, world.names, timestamps, at),
        target=f"{world.names[0]}:{vocabulary['latency']}",
    )


def _world(random: Random, count: int, fault: str) -> _World:
    step_s = int(random.choice(list(WINDOWS)))
    before, after = WINDOWS[step_s]
    strength = np.zeros(before + after)
    begins = before + int(random.integers(0, after // 6 + 1))
    lasts = int(np.ceil((before + after - begins) * random.uniform(0.6, 1.0)))
    grows = random.random() < 0.3
    strength[begins : begins + lasts] = np.linspace(0.2, 1, lasts) if grows else 1.0
    return _World(
        random=random,
        names=_names(random, count),
        calls=_calls(random, count),
        before=before,
        after=after,
        step_s=step_s,
        fault=fault,
        root=int(random.integers(1, count)),
        strength=strength * random.uniform(0.35, 1.0),
    )


def _names(random: Random, count: int) -> list[str]:
    names: list[str] = []
    while len(names) < count:
        name = "".join(random.choice(SYLLABLES, size=3)) + str(random.choice(ENDINGS))
        if name not in names:
            names.append(name)
    return names


def _calls(random: Random, count: int) -> dict[tuple[int, int], float]:
    """No cycles, and everybody but the entry, which is the first, is called by somebody."""
    calls: dict[tuple[int, int], float] = {}
    for callee in range(1, count):
        callers = min(1 + int(random.random() < 0.4), callee)
        for caller in random.choice(callee, size=callers, replace=False):
            calls[int(caller), callee] = float(random.uniform(0.3, 1.2))
    return dict(sorted(calls.items()))


def _flows(world: _World) -> list[Array]:
    """Requests a second; the people at the entry wait, and ask less, while the fault lasts."""
    random = world.random
    clock = np.arange(world.steps) * world.step_s / 86_400
    season = 1 + 0.3 * np.sin(2 * np.pi * (clock + random.random()))
    patience = 1 - 0.3 * random.random() * world.strength
    flows: list[Array] = [50 * season * patience * world.noise(0.04)]
    for component in range(1, len(world.names)):
        arriving = sum(flows[a] * world.calls[a, component] for a in world.callers(component))
        flows.append(arriving * world.noise(0.03) * world.factor(component, "traffic"))
    return flows


def _component(world: _World, flow: Array, i: int) -> System:
    """What a component does by itself; `_propagate` adds what it waits for."""
    random, factor, noise = world.random, world.factor, world.noise
    cpu = random.uniform(0.002, 0.02) * flow + 0.02
    waves = 1 + 0.02 * np.sin(np.arange(world.steps) / random.uniform(3, 40))
    return {
        "traffic": flow,
        "cpu": cpu * noise(0.06) * factor(i, "cpu"),
        "memory": random.uniform(5e7, 2e9) * waves * noise(0.002) * factor(i, "memory"),
        "latency": random.uniform(0.002, 0.05) * noise(0.08) * factor(i, "latency"),
        "failing": random.uniform(0.0005, 0.003) * noise(0.3) * factor(i, "errors"),
        "wire": random.uniform(0.001, 0.01) * noise(0.08) * factor(i, "wire"),
        "disk": 20 * noise(0.4) * factor(i, "disk"),
        "network": 900 * flow * noise(0.05) * factor(i, "network"),
    }


def _propagate(world: _World, system: list[System]) -> None:
    for caller in range(len(system) - 1, -1, -1):
        own, waited = system[caller], np.zeros(world.steps)
        for callee in world.callees(caller):
            other, often = system[callee], world.calls[caller, callee]
            waited = waited + often * (other["latency"] + other["wire"])
            own["failing"] = own["failing"] + 0.5 * min(often, 1.0) * other["failing"]
        own["failing"] = np.minimum(own["failing"], 1.0)
        own["client"] = waited * world.noise(0.03)
        own["latency"] = own["latency"] + waited
        own["errors"] = own["failing"] * own["traffic"]
        own["availability"] = 100 * (1 - own["failing"])


def _something_else_moves(world: _World, system: list[System]) -> None:
    """An incident that was over before, and small shifts elsewhere that explain nothing."""
    random = world.random
    if random.random() < 0.3:
        begins = int(random.integers(0, world.before // 2))
        past = slice(begins, begins + max(1, world.before // 8))
        for quantity in ("cpu", "latency"):
            system[int(random.integers(len(system)))][quantity][past] *= 5
    for _ in range(int(random.integers(0, 1 + len(system) // 4))):
        other = system[int(random.integers(len(system)))]
        quantity = str(random.choice(["cpu", "memory", "disk", "network", "latency"]))
        other[quantity][int(random.integers(world.before, world.steps)) :] *= random.uniform(
            0.7, 1.6
        )


def _columns(world: _World, vocabulary: dict[str, str], system: list[System]) -> dict[str, Array]:
    """As a monitoring system gives them: counters, gaps, a column that says nothing, any order."""
    random = world.random
    columns: dict[str, Array] = {}
    for name, quantities in zip(world.names, system, strict=True):
        for quantity, metric in vocabulary.items():
            if quantity != "latency" and random.random() < 0.05:
                continue
            values = quantities[quantity]
            if metric.endswith("_total"):
                values = random.uniform(0, 1e6) + np.cumsum(values * world.step_s)
            lost = random.random(world.steps) < 0.01
            columns[f"{name}:{metric}"] = np.where(lost, np.nan, np.round(values, 6))
        if random.random() < 0.2:
            columns[f"{name}:build_info"] = np.ones(world.steps)
    names = list(columns)
    return {names[i]: columns[names[i]] for i in random.permutation(len(names))}
