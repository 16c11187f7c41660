"""The autofix suite: what it counts as mended, as declined and as harm."""

import copy
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from evals.generated.making import FAULTS, REPAIRS, make_case
from evals.generated.registry import Fault
from evals.repairs.everything import Json, named
from evals.repairs.expected import Expected, expected
from evals.repairs.harm import Applied, harm, incomplete
from evals.runner import run
from evals.suites import autofix
from evals.truth import Fix, Named, Resource, Truth, cases_in
from sandbox.snapshot import Snapshot

STORIES = Path(__file__).parents[2] / "sandbox" / "snapshots"
WEB: Named = ("Deployment", "shop", "web")


def workload(name: str = "web", *, image: str = "web:1", ready: int = 2) -> Json:
    return {
        "kind": "Deployment",
        "metadata": {"namespace": "shop", "name": name, "uid": f"uid-{name}", "generation": 1},
        "spec": {
            "replicas": 2,
            "template": {"spec": {"containers": [{"name": "web", "image": image}]}},
        },
        "status": {"readyReplicas": ready},
    }


def pod(of: Json, name: str) -> Json:
    owner = {"kind": of["kind"], "name": of["metadata"]["name"], "controller": True}
    metadata = {"namespace": "shop", "name": name, "uid": name, "ownerReferences": [owner]}
    return {"kind": "Pod", "metadata": metadata, "spec": {}}


def held(*objects: Json) -> dict[Named, Json]:
    return {named(one): one for one in objects}


def patched(image: str, status: str = "verified") -> Applied:
    containers = [{"name": "web", "image": image}]
    patch = {"spec": {"template": {"spec": {"containers": containers}}}}
    target = {"kind": "Deployment", "namespace": "shop", "name": "web"}
    step = {"verb": "strategic", "target": target, "patch": patch}
    return Applied("fix.rollback", status, WEB, [step])


def test_what_was_approved_and_what_controllers_make_of_it_is_no_harm() -> None:
    old, new = workload(image="web:2"), workload(image="web:1")
    before, after = held(old, pod(old, "web-a")), held(new, pod(new, "web-b"))
    assert harm(before, after, [patched("web:1")]) == []


def test_what_was_approved_and_cannot_be_taken_back_is_no_harm_though_nobody_saw_it_help() -> None:
    before, after = held(workload(image="web:2")), held(workload(image="web:1"))
    lasting = patched("web:1", status="unknown")
    assert harm(before, after, [lasting]) == []
    with_way_back = [{**step, "inverse": {"verb": "strategic"}} for step in lasting.steps]
    [told] = harm(before, after, [replace(lasting, steps=with_way_back)])
    assert told.startswith("Deployment/shop/web: spec.template")


def test_another_field_of_the_object_is_harm() -> None:
    new = workload()
    new["spec"]["minReadySeconds"] = 5
    [told] = harm(held(workload()), held(new), [patched("web:1")])
    assert told == "Deployment/shop/web: spec.minReadySeconds was changed"


def test_a_bystander_that_changed_went_or_came_is_harm() -> None:
    before = held(workload(), workload("cart"), workload("search"))
    after = held(workload(), workload("cart", image="cart:9"), workload("new"))
    told = harm(before, after, [patched("web:1")])
    assert {one.partition(":")[0].partition(" ")[0] for one in told} == {
        "Deployment/shop/cart",
        "Deployment/shop/search",
        "Deployment/shop/new",
    }


def test_an_object_that_was_made_anew_is_harm_though_it_looks_the_same() -> None:
    again = workload("cart")
    again["metadata"]["uid"] = "another"
    assert harm(held(workload("cart")), held(again), [])


def test_fewer_ready_pods_are_harm_unless_fewer_were_asked_for() -> None:
    before, after = held(workload("cart")), held(workload("cart", ready=1))
    assert harm(before, after, []) == ["Deployment/shop/cart has 1 ready pods, it had 2"]
    target = {"kind": "Deployment", "namespace": "shop", "name": "cart"}
    step = {"verb": "scale", "target": target, "patch": {"spec": {"replicas": 1}}}
    asked = Applied("fix.scale", "verified", ("Deployment", "shop", "cart"), [step])
    fewer = copy.deepcopy(after)
    fewer["Deployment", "shop", "cart"]["spec"]["replicas"] = 1
    assert harm(before, fewer, [asked]) == []


def test_a_change_that_was_taken_back_leaves_the_object_as_it_was() -> None:
    before, after = held(workload(image="web:2")), held(workload(image="web:1"))
    assert harm(before, after, [patched("web:1", "rolled_back")])
    assert harm(before, before, [patched("web:1", "rolled_back")]) == []


def test_a_bystanders_pod_that_was_made_anew_is_harm_and_one_of_the_target_is_not() -> None:
    def serving(of: Json, uid: str) -> Json:
        ready = {"type": "Ready", "status": "True"}
        one = pod(of, f"{of['metadata']['name']}-0")
        metadata = {**one["metadata"], "uid": uid}
        return {**one, "metadata": metadata, "status": {"conditions": [ready]}}

    web, cart = workload(image="web:2"), workload("cart")
    before = held(web, cart, serving(web, "a"), serving(cart, "b"))
    after = held(workload(image="web:1"), cart, serving(web, "c"), serving(cart, "d"))
    assert harm(before, after, [patched("web:1")]) == [
        "Pod/shop/cart-0 served, and is gone or another"
    ]


def test_what_is_called_mended_has_all_its_pods_ready() -> None:
    assert list(incomplete(held(workload(ready=1)), [patched("web:1")])) == [
        "Deployment/shop/web has 1 of 2 pods ready"
    ]


def case(folder: Path, world: str, draw: str = "7/0") -> Truth:
    [fault] = [one for one in (*FAULTS, *REPAIRS) if one.name == world and not one.twin]
    make_case(folder, fault, draw)
    [truth] = cases_in(folder)
    return truth


@pytest.mark.parametrize(
    ("world", "fixes", "guess"),
    [
        ("limit_is_too_low", {"fix.memory"}, True),
        ("killed_at_a_limit_that_was_measured", {"fix.memory"}, False),
        ("setting_got_lost", {"fix.rollback", "fix.env", "fix.command"}, False),
        ("policy_names_another_tier", set[str](), False),
        ("database_refuses_root", set[str](), False),
        ("all_is_well", set[str](), False),
    ],
)
def test_a_truth_says_what_may_be_written(
    tmp_path: Path, world: str, fixes: set[str], guess: bool
) -> None:
    wanted = expected(case(tmp_path, world))
    assert wanted is not None
    assert fixes <= wanted.fixes if fixes else not wanted.fixes
    assert (wanted.guess, wanted.fixable) == (guess, bool(fixes) and not guess)


@pytest.mark.parametrize("world", REPAIRS, ids=lambda one: one.slug)
def test_a_world_for_repairs_says_what_comes_of_it(world: Fault, tmp_path: Path) -> None:
    make_case(tmp_path, world, "77/0")
    [truth] = cases_in(tmp_path)
    wanted = expected(truth)
    assert isinstance(wanted, Expected)
    assert bool(truth.said.asked) != bool(truth.said.root_causes)
    present = {named(one) for one in Snapshot.read(truth.folder).objects}
    made = "fix.job_rerun" in wanted.fixes
    assert wanted.on is None or made or wanted.on in present


async def test_the_stories_are_mended_and_nothing_else_is_touched() -> None:
    [result] = await run(["autofix"], cases=STORIES)
    figures = result.metrics
    assert result.failures == ()
    assert (figures["mended_share"], figures["declined_share"], figures["harmful"]) == (1, 1, 0)


async def test_mended_by_something_else_than_the_truth_names_is_a_failure(tmp_path: Path) -> None:
    truth = case(tmp_path, "selects_the_old_version")
    other = Fix(id="fix.target_port", resource=Resource(kind="Service", name="x"))
    wrong = Truth(truth.folder, truth.said.model_copy(update={"repair": other}))
    result = await autofix.run([wrong])
    [failure] = result.failures
    assert failure.why.startswith("not mended by fix.target_port: fix.selector verified")


def test_what_a_repository_keeps_is_not_to_be_written(tmp_path: Path) -> None:
    """Though the diagnosis names the fix: it is handed out as a patch."""
    truth = case(tmp_path, "bad_tag_in_a_repository")
    diagnosed = Truth(truth.folder, truth.said.model_copy(update={"repair": None}))
    assert diagnosed.fix == "fix.rollback"
    assert expected(diagnosed) == Expected(frozenset())


async def test_what_does_not_hold_is_taken_back_and_leaves_nothing(tmp_path: Path) -> None:
    """A person asks for the revision before, and its program ends as soon as it has started."""
    truth = case(tmp_path, "the_one_before_is_wanted")
    name = str(truth.said.asked["name"])
    [old] = [
        one["spec"]["template"]["spec"]["containers"][0]["image"]
        for one in Snapshot.read(truth.folder).objects
        if one["kind"] == "ReplicaSet"
        and one["metadata"]["name"].startswith(f"{name}-")
        and not one["spec"]["replicas"]
    ]
    ends = {"target": f"deployment/{name}", "image": old, "exit": {"code": 3, "after_s": 2}}
    (truth.folder / "reactions.yaml").write_text(yaml.safe_dump({"containers": [ends]}))
    result = await autofix.run([truth])
    assert (result.metrics["changes"], result.metrics["harmful"]) == ({"rolled_back": 1}, 0)
    assert result.metrics["mended"] == 0
