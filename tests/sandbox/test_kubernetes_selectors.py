"""Label selectors in both of their forms say the same."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.kubernetes_api.selectors import field_value, label_selector, matches_label_selector

KEYS, VALUES = (
    st.sampled_from(["app", "tier", "x.io/zone"]),
    st.sampled_from(["", "a", "b-1", "c.d"]),
)
LABELS = st.dictionaries(KEYS, VALUES)
SPACE = st.sampled_from(["", " "])


def having(labels: dict[str, str]) -> dict[str, Any]:
    return {"metadata": {"name": "one", "labels": labels}}


@given(LABELS, KEYS, st.lists(VALUES, min_size=1), st.booleans(), SPACE)
def test_set_operators_agree_with_match_expressions(
    labels: dict[str, str], key: str, values: list[str], wanted: bool, space: str
) -> None:
    text = f"{key} {'in' if wanted else 'notin'} ({f',{space}'.join(values)})"
    expression = {"key": key, "operator": "In" if wanted else "NotIn", "values": values}
    chosen = label_selector(text)(having(labels))
    assert chosen == ((labels.get(key) in values) == wanted)
    assert chosen == matches_label_selector({"matchExpressions": [expression]}, having(labels))


@given(LABELS, KEYS, VALUES, st.sampled_from(["=", "==", "!="]), SPACE)
def test_equality_operators(
    labels: dict[str, str], key: str, value: str, sign: str, space: str
) -> None:
    chosen = label_selector(f"{key}{space}{sign}{space}{value}")(having(labels))
    assert chosen == ((labels.get(key) == value) == (sign != "!="))


@given(LABELS, KEYS)
def test_presence_and_absence_are_opposites(labels: dict[str, str], key: str) -> None:
    present, absent = label_selector(key), label_selector(f"!{key}")
    assert present(having(labels)) == (key in labels) != absent(having(labels))


@given(LABELS, st.lists(st.tuples(KEYS, VALUES)))
def test_requirements_hold_together(labels: dict[str, str], wanted: list[tuple[str, str]]) -> None:
    text = ",".join(f"{key}={value}" for key, value in wanted)
    expected = all(labels.get(key) == value for key, value in wanted)
    assert label_selector(text)(having(labels)) == expected


@pytest.mark.parametrize(("value", "expected"), [("5", True), ("2", False), ("many", False)])
def test_numbers_are_compared(value: str, expected: bool) -> None:
    assert label_selector("weight > 3")(having({"weight": value})) == expected


def test_a_field_that_is_absent_has_its_default() -> None:
    node = {"metadata": {"name": "n"}}
    assert field_value(node, "spec.unschedulable") == "false"
    assert field_value({**node, "spec": {"unschedulable": True}}, "spec.unschedulable") == "true"
    assert field_value(node, "spec.nodeName") == ""
