"""The four patches, by the rules that define them."""

from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.kubernetes_api.patching import merged, strategically_merged

WEB = "/apis/apps/v1/namespaces/shop/deployments/web"
WIDGET = "/apis/example.com/v1/namespaces/shop/widgets/one"
JSON_PATCH = {"content-type": "application/json-patch+json"}
STRATEGIC = {"content-type": "application/strategic-merge-patch+json"}
APPLY = {"content-type": "application/apply-patch+yaml"}

SCALARS = st.integers() | st.booleans() | st.text(max_size=3)
KEYS = st.text("abc", min_size=1, max_size=2)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=4)


def difference(before: Any, after: Any) -> Any:
    """The merge patch that leads from one to the other, by RFC 7396."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return after
    changed = {k: difference(before.get(k), v) for k, v in after.items() if before.get(k) != v}
    return {**dict.fromkeys(before.keys() - after.keys()), **changed}


@given(OBJECTS, OBJECTS)
def test_a_merge_patch_leads_from_any_object_to_any_other(before: Any, after: Any) -> None:
    assert merged(before, difference(before, after)) == after


@given(OBJECTS, OBJECTS)
def test_merging_twice_is_merging_once(before: Any, patch: Any) -> None:
    once = merged(before, patch)
    assert merged(once, patch) == once


@given(OBJECTS, OBJECTS)
def test_without_lists_to_merge_a_strategic_patch_is_a_merge_patch(before: Any, patch: Any) -> None:
    assert strategically_merged(before, patch, kind="Pod") == merged(before, patch)


NAMES = st.lists(st.sampled_from("abcdef"), unique=True)


@given(NAMES, NAMES)
def test_containers_are_merged_by_name(before: list[str], patched: list[str]) -> None:
    original = {"containers": [{"name": name, "image": "old", "keep": 1} for name in before]}
    patch = {"containers": [{"name": name, "image": "new"} for name in patched]}
    result = strategically_merged(original, patch, kind="Pod")["containers"]
    assert [one["name"] for one in result] == [*before, *(n for n in patched if n not in before)]
    for one in result:
        assert one["image"] == ("new" if one["name"] in patched else "old")
        assert ("keep" in one) == (one["name"] in before)


@given(NAMES, NAMES)
def test_an_order_that_is_told_is_kept(before: list[str], order: list[str]) -> None:
    original = {"containers": [{"name": name} for name in before]}
    patch = {"$setElementOrder/containers": [{"name": name} for name in order]}
    result = [
        one["name"] for one in strategically_merged(original, patch, kind="Pod")["containers"]
    ]
    assert sorted(result) == sorted(before)
    assert [n for n in result if n in order] == [n for n in order if n in before]


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({"env": [{"name": "A", "$patch": "delete"}]}, {"env": [{"name": "B"}]}),
        ({"env": [{"$patch": "replace"}, {"name": "C"}]}, {"env": [{"name": "C"}]}),
        ({"env": None}, {}),
        ({"args": ["z"]}, {"args": ["z"]}),
        ({"probe": {"$patch": "replace", "tcp": 1}}, {"probe": {"tcp": 1}}),
        ({"probe": {"$retainKeys": ["tcp"], "tcp": 1}}, {"probe": {"tcp": 1}}),
        ({"probe": {"$patch": "delete"}}, {"probe": None}),
        ({"$deleteFromPrimitiveList/args": ["x"]}, {"args": ["y"]}),
        ({"$patch": "replace", "only": 1}, "only"),
    ],
)
def test_directives_are_obeyed(patch: Any, expected: Any) -> None:
    before = {"env": [{"name": "A"}, {"name": "B"}], "args": ["x", "y"], "probe": {"http": 2}}
    result = strategically_merged(before, patch, kind="Pod")
    if expected == "only":
        assert result == {"only": 1}
        return
    for key, value in {**before, **dict.fromkeys(patch, None), **expected}.items():
        if not key.startswith("$"):
            assert result.get(key) == value


@pytest.mark.parametrize("kind", ["json", "merge", "strategic"])
def test_each_patch_reaches_the_object(http: httpx2.Client, kind: str) -> None:
    if kind == "json":
        told: Any = [
            {"op": "test", "path": "/spec/replicas", "value": 2},
            {"op": "replace", "path": "/spec/replicas", "value": 4},
        ]
        answer = http.patch(WEB, json=told, headers=JSON_PATCH)
    else:
        media_type = (
            STRATEGIC["content-type"] if kind == "strategic" else "application/merge-patch+json"
        )
        answer = http.patch(
            WEB, json={"spec": {"replicas": 4}}, headers={"content-type": media_type}
        )
    assert answer.json()["spec"]["replicas"] == 4
    assert http.get(WEB).json()["spec"] == answer.json()["spec"]


def test_a_strategic_patch_leaves_other_containers_fields(http: httpx2.Client) -> None:
    resources = {"limits": {"memory": "512Mi"}}
    patch = {
        "spec": {"template": {"spec": {"containers": [{"name": "app", "resources": resources}]}}}
    }
    after = http.patch(WEB, json=patch, headers=STRATEGIC).json()
    [container] = after["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "shop/web:1"
    assert container["ports"] == [{"containerPort": 8080}]
    assert container["resources"] == {
        "limits": {"memory": "512Mi"},
        "requests": {"memory": "128Mi"},
    }


@pytest.mark.parametrize(
    ("path", "headers", "body", "code"),
    [
        (WIDGET, STRATEGIC, {"spec": {"size": 2}}, 415),
        (WEB, {"content-type": "text/plain"}, {}, 415),
        (WEB, JSON_PATCH, [{"op": "test", "path": "/spec/replicas", "value": 9}], 422),
        (WEB, JSON_PATCH, [{"op": "remove", "path": "/no/where"}], 422),
        (WEB, JSON_PATCH, [{"op": "dance"}], 422),
        (WEB, JSON_PATCH, {}, 400),
        (WEB, STRATEGIC, [], 400),
        (WEB, STRATEGIC, {"metadata": {"name": "other"}}, 400),
        (WEB, APPLY, {}, 422),
    ],
)
def test_a_patch_that_does_not_fit_is_refused(
    http: httpx2.Client, path: str, headers: dict[str, str], body: Any, code: int
) -> None:
    before = http.get(path).json()
    assert http.patch(path, json=body, headers=headers).status_code == code
    assert http.get(path).json() == before
