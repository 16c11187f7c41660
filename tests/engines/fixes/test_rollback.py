import copy
from typing import Any

from mcp_servers.facts.fixes import Advice, Plan, Verb
from mcp_servers.facts.kubernetes import Cluster, Event, Json, Ref
from tests.engines.fixes.judging import (
    advice,
    asked,
    container_of,
    plan,
    repaired,
    result,
    taken_back,
)
from tests.factories import (
    cluster,
    condition,
    container,
    deployment,
    event,
    node,
    pod,
    replica_set,
    thing,
    waiting,
)

BAD, GOOD = "registry.example.com/web:9.9.9", "registry.example.com/web:1.4.2"
WEB = Ref("Deployment", "shop", "web")


def broken(
    *more: Json,
    old_ready: int = 1,
    events: tuple[Event, ...] = (),
    owner: Json | None = None,
    **old: Any,
) -> Cluster:
    """Revision 2 has an image that nobody pushed; revision 1 is as `old` says."""
    owner = owner or deployment(containers=[container(image=BAD)], ready=1)
    now = replica_set(owner, "bad1bad1b", revision=2, ready=0)
    before = replica_set(
        owner, "good1good", revision=1, replicas=old_ready, ready=old_ready, image=GOOD, **old
    )
    said = f'Failed to pull image "{BAD}": manifest unknown: not found'
    state = waiting(reason="ImagePullBackOff", message=f'Back-off pulling image "{BAD}"', image=BAD)
    failing = pod(now, status=[state])
    pulled = event(failing, "Failed", said, container_name="web")
    serving = [pod(before, f"aa{n}bb") for n in range(old_ready)]
    return cluster(owner, now, before, failing, *serving, node(), *more, events=(pulled, *events))


def test_the_template_of_the_revision_that_serves_comes_back() -> None:
    seen = broken()
    one = plan(seen, "pod.image_pull.not_found")
    assert one.fix == "fix.rollback"
    after = result(seen, one)
    assert container_of(after)["image"] == GOOD
    assert taken_back(seen, one) == seen.all("Deployment")[0].raw


def test_the_hash_of_the_old_replica_set_is_not_carried_over() -> None:
    seen = broken()
    labels = result(seen, plan(seen, "pod.image_pull.not_found"))["spec"]["template"]["metadata"][
        "labels"
    ]
    assert labels == {"app": "web"}


def test_only_what_differs_between_the_two_is_in_the_patch() -> None:
    seen = broken()
    [step] = plan(seen, "pod.image_pull.not_found").steps
    assert step.write.body == {
        "spec": {"template": {"spec": {"containers": [{"name": "web", "image": GOOD}]}}}
    }
    assert step.write.verb is Verb.STRATEGIC
    assert step.params["images"] == f"{BAD} → {GOOD}"


def test_a_revision_of_which_only_failures_are_remembered_is_not_gone_back_to() -> None:
    dead = thing("Pod", "web-good1good-zz9zz")
    said = event(dead, "BackOff", "Back-off restarting failed container", ago=40)
    assert (
        advice(broken(old_ready=0, events=(said,)), "pod.image_pull.not_found")
        == "no_healthy_revision"
    )


def test_one_that_was_followed_without_complaint_is() -> None:
    seen = broken(old_ready=0)
    assert container_of(result(seen, plan(seen, "pod.image_pull.not_found")))["image"] == GOOD


def test_one_that_serves_is_preferred_to_a_newer_one_that_does_not() -> None:
    owner = deployment(containers=[container(image=BAD)], ready=1)
    newer = replica_set(
        owner, "newer1new", revision=2, replicas=0, ready=0, image="registry.example.com/web:2.0"
    )
    seen = broken(newer, owner=owner)
    assert container_of(result(seen, plan(seen, "pod.image_pull.not_found")))["image"] == GOOD


def test_what_the_old_template_names_must_still_exist() -> None:
    owner = deployment(containers=[container(image=BAD)], ready=1)
    seen = broken(thing("ConfigMap", "other", data={}), owner=owner)
    old = next(one for one in seen.all("ReplicaSet") if one.name.endswith("good1good"))
    old.raw["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [
        {"configMapRef": {"name": "web-settings"}}
    ]
    one = repaired(seen, "pod.image_pull.not_found")
    assert isinstance(one, Advice)
    assert one.why == "references_gone"
    assert one.params["missing"] == "ConfigMap shop/web-settings"


def test_a_key_that_is_gone_is_told_too() -> None:
    owner = deployment(containers=[container(image=BAD)], ready=1)
    seen = broken(thing("ConfigMap", "web-settings", data={"NEW": "1"}), owner=owner)
    old = next(one for one in seen.all("ReplicaSet") if one.name.endswith("good1good"))
    source = {"configMapKeyRef": {"name": "web-settings", "key": "OLD"}}
    old.raw["spec"]["template"]["spec"]["containers"][0]["env"] = [
        {"name": "A", "valueFrom": source}
    ]
    one = repaired(seen, "pod.image_pull.not_found")
    assert isinstance(one, Advice)
    assert one.params["missing"] == "ConfigMap shop/web-settings: OLD"


def test_after_a_migration_of_data_an_older_program_is_not_brought_back() -> None:
    owner = deployment(
        containers=[container(image=BAD)],
        annotations={"shop.example/schema-migrated": "42"},
        ready=1,
    )
    assert advice(broken(owner=owner), "pod.image_pull.not_found") == "data_was_migrated"


def test_a_rollout_that_finds_no_place_is_no_reason_to_go_back() -> None:
    """The earlier revision asks for the same, so its pods would find none either."""
    stuck = condition("Progressing", "False", reason="ProgressDeadlineExceeded")
    owner = deployment(
        containers=[container(image="registry.example.com/web:2.0")], conditions=[stuck], ready=1
    )
    now = replica_set(owner, "new1new1n", revision=2, ready=0)
    before = replica_set(owner, "good1good", revision=1, replicas=1, image=GOOD)
    said = "0/1 nodes are available: 1 Insufficient cpu."
    unplaced = condition("PodScheduled", "False", reason="Unschedulable", message=said)
    waits = pod(now, ready=False, phase="Pending", conditions=[unplaced], status=[waiting()])
    waits["spec"].pop("nodeName")
    seen = cluster(owner, now, before, waits, pod(before), node())
    assert advice(seen, "deploy.progress_deadline") == "root_elsewhere"


def test_a_person_may_name_the_revision() -> None:
    seen = broken()
    one = asked(seen, "fix.rollback", WEB, revision=1)
    assert isinstance(one, Plan)
    assert container_of(result(seen, one))["image"] == GOOD
    unknown = asked(seen, "fix.rollback", WEB, revision=7)
    assert isinstance(unknown, Advice)
    assert unknown.params["known"] == "1"


def test_a_stateful_set_goes_back_by_its_controller_revisions() -> None:
    template = {
        "metadata": {"labels": {"app": "db"}},
        "spec": {"containers": [container("db", image=BAD)]},
    }
    owner = thing(
        "StatefulSet",
        "db",
        spec={"replicas": 1, "template": template, "selector": {"matchLabels": {"app": "db"}}},
    )
    owner["status"] = {"currentRevision": "db-old", "updateRevision": "db-new"}
    old = copy.deepcopy(template)
    old["spec"]["containers"][0]["image"] = GOOD
    kept = [
        thing("ControllerRevision", name, owner=owner, revision=n, data={"spec": {"template": {**held, "$patch": "replace"}}})
        for n, (name, held) in enumerate((("db-old", old), ("db-new", template)), start=1)
    ]  # fmt: skip
    seen = cluster(owner, *kept, node())
    one = asked(seen, "fix.rollback", Ref("StatefulSet", "shop", "db"))
    assert isinstance(one, Plan)
    assert container_of(result(seen, one), "db")["image"] == GOOD
    assert "$patch" not in result(seen, one)["spec"]["template"]


def stuck(**spec: Any) -> Cluster:
    """A StatefulSet whose newest revision does not get ready; the one before serves beside it."""
    template = {
        "metadata": {"labels": {"app": "db"}},
        "spec": {"containers": [container("db", image=BAD)]},
    }
    selector = {"matchLabels": {"app": "db"}}
    owner = thing("StatefulSet", "db", spec={"replicas": 2, "template": template, "selector": selector, **spec})  # fmt: skip
    owner["status"] = {"currentRevision": "db-old", "updateRevision": "db-new"}
    old = copy.deepcopy(template)
    old["spec"]["containers"][0]["image"] = GOOD
    kept = [
        thing("ControllerRevision", name, owner=owner, revision=n, data={"spec": {"template": held}})
        for n, (name, held) in enumerate((("db-old", old), ("db-new", template)), start=1)
    ]  # fmt: skip
    return cluster(owner, *kept, pod(owner, "0"), pod(owner, "1", ready=False), node())


def test_the_pod_that_a_stateful_set_waits_for_is_put_off_by_the_same_plan() -> None:
    """It would replace no pod before that one is ready, which it never is."""
    one = asked(stuck(), "fix.rollback", Ref("StatefulSet", "shop", "db"))
    assert isinstance(one, Plan)
    back, evict = one.steps
    assert (back.write.target.kind, back.waits) == ("StatefulSet", False)
    assert (evict.write.verb, evict.write.target.name, evict.waits) == (Verb.EVICT, "db-1", True)


def test_so_it_is_whatever_of_its_template_is_changed() -> None:
    seen = stuck()
    one = asked(seen, "fix.restart", Ref("StatefulSet", "shop", "db"))
    assert isinstance(one, Plan)
    assert [step.write.target.name for step in one.steps] == ["db", "db-1"]
    assert one.steps[1].write.verb is Verb.EVICT


def test_one_that_does_not_go_in_order_waits_for_none() -> None:
    one = asked(
        stuck(podManagementPolicy="Parallel"), "fix.rollback", Ref("StatefulSet", "shop", "db")
    )
    assert isinstance(one, Plan)
    assert len(one.steps) == 1
