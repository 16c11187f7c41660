import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_servers.engines.canonical import canonical, digest
from mcp_servers.facts.kubernetes import Json
from tests.factories import deployment

VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=12,
)


def shuffled(value: Any) -> Any:
    """The same with every mapping written the other way round."""
    if isinstance(value, dict):
        return {key: shuffled(one) for key, one in reversed(list(value.items()))}
    return [shuffled(one) for one in value] if isinstance(value, list) else value


def limited(memory: object, cpu: object = "500m") -> Json:
    return {
        "spec": {
            "containers": [{"name": "web", "resources": {"limits": {"memory": memory, "cpu": cpu}}}]
        }
    }


@given(VALUES)
@settings(deadline=None)
def test_the_order_of_keys_says_nothing(value: Any) -> None:
    assert digest(shuffled(value)) == digest(value)


@given(VALUES, VALUES)
@settings(deadline=None)
def test_whatever_else_differs_is_seen(one: Any, other: Any) -> None:
    same = repr(shuffled(_sorted(one))) == repr(shuffled(_sorted(other)))
    assert (digest(one) == digest(other)) == same


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1Gi", "1024Mi"),
        ("1Gi", 1073741824),
        ("0.5", "500m"),
        (1, "1000m"),
        ("1e3", "1k"),
        ("1.50Gi", "1536Mi"),
    ],
)
def test_one_amount_spelt_twice_is_one_amount(one: object, other: object) -> None:
    assert digest(limited(one)) == digest(limited(other))
    assert digest({"spec": {"hard": {"pods": one}}}) == digest({"spec": {"hard": {"pods": other}}})


def test_another_amount_is_another() -> None:
    assert digest(limited("1Gi")) != digest(limited("1G"))
    assert digest(limited("1Gi", "500m")) != digest(limited("1Gi", "501m"))


@pytest.mark.parametrize(
    "place",
    [
        lambda text: {"metadata": {"labels": {"memory": text}}},
        lambda text: {"data": {"limits": text}},
        lambda text: {"spec": {"default": {"memory": text}}},
        lambda text: {"spec": {"env": [{"name": "LIMIT", "value": text}]}},
        lambda text: {"limits": text},
    ],
)
def test_what_only_looks_like_an_amount_is_text(place: Any) -> None:
    assert digest(place("1Gi")) != digest(place("1024Mi"))


def test_a_number_is_not_its_text_where_no_amount_stands() -> None:
    assert digest({"spec": {"replicas": 1}}) != digest({"spec": {"replicas": "1"}})
    assert digest({"paused": True}) != digest({"paused": 1})
    assert digest({"a": None}) != digest({})


def test_a_whole_object_reads_back_as_json_and_is_left_alone() -> None:
    made = deployment()
    kept = copy.deepcopy(made)
    assert canonical(made).startswith('{"apiVersion":"apps/v1","kind":"Deployment"')
    assert made == kept
