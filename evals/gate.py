"""The floors that a run of cases must not fall through."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.errors import Invalid
from evals.runner import Drawn, run
from evals.scoreboard import SuiteResult

FLOORS = Path(__file__).parent / "floors.toml"


def gates() -> dict[str, dict[str, Any]]:
    return tomllib.loads(FLOORS.read_text("utf-8"))


async def pass_gate(name: str) -> tuple[SuiteResult, list[str]]:
    """Run the cases of this gate; also returns what fell through its floors, in words."""
    known = gates()
    if name not in known:
        raise Invalid(f"There is no gate {name!r}.", hint=f"Known: {', '.join(known)}.")
    floors = dict(known[name])
    suite = str(floors.pop("suite"))
    drawn = Drawn(floors.pop("cases"), floors.pop("seed")) if "seed" in floors else None
    [result] = await run([suite], drawn=drawn)
    return result, list(fallen(result.metrics, floors))


def fallen(metrics: dict[str, Any], floors: dict[str, float]) -> Iterator[str]:
    """What lies below its floor. A figure that is missing has fallen."""
    reached = {**metrics, **metrics.get("calibration", {})}
    if "healthy" in metrics:
        reached["healthy_verdicts"] = _share(metrics["healthy_verdicts"], metrics["healthy"])
    for name, floor in floors.items():
        value = reached.get(name)
        if value is None or value < floor:
            yield f"{name.replace('_', ' ')} is {value}, its floor is {floor}"


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
