"""What a smart function was seen to do, and what is asked of it to be on."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Gates:
    """Zero or None: not asked for. `window`: over which runs; `least`: fewer runs or verdicts say nothing.

    `stay`: so long it is held at least.
    """

    min_accuracy: float = 0.0
    min_cases: int = 0
    max_p95_ms: float | None = None
    max_failure_rate: float | None = None
    max_cost_usd: float | None = None
    window: timedelta = timedelta(hours=24)
    least: int = 20
    stay: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Of a real run over cases with known answers."""

    suite: str
    cases: int
    passed: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Run:
    """Once it was used. `cost_usd` None: it has no known price."""

    at: datetime
    failed: bool
    duration_ms: float
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person said of what it found or answered."""

    at: datetime
    right: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """None: too little to say."""

    runs: int
    verdicts: int
    accuracy: float | None = None
    p95_ms: float | None = None
    failure_rate: float | None = None
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Breach:
    """`code`: no_evaluation, few_cases, evaluation, accuracy, latency, failures or cost."""

    code: str
    measured: float = 0.0
    limit: float = 0.0
