"""When an alert would have fired, from the values its expression had in the past."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from mcp_servers.facts.metrics import Series
from mcp_servers.facts.rule_trials import Firing


def firings(
    series: Sequence[Series], *, held: timedelta, step: timedelta, until: datetime
) -> list[Firing]:
    """Every stretch in which it held for at least `held`, in the order in which they began.

    `series` hold a point wherever the expression gave a value, one each `step`; a place without a
    point ends a stretch, as an evaluation without a result ends an alert. What reaches to the last
    step before `until` has not ended.
    """
    found = [one for line in series for one in _of_line(line, held=held, step=step, until=until)]
    return sorted(found, key=lambda one: (one.began, one.labels))


def _of_line(line: Series, *, held: timedelta, step: timedelta, until: datetime) -> list[Firing]:
    found: list[Firing] = []
    for start, last in _stretches([at for at, _ in line.points], step):
        began, gone = start + held, last + step
        if began <= last:
            ended = None if gone > until else gone
            lasted_s = (min(gone, until) - began).total_seconds()
            found.append(Firing(line.labels, began, ended, lasted_s))
    return found


def _stretches(times: Sequence[datetime], step: timedelta) -> list[tuple[datetime, datetime]]:
    """First and last time of each run of neighbours; half a step is forgiven."""
    found: list[tuple[datetime, datetime]] = []
    for at in times:
        if found and at - found[-1][1] <= step * 1.5:
            found[-1] = (found[-1][0], at)
        else:
            found.append((at, at))
    return found
