"""Patches are applied with the practice cluster's own code, which public clients have judged."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_servers.engines.patches import patch_between, patched
from mcp_servers.facts.kubernetes import Json
from sandbox.kubernetes_api.patching.strategic import strategically_merged
from tests.factories import container, deployment, service

NAMES = st.sampled_from(["a", "b", "c", "d"])
SCALARS = st.one_of(st.text(max_size=3), st.integers(-3, 3), st.booleans())
MAPS = st.dictionaries(NAMES, st.one_of(SCALARS, st.dictionaries(NAMES, SCALARS, max_size=2)))


def entries(key: str) -> st.SearchStrategy[list[Json]]:
    one = st.fixed_dictionaries({key: NAMES}, optional={"value": SCALARS, "valueFrom": MAPS})
    return st.lists(one, max_size=4, unique_by=lambda entry: entry[key])


def objects() -> st.SearchStrategy[Json]:
    ports = st.lists(
        st.fixed_dictionaries({"containerPort": st.sampled_from([53, 80]), "protocol": NAMES}),
        unique_by=lambda port: port["containerPort"],
    )
    one = st.fixed_dictionaries(
        {"name": NAMES}, optional={"env": entries("name"), "args": st.lists(NAMES), "ports": ports}
    )
    spec = st.fixed_dictionaries(
        {"containers": st.lists(one, max_size=3, unique_by=lambda c: c["name"])},
        optional={"nodeSelector": MAPS, "volumes": entries("name"), "tolerations": st.lists(MAPS)},
    )
    return st.builds(lambda inner: {"spec": {"template": {"spec": inner}}}, spec)


def applied(before: Json, patch: Json, kind: str) -> Json:
    return strategically_merged(copy.deepcopy(before), copy.deepcopy(patch), kind=kind)


@given(objects(), objects())
@settings(max_examples=60, deadline=None)
def test_a_patch_leads_from_one_object_to_the_other_and_its_inverse_back(
    before: Json, after: Json
) -> None:
    patch, inverse = patch_between(before, after), patch_between(after, before)
    there = applied(before, patch, "Deployment")
    assert there == after
    assert patched(before, patch, "Deployment") == after
    assert applied(there, inverse, "Deployment") == before


@given(objects())
@settings(deadline=None)
def test_between_equal_objects_there_is_nothing_to_patch(one: Json) -> None:
    assert patch_between(one, copy.deepcopy(one)) == {}


def test_one_changed_field_of_a_container_is_all_that_a_patch_says() -> None:
    before = deployment(containers=[container(), container("sidecar")])
    after = copy.deepcopy(before)
    after["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"] = "1Gi"
    assert patch_between(before, after, "Deployment") == {
        "spec": {
            "template": {
                "spec": {
                    "containers": [{"name": "web", "resources": {"limits": {"memory": "1Gi"}}}]
                }
            }
        }
    }


def test_a_variable_that_is_put_back_stands_where_it_stood() -> None:
    env = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    before = deployment(containers=[container(env=env[1:])])
    after = deployment(containers=[container(env=env)])
    patch = patch_between(before, after, "Deployment")
    [one] = patch["spec"]["template"]["spec"]["containers"]
    assert one["$setElementOrder/env"] == [{"name": "A"}, {"name": "B"}]
    assert one["env"] == [{"name": "A", "value": "1"}]


def test_ports_of_one_number_and_two_protocols_are_replaced_as_a_whole() -> None:
    ports: list[dict[str, Any]] = [
        {"port": 53, "protocol": "UDP", "targetPort": 53},
        {"port": 53, "protocol": "TCP", "targetPort": 53},
    ]
    before = service(spec={"ports": ports})
    after = service(spec={"ports": [{**one, "targetPort": 5353} for one in ports]})
    patch = patch_between(before, after, "Service")
    assert patch["spec"]["ports"][0] == {"$patch": "replace"}
    assert applied(before, patch, "Service") == after


@pytest.mark.parametrize("kind", ["NetworkPolicy"])
def test_ports_of_a_policy_are_no_list_that_merges(kind: str) -> None:
    before: Json = {"spec": {"ports": [{"port": 80}]}}
    after: Json = {"spec": {"ports": [{"port": 80}, {"port": 443}]}}
    assert patch_between(before, after, kind) == after
