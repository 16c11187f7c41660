"""What others know of an incident, as they tell it: its alerts, what was changed, what its namespace costs."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class KnownAlert(BaseModel):
    """An alert whose cause the incident is."""

    name: str = Field(max_length=253)
    starts_at: AwareDatetime
    ends_at: AwareDatetime | None = Field(default=None, description="Null: it still fires.")
    acknowledged_by: str = Field(default="", max_length=200)


class KnownChange(BaseModel):
    """A repair that Midwatch carried out on what the incident is about."""

    what: str = Field(max_length=500, description="Fix and object.")
    by: str = Field(default="", max_length=400, description="Who applied or approved it.")
    status: str = Field(max_length=20, description="As autofix_list_changes tells it.")
    started_at: AwareDatetime
    finished_at: AwareDatetime | None = None


class KnownCost(BaseModel):
    """What the namespace cost, by which the hours of the incident are reckoned."""

    namespace: str = Field(max_length=63)
    per_hour: float = Field(ge=0, description="In `currency`, over the hours measured.")
    currency: str = Field(default="USD", max_length=3)
    hours_measured: int = Field(ge=1)


class Aftermath(BaseModel):
    """All of it. What is empty is not known, which a draft says."""

    model_config = ConfigDict(frozen=True)

    alerts: list[KnownAlert] = Field(default=[], max_length=100)
    changes: list[KnownChange] = Field(default=[], max_length=50)
    cost: KnownCost | None = None


NOTHING_KNOWN = Aftermath()


def lasted(alerts: Sequence[KnownAlert], until: datetime) -> timedelta:
    """From the first alert to the end of the last; to `until` while one still fires."""
    if not alerts:
        return timedelta()
    ends = [one.ends_at or until for one in alerts]
    return max(max(ends) - min(one.starts_at for one in alerts), timedelta())
