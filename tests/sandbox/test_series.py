"""OpenMetrics text as the practice cluster reads it."""

import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from sandbox.series import Matcher, Operator, SeriesStore

T = 1_700_000_000

THREE = f"""\
# TYPE requests counter
# HELP requests Requests that were \\"answered\\".
requests_total{{service="cart",code="200"}} 1 {T}
requests_total{{service="cart",code="200"}} 2 {T + 60}
requests_total{{service="cart",code="500"}} 0 {T}
up 1 {T}
# EOF
"""


def store(folder: Path, text: str, *, grows: bool = False, shift_s: float = 0.0) -> SeriesStore:
    path = folder / "metrics.om"
    path.write_text(text, encoding="utf-8")
    return SeriesStore.read([path], shift_s, grows=grows)


def points(series: SeriesStore, *matchers: Matcher) -> dict[str, list[tuple[float, float]]]:
    """Seconds after T and values, by the labels as text."""
    return {
        ",".join(f"{name}={value}" for name, value in one.labels if name != "__name__"): [
            (at / 1000 - T, value) for at, value in zip(one.times_ms, one.values, strict=True)
        ]
        for one in series.select(matchers or [named("requests_total")], 0, T + 7200)
    }


def named(name: str) -> Matcher:
    return Matcher("__name__", "=", name)


def test_samples_are_grouped_by_their_labels(tmp_path: Path) -> None:
    assert points(store(tmp_path, THREE)) == {
        "code=200,service=cart": [(0.0, 1.0), (60.0, 2.0)],
        "code=500,service=cart": [(0.0, 0.0)],
    }


def test_what_is_said_of_a_metric_is_kept(tmp_path: Path) -> None:
    family = store(tmp_path, THREE).families["requests"]
    assert (family.type, family.unit) == ("counter", "")
    assert family.help.startswith("Requests that were")


def test_all_times_are_moved(tmp_path: Path) -> None:
    moved = store(tmp_path, THREE, shift_s=-30.5)
    assert points(moved)["code=500,service=cart"] == [(-30.5, 0.0)]


def test_only_samples_of_the_time_asked_for_are_given(tmp_path: Path) -> None:
    series = store(tmp_path, THREE)
    assert [len(one.values) for one in series.select([named("requests_total")], T + 1, T + 60)] == [
        1
    ]
    assert series.select([], T + 61, T + 90) == []


@pytest.mark.parametrize(
    ("label", "operator", "value", "found"),
    [
        ("code", "=", "200", 1),
        ("code", "!=", "200", 2),
        ("code", "=~", "2..", 1),
        ("code", "=~", "2", 0),
        ("code", "!~", "2..|5..", 1),
        ("code", "=", "", 1),
        ("nothing", "=", "", 3),
        ("__name__", "=~", "up|requests_total", 3),
    ],
)
def test_matchers_take_whole_values(
    tmp_path: Path, label: str, operator: Operator, value: str, found: int
) -> None:
    series = store(tmp_path, THREE)
    assert len(series.select([Matcher(label, operator, value)], 0, 2 * T)) == found


def test_a_pattern_that_is_none_is_invalid() -> None:
    with pytest.raises(Invalid, match="error parsing regexp"):
        Matcher("code", "=~", "(")


def test_series_of_several_files_are_joined_in_time_order(tmp_path: Path) -> None:
    late, early = tmp_path / "a.om", tmp_path / "b.om"
    late.write_text(f"up 3 {T + 60}\nup 4 {T + 90}\n# EOF\n")
    early.write_text(f"up 1 {T}\nup 2 {T + 60}\n# EOF\n")
    [one] = SeriesStore.read([late, early], grows=False).select([], 0, 2 * T)
    assert one.times_ms.tolist() == [T * 1000, (T + 60) * 1000, (T + 90) * 1000]
    assert one.values.tolist() == [1.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("line", "labels"),
    [
        (f"up 1 {T}", {}),
        (f"up{{}} 1 {T}", {}),
        (f'up{{a="b",}} 1 {T}', {"a": "b"}),
        (f'up{{a="x y # z"}} 1 {T}', {"a": "x y # z"}),
        (f'up{{a="say \\"hi\\", c:\\\\d\\n"}} 1 {T}', {"a": 'say "hi", c:\\d\n'}),
        (f'up{{a="é 值"}} 1 {T}', {"a": "é 值"}),
        (f'up{{a="",b="c"}} 1 {T}', {"b": "c"}),
        (f'up{{a="b"}} 1 {T} # {{trace="x y"}} 0.5 {T}', {"a": "b"}),
        (f'up{{a="b"}} 1 {T} # {{trace="x"}} 0.5', {"a": "b"}),
        (f'up{{ a = "b" , c="d" }} 1 {T}', {"a": "b", "c": "d"}),
    ],
)
def test_every_way_to_write_a_series(tmp_path: Path, line: str, labels: dict[str, str]) -> None:
    [one] = store(tmp_path, f"{line}\n{line}\n# EOF\n").select([], 0, 2 * T)
    assert dict(one.labels) == {"__name__": "up", **labels}
    assert one.values.tolist() == [1.0]


@pytest.mark.parametrize(
    ("text", "value"), [("NaN", math.nan), ("+Inf", math.inf), ("-Inf", -math.inf), ("1e-3", 1e-3)]
)
def test_odd_numbers(tmp_path: Path, text: str, value: float) -> None:
    [one] = store(tmp_path, f"up {text} {T}\n# EOF\n").select([], 0, 2 * T)
    assert one.values[0] == value or math.isnan(value)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("up", "a sample needs a value and a time in seconds"),
        ("up 1", "a sample needs a value and a time in seconds"),
        (f"up x {T}", "the value 'x' is not a number"),
        ("up 1 soon", "the time 'soon' is not a number"),
        ("up 1 NaN", "'NaN' is not a time in seconds"),
        (f"up 1 {T * 1000}000", f"'{T * 1000}000' is not a time in seconds"),
        (f'up{{a="b" 1 {T}', "was not expected after value and time"),
        (f'up{{a="b",a="c"}} 1 {T}', "a label is given twice"),
        (f"1up 1 {T}", "no series at the beginning of"),
        (f"up 1 {T} more", "'more' was not expected after value and time"),
        ("# TYPE", "# TYPE names no metric"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, line: str, why: str) -> None:
    with pytest.raises(Invalid) as failure:
        store(tmp_path, f"up 1 {T}\n{line}\n# EOF\n")
    assert failure.value.message.startswith(f"{tmp_path / 'metrics.om'}:2: ")
    assert why in failure.value.message


def test_nothing_may_follow_the_end(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"metrics\.om:2: nothing may follow # EOF"):
        store(tmp_path, f"up 1 {T}\n# EOF\nup 2 {T + 60}\n")


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "metrics.om"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Invalid, match=r"metrics\.om is not UTF-8 text"):
        SeriesStore.read([path])


Sample = tuple[str, float, int]
SAMPLES = st.lists(
    st.tuples(
        st.text(st.characters(exclude_categories=["Cs", "Cc"])),
        st.floats(allow_nan=False),
        st.integers(0, 10_000),
    ),
    unique_by=lambda sample: (sample[0], sample[2]),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(SAMPLES)
def test_whatever_is_written_is_read(tmp_path: Path, samples: Sequence[Sample]) -> None:
    lines = [
        f'm{{a="{label.replace(chr(92), chr(92) * 2).replace(chr(34), chr(92) + chr(34))}"}}'
        f" {value!r} {T + at}\n"
        for label, value, at in samples
    ]
    found = store(tmp_path, "".join(lines) + "# EOF\n").select([], 0, 2 * T)
    read = {
        (dict(one.labels).get("a", ""), value, at // 1000 - T)
        for one in found
        for at, value in zip(one.times_ms.tolist(), one.values.tolist(), strict=True)
    }
    assert read == set(samples)
