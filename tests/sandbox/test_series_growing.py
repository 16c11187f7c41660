"""What series do after the end of the recording."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from sandbox.promql import Vector, query
from sandbox.series import SeriesStore
from tests.sandbox.test_series import T, named, points, store

# Where a question looks: a while after the samples, which end ten minutes after T.
END_S = T + 1800


def recorded(name: str, values: Iterable[float], *, type_: str, every_s: int = 60) -> str:
    lines = [f"{name} {value} {T + at * every_s}" for at, value in enumerate(values)]
    family = name.partition("{")[0].removesuffix("_total").removesuffix("_bucket")
    return "\n".join([f"# TYPE {family} {type_}", *lines, ""])


def after(series: SeriesStore, name: str, until_s: float = END_S) -> list[tuple[float, float]]:
    """Samples after the recorded ones, in seconds after T."""
    found = series.select([named(name)], T + 601, until_s)
    return [
        (at / 1000 - T, value)
        for one in found
        for at, value in zip(one.times_ms.tolist(), one.values.tolist(), strict=True)
    ]


def test_a_gauge_holds_its_last_value(tmp_path: Path) -> None:
    series = store(tmp_path, recorded("memory", range(11), type_="gauge"), grows=True)
    assert after(series, "memory", T + 800) == [(660, 10), (720, 10), (780, 10)]


def test_a_counter_keeps_the_rate_of_its_end(tmp_path: Path) -> None:
    values = [0, 0, 0, 0, 0, 0, 60.5, 120.5, 180.5, 240.5, 300.5]
    series = store(tmp_path, recorded("seen_total", values, type_="counter"), grows=True)
    grown = [value for _, value in after(series, "seen_total", T + 720)]
    assert grown == pytest.approx([360.6, 420.7])


def test_a_counter_of_whole_things_stays_whole(tmp_path: Path) -> None:
    values = [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]
    series = store(tmp_path, recorded("restarts_total", values, type_="counter"), grows=True)
    assert [value for _, value in after(series, "restarts_total", T + 960)] == [2, 2, 3, 3, 4, 4]


def test_a_reset_counts_as_a_beginning_at_zero(tmp_path: Path) -> None:
    values = [90, 91, 92, 93, 94, 95, 96, 97, 1, 2, 3]
    series = store(tmp_path, recorded("seen_total", values, type_="counter"), grows=True)
    assert after(series, "seen_total", T + 720) == [(660, 4), (720, 5)]


def test_buckets_grow_together(tmp_path: Path) -> None:
    text = "".join(
        recorded(f'took_bucket{{le="{bound}"}}', values, type_="histogram")
        for bound, values in {"1": range(0, 22, 2), "+Inf": range(0, 33, 3)}.items()
    )
    found = points(store(tmp_path, text, grows=True), named("took_bucket"))
    assert found["le=1"][-1][1] * 3 == found["le=+Inf"][-1][1] * 2


def test_each_series_keeps_its_own_interval(tmp_path: Path) -> None:
    text = recorded("slow", [7, 7, 7], type_="gauge", every_s=270)
    series = store(tmp_path, text, grows=True)
    assert after(series, "slow", T + 1200) == [(810, 7), (1080, 7)]


def test_a_series_that_had_ended_stays_ended(tmp_path: Path) -> None:
    text = recorded("gone", [1, 1, 1], type_="gauge") + recorded("here", range(11), type_="gauge")
    series = store(tmp_path, text, grows=True)
    assert after(series, "gone") == []
    assert len(after(series, "here")) == 20


def test_a_single_sample_has_no_interval_to_go_on_at(tmp_path: Path) -> None:
    series = store(tmp_path, f"once 1 {T + 610}\n# EOF\n", grows=True)
    assert after(series, "once") == [(610, 1)]


def test_a_window_across_the_end_is_without_a_seam(tmp_path: Path) -> None:
    series = store(tmp_path, recorded("seen_total", range(0, 660, 60), type_="counter"), grows=True)
    [one] = series.select([named("seen_total")], T + 500, T + 750)
    assert [at / 1000 - T for at in one.times_ms.tolist()] == [540, 600, 660, 720]
    assert one.values.tolist() == [540, 600, 660, 720]


def test_a_window_wholly_after_the_end_is_filled(tmp_path: Path) -> None:
    series = store(tmp_path, recorded("memory", range(11), type_="gauge"), grows=True)
    [one] = series.select([named("memory")], T + 86_400, T + 86_500)
    assert [at / 1000 - T for at in one.times_ms.tolist()] == [86_400, 86_460]


def labels(name: str) -> tuple[tuple[str, str], ...]:
    return (("__name__", name),)


def test_a_counter_turns_to_another_pace_between_two_scrapes(tmp_path: Path) -> None:
    values = [60.5 * at for at in range(11)]
    series = store(tmp_path, recorded("seen_total", values, type_="counter"), grows=True)
    series.pace(labels("seen_total"), 0.0, T + 690)
    grown = [value for _, value in after(series, "seen_total", T + 840)]
    assert grown == pytest.approx([665.5, *[605 + 60.5 * 1.5] * 3])


def test_a_held_gauge_keeps_its_beat_and_what_was_told_before(tmp_path: Path) -> None:
    series = store(tmp_path, recorded("memory", range(11), type_="gauge"), grows=True)
    series.hold(labels("memory"), 3, T + 730, interval_ms=60_000)
    series.hold(labels("memory"), 4, T + 731, interval_ms=60_000)
    assert after(series, "memory", T + 850) == [(660, 10), (720, 10), (780, 4), (840, 4)]


def test_an_ended_series_has_no_samples_until_it_begins_again(tmp_path: Path) -> None:
    series = store(tmp_path, recorded("memory", range(11), type_="gauge"), grows=True)
    series.end([named("memory")], T + 700)
    series.hold(labels("memory"), 5, T + 1000, interval_ms=60_000)
    assert after(series, "memory", T + 1100) == [(660, 10), (1020, 5), (1080, 5)]


@pytest.mark.parametrize(("asked_s", "count"), [(715, 1), (725, 0), (1019, 0), (1021, 1)])
def test_an_ended_series_is_gone_at_the_scrape_that_misses_it(
    tmp_path: Path, asked_s: int, count: int
) -> None:
    series = store(tmp_path, recorded("memory", range(11), type_="gauge"), grows=True)
    series.end([named("memory")], T + 700)
    series.hold(labels("memory"), 5, T + 1000, interval_ms=60_000)
    at_ms = (T + asked_s) * 1000
    found = query("memory", series, at_ms=at_ms, now_ms=at_ms)
    assert isinstance(found, Vector)
    assert len(found.labels) == count
