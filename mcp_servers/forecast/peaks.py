"""How likely the highest value ahead is above a level: one that was asked for, or what there is room for."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, Field

from core.errors import Invalid
from mcp_servers.backends.sentences import SENTENCES
from mcp_servers.engines.quantities import quantity
from mcp_servers.forecast.scaling import Recommendation

if TYPE_CHECKING:  # numpy is loaded by the first call, not by the server's start
    from mcp_servers.engines.peaks import Peaks

Exceeds = Annotated[
    str,
    Field(
        max_length=20,
        description="A level to give the chance of: 2, 500m or 4Gi in the unit, 80% of a disk.",
    ),
]
FULL = 1.0


class Chance(BaseModel):
    """`of`: a level that was asked for, a disk's capacity, or what the instances there are carry."""

    level: float = Field(description="In the unit of the forecast.")
    of: Literal["asked", "capacity", "instances"]
    chance: float | None = Field(
        description="That the highest value ahead is above it, 0 to 1; null: too little came before."
    )
    otherwise: float | None = Field(
        default=None,
        description="The same of the forecast of `level_break`; null: there is none, or not known.",
    )

    def as_text(self) -> str:
        told = "not known" if self.chance is None else f"{self.chance:.0%}"
        other = "" if self.otherwise is None else f", otherwise {self.otherwise:.0%}"
        return f"chance that the peak exceeds {self.level:.4g} ({self.of}): {told}{other}"


@dataclass(frozen=True)
class Both:
    """Peaks of the forecast, and of what comes otherwise where the newest values left it."""

    told: "Peaks | None"
    otherwise: "Peaks | None"


def level_of(exceeds: str, metric: str) -> float | None:
    """As people write amounts. Raises `Invalid` for what is none, or a share of no capacity."""
    if not exceeds.strip():
        return None
    told = exceeds.strip()
    if told.endswith("%"):
        share = quantity(told.removesuffix("%").strip()) if metric == "disk" else None
        level = None if share is None else float(share) / 100
    else:
        found = quantity(told)
        level = None if found is None else float(found)
    if level is None or level < 0:
        raise SENTENCES.error(Invalid, "peak_level", exceeds=told)
    return level


def chances(
    peaks: Both, asked: float | None, metric: str, advice: Recommendation | None
) -> list[Chance]:
    """What was asked for first; then what there is, where that is known."""
    levels: list[tuple[float, Literal["asked", "capacity", "instances"]]] = []
    if asked is not None:
        levels.append((asked, "asked"))
    if metric == "disk":
        levels.append((FULL, "capacity"))
    if advice is not None and advice.carried and advice.instances_now:
        levels.append((advice.carried * advice.instances_now, "instances"))
    return [
        Chance(
            level=level,
            of=of,
            chance=_chance(peaks.told, level),
            otherwise=_chance(peaks.otherwise, level),
        )
        for level, of in levels
    ]


def _chance(peaks: "Peaks | None", level: float) -> float | None:
    return None if peaks is None else round(peaks.above(level), 4)
