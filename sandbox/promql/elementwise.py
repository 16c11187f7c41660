"""Functions that change each value by itself."""

from collections.abc import Callable

import numpy as np

from sandbox.series import Floats

# Where years end for numpy, and long before for people.
_LATEST_S = 1e15


def _round(values: Floats, to: Floats | float = 1.0) -> Floats:
    inverse = 1.0 / to
    return np.floor(values * inverse + 0.5) / inverse


def _smaller(values: Floats, most: Floats) -> Floats:
    """As in Go, nothing is smaller than minus infinity, not even beside NaN."""
    lowest = (values == -np.inf) | (most == -np.inf)
    return np.where(lowest, -np.inf, np.minimum(values, most))


def _larger(values: Floats, least: Floats) -> Floats:
    return -_smaller(-values, -least)


def _clamp(values: Floats, least: Floats, most: Floats) -> Floats:
    return _larger(_smaller(values, most), least)


ELEMENTWISE: dict[str, Callable[..., Floats]] = {
    "abs": np.abs,
    "acos": np.arccos,
    "acosh": np.arccosh,
    "asin": np.arcsin,
    "asinh": np.arcsinh,
    "atan": np.arctan,
    "atanh": np.arctanh,
    "ceil": np.ceil,
    "clamp": _clamp,
    "clamp_max": _smaller,
    "clamp_min": _larger,
    "cos": np.cos,
    "cosh": np.cosh,
    "deg": np.degrees,
    "exp": np.exp,
    "floor": np.floor,
    "ln": np.log,
    "log10": np.log10,
    "log2": np.log2,
    "rad": np.radians,
    "round": _round,
    "sgn": np.sign,
    "sin": np.sin,
    "sinh": np.sinh,
    "sqrt": np.sqrt,
    "tan": np.tan,
    "tanh": np.tanh,
}


def _days(values: Floats) -> "np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]":
    return _moments(values).astype("datetime64[D]")


def _moments(values: Floats) -> "np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]":
    return (
        np.trunc(np.where(np.abs(values) < _LATEST_S, values, 0.0))
        .astype(np.int64)
        .astype("datetime64[s]")
    )


def _day_of_month(values: Floats) -> Floats:
    days = _days(values)
    return (days - days.astype("datetime64[M]")).astype(np.float64) + 1


def _day_of_year(values: Floats) -> Floats:
    days = _days(values)
    return (days - days.astype("datetime64[Y]")).astype(np.float64) + 1


def _day_of_week(values: Floats) -> Floats:
    return (_days(values).astype(np.float64) + 4) % 7  # 1970 began on a Thursday


def _days_in_month(values: Floats) -> Floats:
    months = _days(values).astype("datetime64[M]")
    following = (months + 1).astype("datetime64[D]")
    return (following - months.astype("datetime64[D]")).astype(np.float64)


def _month(values: Floats) -> Floats:
    return _days(values).astype("datetime64[M]").astype(np.float64) % 12 + 1


def _year(values: Floats) -> Floats:
    return _days(values).astype("datetime64[Y]").astype(np.float64) + 1970


def _of_times(function: Callable[[Floats], Floats]) -> Callable[[Floats], Floats]:
    """NaN for what is no time."""
    return lambda values: np.where(np.abs(values) < _LATEST_S, function(values), np.nan)


CALENDAR: dict[str, Callable[[Floats], Floats]] = {
    "day_of_month": _of_times(_day_of_month),
    "day_of_week": _of_times(_day_of_week),
    "day_of_year": _of_times(_day_of_year),
    "days_in_month": _of_times(_days_in_month),
    "hour": _of_times(lambda values: np.trunc(values) // 3600 % 24),
    "minute": _of_times(lambda values: np.trunc(values) // 60 % 60),
    "month": _of_times(_month),
    "year": _of_times(_year),
}
