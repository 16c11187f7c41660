"""What a DELETE does: at once, later, or with dependents; and what holds an object."""

from typing import Any

import pytest

from tests.kube.deadline import eventually
from tests.kube.manifests import HELD, KINDS, config, deployment, held, pod
from tests.kube.server import Kube, refused

Json = dict[str, Any]

CLAIMS = "persistentvolumeclaims"


def owned(one: Json, *owners: Json, blocks: bool = False) -> Json:
    references = [
        {
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            "blockOwnerDeletion": blocks,
        }
        for owner in owners
    ]
    return one | {"metadata": one["metadata"] | {"ownerReferences": references}}


def metadata(kube: Kube, name: str, resource: str = "configmaps") -> Json:
    return kube.get(resource, name).json()["metadata"]


@pytest.mark.parametrize("field", ["uid", "resourceVersion"])
def test_a_delete_may_insist_on_what_it_deletes(kube: Kube, field: str) -> None:
    stale = kube.made("configmaps", config("a", x="1"))["metadata"]
    kube.patch("configmaps", "a", {"data": {"x": "2"}}).raise_for_status()
    wanted = {"uid": "somebody-else", "resourceVersion": stale["resourceVersion"]}[field]
    answer = kube.delete("configmaps", "a", {"preconditions": {field: wanted}})
    words = f"({wanted}) does not match"
    status = refused(answer, 409, "Conflict", "in the precondition", words)
    assert status["details"] == {"name": "a", "kind": "ConfigMap"}
    options = {"preconditions": {field: metadata(kube, "a")[field]}}
    assert kube.delete("configmaps", "a", options).status_code == 200


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"propagationPolicy": "Odd"},
            'supported values: "Foreground", "Background", "Orphan", "nil"',
        ),
        (
            {"propagationPolicy": "Orphan", "orphanDependents": True},
            "orphanDependents and deletionPropagation cannot be both set",
        ),
        ({"dryRun": ["Some"]}, 'dryRun: Unsupported value: ["Some"]: supported values: "All"'),
    ],
)
def test_odd_options_are_refused_before_the_object_is_looked_for(
    kube: Kube, options: Json, words: str
) -> None:
    answer = kube.delete("configmaps", "not-there", options)
    refused(answer, 422, "Invalid", 'DeleteOptions.meta.k8s.io "" is invalid: ', words)


def test_options_in_a_body_that_cannot_be_read_are_the_servers_own_fault(kube: Kube) -> None:
    kube.made("configmaps", config("a"))
    headers = {"content-type": "application/json"}
    path = kube.path("configmaps", "a")
    answer = kube.http.request("DELETE", path, content=b"{", headers=headers)
    assert answer.status_code == 500
    assert answer.json()["message"].startswith("couldn't get version/kind; json parse error")


def test_the_query_is_not_read_beside_a_body(kube: Kube) -> None:
    kube.made("configmaps", config("a"))
    kube.delete("configmaps", "a", {"kind": "DeleteOptions"}, dryRun="All").raise_for_status()
    assert kube.is_gone("configmaps", "a")


SHOWN = {"pods", "services", "serviceaccounts", "resourcequotas"}


@pytest.mark.parametrize("resource", [one for one in KINDS if one != CLAIMS])
def test_some_kinds_are_shown_once_more_and_the_rest_are_told_of(kube: Kube, resource: str) -> None:
    told, _ = KINDS[resource]
    uid = kube.made(resource, told)["metadata"]["uid"]
    answer = kube.delete(resource, "x", {"propagationPolicy": "Background"}).json()
    if resource in SHOWN:
        assert (answer["kind"], answer["metadata"]["uid"]) == (told["kind"], uid)
        return
    plural, _, group = resource.partition(".")
    group = {"autoscaling": "autoscaling", "": ""}.get(group, group)
    details = {"name": "x", "group": group, "kind": plural, "uid": uid}
    assert (answer["kind"], answer["status"]) == ("Status", "Success")
    assert answer["details"] == {name: value for name, value in details.items() if value}


def test_a_finalizer_holds_an_object_until_it_is_taken_off(kube: Kube) -> None:
    kube.made("configmaps", held(config("a")))
    shown = kube.delete("configmaps", "a").json()
    assert shown["metadata"]["deletionTimestamp"]
    assert shown["metadata"]["deletionGracePeriodSeconds"] == 0
    again = kube.delete("configmaps", "a").json()
    assert again["metadata"]["resourceVersion"] == shown["metadata"]["resourceVersion"]
    kube.patch("configmaps", "a", {"data": {"x": "1"}}).raise_for_status()
    kube.let_go("configmaps", "a")
    assert kube.is_gone("configmaps", "a")


def test_a_deletion_is_a_new_generation_and_cannot_be_taken_back(kube: Kube) -> None:
    kube.made("deployments.apps", held(deployment("a")))
    kube.delete("deployments.apps", "a").raise_for_status()
    told = {"metadata": {"deletionTimestamp": None}}
    kube.patch("deployments.apps", "a", told).raise_for_status()
    after = metadata(kube, "a", "deployments.apps")
    assert after["deletionTimestamp"]
    assert after["generation"] == 2
    kube.let_go("deployments.apps", "a")


def test_what_is_being_deleted_takes_no_new_finalizer(kube: Kube) -> None:
    kube.made("configmaps", held(config("a")))
    kube.delete("configmaps", "a").raise_for_status()
    answer = kube.patch("configmaps", "a", {"metadata": {"finalizers": [HELD, "example.com/b"]}})
    words = "no new finalizers can be added if the object is being deleted"
    status = refused(answer, 422, "Invalid", words)
    assert status["details"]["causes"][0]["field"] == "metadata.finalizers"
    kube.let_go("configmaps", "a")


@pytest.mark.parametrize(
    ("finalizers", "field", "words"),
    [
        (
            ["no-slash"],
            "metadata.finalizers[0]",
            "name is neither a standard finalizer name nor is it fully qualified",
        ),
        (
            ["orphan", "foregroundDeletion"],
            "metadata.finalizers",
            "finalizer orphan and foregroundDeletion cannot be both set",
        ),
    ],
)
def test_a_finalizer_of_another_form_is_refused(
    kube: Kube, finalizers: list[str], field: str, words: str
) -> None:
    told = config("a")
    told["metadata"]["finalizers"] = finalizers
    status = refused(kube.create("configmaps", told), 422, "Invalid", words)
    assert status["details"]["causes"][0]["field"] == field


@pytest.mark.parametrize("grace", [None, 1, 7])
def test_a_pod_on_a_node_is_given_its_time(kube: Kube, grace: int | None) -> None:
    kube.made("pods", pod("a", nodeName="node-a"))
    options = None if grace is None else {"gracePeriodSeconds": grace}
    shown = kube.delete("pods", "a", options).json()["metadata"]
    assert shown["deletionGracePeriodSeconds"] == (grace or 30)
    assert shown["generation"] == 2
    assert metadata(kube, "a", "pods")["deletionTimestamp"] == shown["deletionTimestamp"]


def test_a_pod_that_goes_may_be_hurried_but_not_held_up(kube: Kube) -> None:
    kube.made("pods", pod("a", nodeName="node-a"))
    for asked, left in ((7, 7), (20, 7), (3, 3)):
        shown = kube.delete("pods", "a", gracePeriodSeconds=asked).json()["metadata"]
        assert (shown["deletionGracePeriodSeconds"], shown["generation"]) == (left, 2)
    kube.delete("pods", "a", gracePeriodSeconds=0).raise_for_status()
    assert kube.is_gone("pods", "a")


def _ended(kube: Kube) -> None:
    kube.made("pods", pod("a", nodeName="node-a"))
    headers = {"content-type": "application/merge-patch+json"}
    told = {"status": {"phase": "Succeeded"}}
    path = kube.path("pods", "a", "status")
    kube.http.patch(path, json=told, headers=headers).raise_for_status()


@pytest.mark.parametrize("why", ["no node", "ended", "no grace"])
def test_a_pod_that_has_nothing_to_stop_goes_at_once(kube: Kube, why: str) -> None:
    if why == "ended":
        _ended(kube)
    else:
        spec = {"nodeName": "a", "terminationGracePeriodSeconds": 0} if why == "no grace" else {}
        kube.made("pods", pod("a", **spec))
    shown = kube.delete("pods", "a").json()["metadata"]
    assert shown["deletionGracePeriodSeconds"] == 0
    assert kube.is_gone("pods", "a")


def _delete_owner(kube: Kube, policy: str) -> Json:
    """A ConfigMap that owns another is deleted; the answer to that."""
    owner = kube.made("configmaps", config("owner"))
    kube.made("configmaps", owned(config("own"), owner))
    return kube.delete("configmaps", "owner", {"propagationPolicy": policy}).json()


def test_dependents_go_after_their_owner(kube: Kube) -> None:
    assert _delete_owner(kube, "Background")["kind"] == "Status"
    assert kube.is_gone("configmaps", "owner")
    eventually(lambda: kube.is_gone("configmaps", "own"))


def test_an_owner_may_wait_for_its_dependents(kube: Kube) -> None:
    shown = _delete_owner(kube, "Foreground")
    assert shown["metadata"]["finalizers"] == ["foregroundDeletion"]
    eventually(lambda: kube.is_gone("configmaps", "owner"))
    eventually(lambda: kube.is_gone("configmaps", "own"))


def test_dependents_may_be_left_behind(kube: Kube) -> None:
    shown = _delete_owner(kube, "Orphan")
    assert shown["metadata"]["finalizers"] == ["orphan"]
    eventually(lambda: kube.is_gone("configmaps", "owner"))
    assert "ownerReferences" not in metadata(kube, "own")


def test_an_owner_waits_only_for_dependents_that_block_it(kube: Kube) -> None:
    owner = kube.made("configmaps", config("owner"))
    kube.made("configmaps", held(owned(config("blocks"), owner, blocks=True)))
    kube.made("configmaps", held(owned(config("does-not"), owner)))
    kube.delete("configmaps", "owner", propagationPolicy="Foreground").raise_for_status()
    for name in ("blocks", "does-not"):
        eventually(lambda name=name: "deletionTimestamp" in metadata(kube, name))
    assert not kube.is_gone("configmaps", "owner")
    kube.let_go("configmaps", "blocks")
    eventually(lambda: kube.is_gone("configmaps", "owner"))
    assert not kube.is_gone("configmaps", "does-not")
    kube.let_go("configmaps", "does-not")


def test_an_owner_that_waits_may_be_told_not_to(kube: Kube) -> None:
    owner = kube.made("configmaps", config("owner"))
    kube.made("configmaps", held(owned(config("blocks"), owner, blocks=True)))
    kube.delete("configmaps", "owner", propagationPolicy="Foreground").raise_for_status()
    assert not kube.is_gone("configmaps", "owner")
    kube.delete("configmaps", "owner", propagationPolicy="Background").raise_for_status()
    assert kube.is_gone("configmaps", "owner")
    kube.let_go("configmaps", "blocks")


def test_one_of_two_owners_is_enough_to_stay(kube: Kube) -> None:
    first, second = (kube.made("configmaps", config(name)) for name in ("first", "second"))
    kube.made("configmaps", owned(config("own"), first, second))
    kube.delete("configmaps", "first").raise_for_status()
    eventually(lambda: len(metadata(kube, "own")["ownerReferences"]) == 1)
    assert metadata(kube, "own")["ownerReferences"][0]["name"] == "second"
    kube.delete("configmaps", "second").raise_for_status()
    eventually(lambda: kube.is_gone("configmaps", "own"))


def test_what_belongs_to_nobody_that_is_there_goes(kube: Kube) -> None:
    owner = kube.made("configmaps", config("owner"))
    kube.delete("configmaps", "owner").raise_for_status()
    kube.made("configmaps", owned(config("late"), owner))
    eventually(lambda: kube.is_gone("configmaps", "late"))


def test_a_job_leaves_what_it_made_unless_told_otherwise(kube: Kube) -> None:
    told, _ = KINDS["jobs.batch"]
    kube.made("jobs.batch", told)
    assert kube.delete("jobs.batch", "x").json()["metadata"]["finalizers"] == ["orphan"]
    eventually(lambda: kube.is_gone("jobs.batch", "x"))


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"uid": ""}, "metadata.ownerReferences.uid", "must not be empty"),
        ({"name": ""}, "metadata.ownerReferences.name", "must not be empty"),
        ({"kind": ""}, "metadata.ownerReferences.kind", "must not be empty"),
    ],
)
def test_an_owner_is_named_in_full(kube: Kube, change: Json, field: str, words: str) -> None:
    told = owned(config("a"), kube.made("configmaps", config("owner")))
    told["metadata"]["ownerReferences"][0] |= change
    status = refused(kube.create("configmaps", told), 422, "Invalid", words)
    assert status["details"]["causes"][0]["field"] == field


def test_only_one_owner_is_the_controller(kube: Kube) -> None:
    owners = [kube.made("configmaps", config(name)) for name in ("a", "b")]
    told = owned(config("c"), *owners)
    for reference in told["metadata"]["ownerReferences"]:
        reference["controller"] = True
    words = "Only one reference can have Controller set to true"
    refused(kube.create("configmaps", told), 422, "Invalid", words)


@pytest.fixture
def three(kube: Kube) -> Kube:
    for name, tier in (("a", "front"), ("b", "back"), ("c", "front")):
        kube.made("configmaps", config(name, {"tier": tier}))
    return kube


@pytest.mark.parametrize(
    ("query", "gone"),
    [
        ({"labelSelector": "tier=front"}, {"a", "c"}),
        ({"fieldSelector": "metadata.name=b"}, {"b"}),
        ({"labelSelector": "tier=nowhere"}, set[str]()),
        ({"labelSelector": "tier", "dryRun": "All"}, set[str]()),
    ],
)
def test_of_a_collection_what_is_selected_is_deleted(
    three: Kube, query: Json, gone: set[str]
) -> None:
    answer = three.delete("configmaps", **query)
    assert answer.status_code == 200
    assert answer.json()["kind"] == "ConfigMapList"
    assert {"a", "b", "c"} - set(three.names("configmaps")) == gone


def test_a_collection_is_deleted_with_options_too(three: Kube) -> None:
    options = {"preconditions": {"uid": "nobody"}}
    refused(three.delete("configmaps", told=options, labelSelector="tier"), 409, "Conflict")
    assert {"a", "b", "c"} <= set(three.names("configmaps"))
