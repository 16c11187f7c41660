"""What a watch over Midwatch's own use of models looks at, and what it saw."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class ModelCall:
    at: datetime
    model: str
    user: str
    app: str
    failed: bool
    duration_ms: float
    cost_usd: float | None
    tokens: int


@dataclass(frozen=True, slots=True)
class Watch:
    """`measure` of the calls of the last `window` `compare` `threshold`, for as long as `held`.

    `by` tells them apart by model, user or app; "" takes all together. `only_*` "" is all. Fewer than
    `least` calls are no data, on which `no_data` decides: ends the alert, keeps it, or alerts.
    """

    name: str
    measure: str
    compare: str
    threshold: float
    window: timedelta
    held: timedelta = timedelta(0)
    by: str = ""
    only_model: str = ""
    only_user: str = ""
    only_app: str = ""
    least: int = 1
    no_data: str = "ends"
    severity: str = "warning"


@dataclass(frozen=True, slots=True)
class WatchState:
    """`fires_since`: an alert fires, since then; it may outlive the state where no data keeps it."""

    state: str  # ok | pending | firing | no_data
    since: datetime
    measured: float | None
    fires_since: datetime | None = None
