"""A repair from finding to verified change, and back again, over a real API."""

import re
from pathlib import Path
from typing import Any

import pytest

from core.errors import Conflict, Invalid
from evals.generated.making import FAULTS, REPAIRS, make_case
from tests.servers.repairing import ANN, BOB, CHECKOUT, repairing

SCALE = {"change": "scale", "namespace": "shop", "name": "catalog"}


async def test_memory_that_was_too_little_is_planned_approved_applied_and_verified(
    tmp_path: Path,
) -> None:
    async with repairing(tmp_path) as here:
        plan = await here.planned()
        [step] = plan["steps"]
        assert (plan["fix"], plan["risk"], step["target"]["name"]) == (
            "fix.memory",
            "medium",
            "checkout",
        )
        assert "-            memory: 256Mi\n+            memory: 384Mi" in step["diff"]
        assert {one["check"] for one in plan["preflight"]} >= {"access", "dry_run", "protected"}
        assert here.memory() == "256Mi"
        assert here.writes() == 0
        approved = await here.approved()
        change = await here.applied(approved)
        assert (change["status"], here.memory(), here.writes()) == ("verified", "384Mi", 1)
        assert change["verification"] == {"finding_cleared": True, "new_findings": []}
        assert (change["requester"], change["approvers"]) == ("ann", ["bob"])
        managers = {one["manager"] for one in here.get(CHECKOUT)["metadata"]["managedFields"]}
        assert "midwatch" in managers


CHINESE = re.compile(r"[\u4e00-\u9fff]")


def said_of(plan: dict[str, Any]) -> list[str]:
    """All that is told of a plan, apart from names and diffs."""
    [step] = plan["steps"]
    told = [plan["title"], plan["approval"]["approvers"], step["action"], *step["risk"]["facts"]]
    return [*told, plan["rehearsal"]["said"], *(one["detail"] for one in plan["preflight"])]


@pytest.mark.parametrize("made_in", ["en", "zh"])
async def test_a_plan_is_read_in_the_language_of_its_reader_and_holds(
    tmp_path: Path, made_in: str
) -> None:
    async with repairing(tmp_path) as here:
        made = await here.planned(language=made_in)
        about: dict[str, Any] = {"plan_id": made["plan_id"]}
        for language, chinese in (("en", False), ("zh", True), ("", made_in == "zh")):
            plan = await here.call("autofix_get_plan", language=language, **about)
            [listed] = (await here.call("autofix_list_plans", language=language))["rows"]
            told = [listed["title"], *said_of(plan)]
            assert {bool(CHINESE.search(one)) for one in told} == {chinese}, told
            assert len(told) > 8
            assert plan["steps"][0]["diff"] == made["steps"][0]["diff"]
        await here.call("autofix_approve", BOB, **about)
        change = await here.applied(made["plan_id"])
        assert change["status"] == "verified"
        report = await here.call(
            "autofix_report_change", change_id=change["change_id"], language="en"
        )
        assert not CHINESE.search(report["markdown"])


async def test_a_verified_change_is_taken_back_by_its_stored_inverse(tmp_path: Path) -> None:
    async with repairing(tmp_path) as here:
        before = here.get(CHECKOUT)["spec"]
        change = await here.applied(await here.approved())
        undone = await here.call("autofix_rollback", change_id=change["change_id"], wait_s=60)
        assert undone["status"] == "rolled_back"
        assert here.get(CHECKOUT)["spec"] == before
        assert [one["direction"] for one in undone["steps"]] == ["forward", "back"]


async def test_every_effect_stands_in_the_audit_trail_before_and_after(tmp_path: Path) -> None:
    async with repairing(tmp_path) as here:
        change = await here.applied(await here.approved())
        rows = list(reversed(await here.audit.latest(limit=50)))
        told = [(one.action, one.outcome) for one in rows if one.action.startswith("autofix.")]
        assert told == [
            ("autofix.decide", "approved"),
            ("autofix.apply", "taken"),
            ("autofix.write", "started"),
            ("autofix.write", "ok"),
            ("autofix.change", "verified"),
        ]
        assert all(change["plan_id"] in one.detail for one in rows if ".write" in one.action)
        assert await here.audit.verify() is None


async def test_a_change_is_written_down_as_a_report(tmp_path: Path) -> None:
    async with repairing(tmp_path) as here:
        change = await here.applied(await here.approved())
        report = await here.call("autofix_report_change", change_id=change["change_id"])
        listed = await here.call("autofix_list_changes")
    told = ("asked for by: ann", "approved by: bob", "+            memory: 384Mi", "verified")
    for said in (*told, "step 1: begun", "step 1: done"):
        assert said in report["markdown"]
    assert [one.split(" ", 1)[1] for one in change["audit"]] == [
        "forward 1 started", "forward 1 ok", "verified",
    ]  # fmt: skip
    assert change["audit_in"]["zh"][0].endswith("第 1 步：开始")
    assert [one["change_id"] for one in listed["rows"]] == [change["change_id"]]


async def test_replicas_are_scaled_on_request_through_their_own_door(tmp_path: Path) -> None:
    async with repairing(tmp_path) as here:
        wanted = {"change": "scale", "namespace": "shop", "name": "catalog"}
        path = CHECKOUT.replace("checkout", "catalog")
        now = here.get(path)["spec"]["replicas"]
        change = await here.applied(await here.approved(**wanted, replicas=now + 1))
        assert (change["status"], here.get(path)["spec"]["replicas"]) == ("verified", now + 1)
        assert here.proxy.requests("PATCH .*/scale.fieldManager") == 1


async def test_replicas_are_planned_as_so_many_more_or_fewer_than_there_are(tmp_path: Path) -> None:
    async with repairing(tmp_path) as here:
        wanted = {"change": "scale", "namespace": "shop", "name": "catalog"}
        now = here.get(CHECKOUT.replace("checkout", "catalog"))["spec"]["replicas"]
        plan = await here.planned(**wanted, resources=["replicas+=2"])
        assert f"from {now} to {now + 2} replicas" in str(plan["steps"])
        row = await here.store.plan(plan["plan_id"])
        assert row is not None
        assert row.body["wish"]["replicas"] == now + 2
        with pytest.raises(Invalid, match=r"too few for `replicas-=99`"):
            await here.call("autofix_plan", **wanted, resources=["replicas-=99"])
        with pytest.raises(Invalid, match=r"does not say how many.*replicas\+=2"):
            await here.call("autofix_plan", **wanted, resources=["memory=1Gi"])
        with pytest.raises(Invalid, match="It was not said how many replicas"):
            await here.call("autofix_plan", **wanted, replicas=3, resources=["replicas+=2"])


async def test_a_limit_that_a_person_named_is_planned_approved_applied_verified_and_taken_back(
    tmp_path: Path,
) -> None:
    async with repairing(tmp_path) as here:
        before = here.get(CHECKOUT)["spec"]
        wanted = {"change": "resources", "namespace": "shop", "name": "checkout"}
        plan = await here.approved(**wanted, resources=["limits.memory=512Mi", "requests.cpu+=50m"])
        change = await here.applied(plan)
        assert (change["status"], here.memory(), here.writes()) == ("verified", "512Mi", 1)
        undone = await here.call("autofix_rollback", change_id=change["change_id"], wait_s=60)
        assert undone["status"] == "rolled_back"
        assert here.get(CHECKOUT)["spec"] == before


async def test_what_was_asked_for_is_kept_with_the_plan_so_that_it_can_be_made_elsewhere(
    tmp_path: Path,
) -> None:
    async with repairing(tmp_path) as here:
        wanted = {"change": "resources", "namespace": "shop", "name": "catalog"}
        plan = await here.planned(**wanted, resources=["memory*=2"], container="catalog")
        row = await here.store.plan(plan["plan_id"])
        assert row is not None
        wish = {"resources": ["memory*=2"], "container": "catalog", "change": "resources"}
        assert wish.items() <= row.body["wish"].items()


async def test_amounts_that_are_none_are_refused_with_what_to_write(tmp_path: Path) -> None:
    async with repairing(tmp_path) as here:
        wanted = {"change": "resources", "namespace": "shop", "name": "catalog"}
        with pytest.raises(Invalid, match=r"`512Mi` is no request or limit.*limits\.memory=512Mi"):
            await here.call("autofix_plan", **wanted, resources=["512Mi"])
        with pytest.raises(Invalid, match="To set resources takes `resources`"):
            await here.call("autofix_plan", **wanted)


async def test_a_change_that_does_not_take_is_taken_back_by_itself(tmp_path: Path) -> None:
    brisk = "[limits]\nsettle_s = 0.3\npoll_s = 0.2\ndeadline_s = 2\n"
    async with repairing(tmp_path, "bad-image", policy=brisk) as here:
        path = "/apis/apps/v1/namespaces/payments/deployments/ledger"
        now = here.get(path)["spec"]["replicas"]
        wanted = {"change": "scale", "namespace": "payments", "name": "ledger"}
        change = await here.applied(await here.approved(**wanted, replicas=now + 1))
        assert change["status"] == "rolled_back"
        assert "rollout is not complete" in change["detail"]
        assert here.get(path)["spec"]["replicas"] == now
        again = await here.call("autofix_plan", **wanted, replicas=now + 1)
        assert again["refused"]["code"] == "after_rollback"


async def test_a_batch_is_carried_out_in_turn_up_to_the_first_that_does_not_verify(
    tmp_path: Path,
) -> None:
    brisk = "[limits]\nsettle_s = 0.3\npoll_s = 0.1\ndeadline_s = 3\n"
    async with repairing(tmp_path, "bad-image", policy=brisk) as here:
        scale = {"change": "scale"}
        plans = [
            await here.approved(**scale, namespace="shop", name="checkout", replicas=4),
            await here.approved(**scale, namespace="payments", name="ledger", replicas=5),
            await here.approved(**scale, namespace="payments", name="settlement", replicas=3),
        ]
        batch = {"plan_ids": plans, "wait_s": 60}
        view = await here.call("autofix_apply_batch", **batch)
        assert [one["status"] for one in view["items"]] == ["verified", "rolled_back", "waiting"]
        assert view["ended"]
        ledger = view["items"][1]["change_id"]
        assert (
            view["stopped"]
            == f"Change {ledger} is rolled back, so that nothing after it is carried out."
        )
        assert view["stopped_in"]["zh"].startswith(f"变更 {ledger} 的结果为：已回滚")
        written = here.writes()
        assert await here.call("autofix_apply_batch", **batch) == view
        assert here.writes() == written
        assert (view["status"], view["stopped_at"]) == ("stopped", plans[1])
        assert await here.call("autofix_get_batch", batch_id=view["batch_id"]) == view
        listed = await here.call("autofix_list_batches")
        assert [(one["batch_id"], one["plans"]) for one in listed["rows"]] == [
            (view["batch_id"], 3)
        ]
        report = await here.call("autofix_report_batch", batch_id=view["batch_id"], language="zh")
        assert "已停止" in report["markdown"]
        assert report["markdown"].index(plans[0]) < report["markdown"].index(plans[2])
        lines = await here.audit.latest(about=view["batch_id"])
        assert [one.outcome for one in lines if one.action == "autofix.batch"] == [
            "stopped",
            "taken",
        ]


async def test_a_batch_begins_nothing_unless_all_of_it_may_be_carried_out(tmp_path: Path) -> None:
    async with repairing(tmp_path) as here:
        plans = [await here.approved(), (await here.planned(**SCALE, replicas=4))["plan_id"]]
        with pytest.raises(Conflict, match="not approved"):
            await here.call("autofix_apply_batch", plan_ids=plans)
        assert here.writes() == 0
        await here.call("autofix_approve", BOB, plan_id=plans[1])
        begun = await here.call("autofix_apply_batch", plan_ids=plans, wait_s=0)
        assert not begun["ended"]
        assert begun["status"] == "running"
        view = await here.call("autofix_get_batch", batch_id=begun["batch_id"], wait_s=60)
        assert [one["status"] for one in view["items"]] == ["verified"] * 2
        assert view["status"] == "done"
        assert (view["ended"], view["stopped"], here.writes()) == (True, "", 2)


async def test_waiting_for_an_end_can_be_given_up_and_taken_up_again(tmp_path: Path) -> None:
    async with repairing(tmp_path) as here:
        plan_id = await here.approved()
        begun = await here.call("autofix_apply", plan_id=plan_id, wait_s=0)
        text = (await here.as_(ANN).call("autofix_get_change", change_id=begun["change_id"])).text
        assert begun["status"] == "running"
        assert "not yet" in text.lower()
        ended = await here.call("autofix_get_change", change_id=begun["change_id"], wait_s=60)
        assert (ended["status"], here.writes()) == ("verified", 1)


async def test_a_plan_is_told_in_both_languages(tmp_path: Path) -> None:
    async with repairing(tmp_path) as here:
        asked = {"namespace": "kube-system", "change": "restart", "name": "coredns"}
        english = await here.call("autofix_plan", **asked)
        chinese = await here.call("autofix_plan", **asked, language="zh")
    assert english["plan_id"] == chinese["plan_id"] == ""
    assert english["refused"]["message"].isascii()
    assert "kube-system" in chinese["refused"]["message"]
    assert not chinese["refused"]["message"].isascii()


def drawn(folder: Path, world: str) -> str:
    """A world that nobody wrote by hand, always of the same seed."""
    [fault] = [one for one in (*FAULTS, *REPAIRS) if one.name == world and not one.twin]
    make_case(folder / "drawn", fault, "7/0", space="shop")
    return str(next((folder / "drawn").iterdir()))


async def test_a_note_that_explains_a_fault_is_what_the_plan_is_for(tmp_path: Path) -> None:
    """A Secret that changed is no fault by itself; here it is why the database refuses."""
    async with repairing(tmp_path, drawn(tmp_path, "secret_was_rotated")) as here:
        [broken] = {
            one["resource"]["name"]
            for one in (await here.call("rca_list_findings", namespace="shop"))["findings"]
            if one["rule"] == "app.credentials_refused"
        }
        plan = await here.planned(namespace="shop", kind="Deployment", name=broken)
    assert plan["fix"] == "fix.restart"


async def test_a_stateful_set_goes_back_past_the_pod_it_would_wait_for(tmp_path: Path) -> None:
    """Its revisions are asked for when a plan is made; the change is two steps and both take."""
    async with repairing(tmp_path, drawn(tmp_path, "new_image_of_a_stateful_set_crashes")) as here:
        path = "/apis/apps/v1/namespaces/shop/statefulsets"
        [before] = here.get(path)["items"]
        name = before["metadata"]["name"]
        change = await here.applied(
            await here.approved(namespace="shop", kind="StatefulSet", name=name)
        )
        [after] = here.get(path)["items"]
    assert change["status"] == "verified"
    assert [one["target"].split(" ")[0] for one in change["steps"]] == ["StatefulSet", "Pod"]
    assert after["status"]["readyReplicas"] == after["spec"]["replicas"]


async def test_what_was_used_is_asked_for_when_a_request_is_to_be_set(tmp_path: Path) -> None:
    world = drawn(tmp_path, "autoscaler_without_a_request_but_with_figures")
    async with repairing(tmp_path, world) as here:
        [scaler] = here.get("/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers")[
            "items"
        ]
        target = scaler["spec"]["scaleTargetRef"]["name"]
        plan = await here.planned(namespace="shop", kind="Deployment", name=target)
    assert plan["fix"] == "fix.resources"
    assert "cpu" in plan["steps"][0]["diff"]


async def test_an_object_of_any_kind_may_be_named_and_is_answered_for(tmp_path: Path) -> None:
    """What an investigation blames can be asked about, also where nothing of it is ever written."""
    async with repairing(tmp_path, drawn(tmp_path, "policy_names_another_tier")) as here:
        found = await here.call("rca_investigate", namespace="shop")
        blamed = found["root_causes"][0]["resource"]
        plan = await here.call("autofix_plan", **blamed)
        writes = here.writes()
    assert blamed["kind"] == "NetworkPolicy"
    assert (plan["refused"]["code"], writes) == ("proposal", 0)
    assert plan["proposal"]["target"]["name"] == blamed["name"]
