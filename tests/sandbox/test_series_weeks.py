"""Weeks before a picture: what was counted then was never below zero, and goes on without a step."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from core.errors import Invalid
from sandbox.series import Matcher, Series, SeriesStore, Weeks

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TOLD = {
    "days": 21,
    "courses": {"requests_total": "busy", "memory_bytes": "steady"},
    "pods": [
        {"pod": "new", "since_days": 5, "before": {"pod": "old", "times": 0.5}},
        {"pod": "extra", "since_days": 5},
    ],
}


@pytest.fixture
def store(tmp_path: Path) -> SeriesStore:
    """Three hours by the minute of a counter of one a second and a gauge of 100, for three pods."""
    times = [(NOW - timedelta(minutes=i)).timestamp() for i in range(180, -1, -1)]
    lines = ["# TYPE requests counter"]
    for pod in ("same", "new", "extra"):
        lines += [
            f'requests_total{{pod="{pod}"}} {7 + 60 * i} {at:.0f}' for i, at in enumerate(times)
        ]
    lines.append("# TYPE memory_bytes gauge")
    lines += [f'memory_bytes{{pod="new"}} 100 {at:.0f}' for at in times]
    lines.append("# TYPE other gauge")
    lines += [f"other 5 {at:.0f}" for at in times]
    path = tmp_path / "all.om"
    path.write_text("\n".join([*lines, "# EOF\n"]))
    return SeriesStore.read([path], weeks=Weeks.of(TOLD, tmp_path))


def asked(
    store: SeriesStore, name: str, pod: str, since: datetime, until: datetime
) -> Series | None:
    matchers = [Matcher("__name__", "=", name), Matcher("pod", "=", pod)]
    found = store.select(matchers, since.timestamp(), until.timestamp())
    return found[0] if found else None


def whole(store: SeriesStore, name: str, pod: str) -> Series:
    found = asked(store, name, pod, NOW - 30 * DAY, NOW)
    assert found is not None
    return found


def test_a_counter_only_rises_from_nothing_through_all_weeks(store: SeriesStore) -> None:
    one = whole(store, "requests_total", "same")
    assert (one.times_ms[-1] - one.times_ms[0]) / DAY.total_seconds() / 1000 == pytest.approx(
        21.125, abs=0.01
    )
    assert (np.diff(one.times_ms) > 0).all()
    assert (np.diff(one.values) >= 0).all()
    assert one.values[0] >= 0


def test_a_week_is_a_week_of_load_and_weekends_are_calmer(store: SeriesStore) -> None:
    def counted(day: datetime) -> float:
        one = asked(store, "requests_total", "same", day, day + DAY)
        assert one is not None
        return float(one.values[-1] - one.values[0])

    monday = datetime(2026, 11, 9, tzinfo=UTC)
    working, resting = counted(monday), counted(monday + 5 * DAY)
    assert resting < 0.85 * working
    assert counted(monday - 7 * DAY) == pytest.approx(working, rel=0.05)


def test_the_picture_goes_on_where_the_weeks_end(store: SeriesStore) -> None:
    one = whole(store, "requests_total", "same")
    rates = np.diff(one.values) / np.diff(one.times_ms) * 1000
    begins = int(np.searchsorted(one.times_ms, (NOW - 3 * HOUR).timestamp() * 1000))
    assert rates[begins - 3 : begins + 3] == pytest.approx(1.0, rel=0.1)


def test_what_ran_before_a_younger_pod_ends_where_that_begins(store: SeriesStore) -> None:
    old, new = whole(store, "memory_bytes", "old"), whole(store, "memory_bytes", "new")
    assert old.times_ms[-1] < new.times_ms[0]
    assert new.times_ms[0] - old.times_ms[-1] <= 300_000
    assert (old.values[0], new.values[0]) == (50.0, 100.0)
    extra = whole(store, "requests_total", "extra")
    assert extra.times_ms[0] / 1000 >= (NOW - 5.2 * DAY).timestamp()


def test_series_that_are_not_named_begin_with_the_picture(store: SeriesStore) -> None:
    [one] = store.select([Matcher("__name__", "=", "other")], 0, NOW.timestamp())
    assert one.times_ms[0] == (NOW - 3 * HOUR).timestamp() * 1000


@pytest.mark.parametrize("pieces", [2, 7, 40])
def test_pieces_add_up_to_the_whole(store: SeriesStore, pieces: int) -> None:
    span = 22 * DAY
    found: list[int] = []
    for i in range(pieces):
        first = NOW - span + span / pieces * i
        one = asked(
            store,
            "requests_total",
            "same",
            first,
            first + span / pieces - timedelta(milliseconds=1),
        )
        found += [] if one is None else one.times_ms.tolist()
    assert found == [at for at in whole(store, "requests_total", "same").times_ms.tolist()
                     if at < NOW.timestamp() * 1000]  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"days": 5},
        {"days": "many", "courses": {}},
        {"days": 5, "courses": {"up": "wild"}},
        {"days": 5000, "courses": {}},
        {"days": 5, "courses": {}, "pods": [{"since_days": 1}]},
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid, match=r"weeks\.yaml"):
        Weeks.of(wrong, Path("weeks.yaml"))
