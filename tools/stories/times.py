"""Durations as people write them, and times as Kubernetes does."""

import re
from datetime import datetime, timedelta

UNITS_S = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def duration(text: str) -> timedelta:
    """`9d`, `1h14m`, `45m10s` or `2.5s` as a span of time."""
    parts = re.findall(r"([\d.]+)([dhms])", text)
    if "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is no duration such as 1h14m")
    return timedelta(seconds=sum(float(number) * UNITS_S[unit] for number, unit in parts))


def stamp(at: datetime) -> str:
    """A metav1.Time: whole seconds, Z."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def micro(at: datetime) -> str:
    """A metav1.MicroTime, as the scheduler's events and leases carry it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def nano(at: datetime) -> str:
    """RFC3339Nano, as the kubelet puts it before a log line."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f") + f"{at.microsecond * 7919 % 1000:03d}Z"
