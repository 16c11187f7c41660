"""Each rule that keeps a change safe, with somebody who tries to get past it."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import Conflict, Forbidden, Invalid, NotFound, OpsError, UpstreamUnavailable
from core.principal import Permission, Principal
from core.security.permissions import ROLES
from mcp_servers.client import Connections, Tools, in_process
from sandbox.server import serving_in_thread
from tests.proxy import Answer, status
from tests.servers.repairing import (
    ANN,
    BOB,
    BRISK,
    CHECKOUT,
    SNAPSHOTS,
    Repairing,
    over,
    repairing,
    without_hand,
)

SCALE = {"change": "scale", "namespace": "shop", "name": "catalog"}
REAL_PATCH = r"PATCH [^?]*\?fieldManager"


@pytest.fixture(scope="module")
async def still(
    anyio_backend: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Repairing]:
    """For refusals: nothing here is ever changed."""
    async with repairing(tmp_path_factory.mktemp("still")) as opened:
        yield opened
        assert opened.writes() == 0


async def test_a_model_cannot_approve_what_it_asked_for(still: Repairing) -> None:
    plan = await still.planned()
    turn = without_hand(BOB)
    for tool in ("autofix_approve", "autofix_deny"):
        with pytest.raises(Forbidden, match="person's own hand"):
            await still.call(tool, turn, plan_id=plan["plan_id"])
    with pytest.raises(Forbidden, match="person's own hand"):
        await still.call("autofix_resume", turn, reason="I am sure")
    offered = {one.name for one in await Tools(still.sessions, turn).list("autofix")}
    assert not {"autofix_approve", "autofix_deny", "autofix_resume"} & offered
    assert {"autofix_plan", "autofix_apply"} <= offered


async def test_what_changes_the_cluster_is_marked_so(still: Repairing) -> None:
    offered = await Tools(still.sessions, BOB).list("autofix")
    changing = {one.name: one for one in offered if one.changes}
    assert set(changing) == {"autofix_apply", "autofix_apply_batch", "autofix_rollback"}
    assert all(one.once for one in changing.values())


async def test_every_role_may_call_what_it_is_shown_and_nothing_else(still: Repairing) -> None:
    needs = {one.name for one in await Tools(still.sessions, BOB).list("autofix")}
    for role, permissions in ROLES.items():
        person = Principal(role, frozenset({role}), permissions, present=True)
        shown = {one.name for one in await Tools(still.sessions, person).list("autofix")}
        for hidden in needs - shown:
            with pytest.raises(Forbidden, match="You may not use"):
                await still.call(hidden, person)
    assert Permission.FIXES_PLAN in ROLES["user"]
    assert Permission.FIXES_APPROVE not in ROLES["user"]
    assert Permission.FIXES_STOP not in ROLES["manager"]


async def test_without_an_approval_nothing_is_applied(still: Repairing) -> None:
    plan = await still.planned()
    with pytest.raises(Conflict, match="not approved"):
        await still.applied(plan["plan_id"])


@pytest.mark.parametrize("extra", [{"patch": {"spec": {}}}, {"force": True}, {"yes": True}])
async def test_a_patch_of_ones_own_cannot_be_passed_along(
    still: Repairing, extra: dict[str, object]
) -> None:
    with pytest.raises(Invalid, match="takes no argument"):
        await still.call("autofix_apply", plan_id="fix-1", **extra)
    with pytest.raises(Invalid, match="takes no argument"):
        await still.call("autofix_plan", namespace="shop", **extra)


async def test_a_namespace_out_of_sight_is_refused_and_its_plans_are_not_there(
    still: Repairing,
) -> None:
    plan = await still.planned()
    baker = replace(BOB, subject="joe", namespaces=frozenset({"bakery"}))
    with pytest.raises(Forbidden, match="may not see namespace shop"):
        await still.call("autofix_plan", baker, **SCALE, replicas=4)
    for tool in ("autofix_get_plan", "autofix_approve", "autofix_apply"):
        with pytest.raises(NotFound, match="no plan"):
            await still.call(tool, baker, plan_id=plan["plan_id"])
    assert (await still.call("autofix_list_plans", baker))["total"] == 0


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"change": "scale", "namespace": "shop", "name": "catalog", "replicas": 90}, "pods"),
        ({"change": "restart", "namespace": "kube-system", "name": "coredns"}, None),
    ],
)
async def test_what_is_too_much_or_protected_gets_no_plan(
    still: Repairing, wanted: dict[str, object], code: str | None
) -> None:
    plan = await still.call("autofix_plan", **wanted)
    assert plan["plan_id"] == ""
    assert plan["refused"]["message"]
    assert code in (None, plan["refused"]["code"])


@pytest.mark.parametrize(
    ("tool", "arguments", "reason", "chinese"),
    [
        ("autofix_apply", {"plan_id": "fix-none"}, "no_plan", "没有方案 'fix-none'。"),
        ("autofix_get_change", {"change_id": "chg-none"}, "no_change", "midwatch fix list"),
        ("autofix_plan", {"change": "restart"}, "takes_name", "restart 操作需要给出 `name`。"),
        ("autofix_approve", {"plan_id": "fix-none"}, "by_hand", "只能由人亲自操作"),
    ],
)
async def test_a_refusal_is_told_in_both_languages_and_has_a_name(
    still: Repairing, tool: str, arguments: dict[str, object], reason: str, chinese: str
) -> None:
    with pytest.raises(OpsError) as caught:
        await still.call(tool, **arguments)
    assert caught.value.reason == reason
    assert chinese in caught.value.told("zh")
    assert "autofix_" not in caught.value.hint


async def test_a_wish_that_is_incomplete_says_what_is_missing(still: Repairing) -> None:
    with pytest.raises(Invalid, match="replicas"):
        await still.call("autofix_plan", **SCALE)
    with pytest.raises(Invalid, match="name"):
        await still.call("autofix_plan", change="restart")
    with pytest.raises(NotFound, match="no-such"):
        await still.call("autofix_plan", change="restart", namespace="shop", name="no-such")
    with pytest.raises(NotFound, match="no finding"):
        await still.call("autofix_plan", finding="f-0000000000")


async def test_the_first_decision_wins_and_the_second_is_told_whose_it_was(
    still: Repairing,
) -> None:
    plan_id = (await still.planned())["plan_id"]
    await still.call("autofix_deny", BOB, plan_id=plan_id, reason="not at noon")
    with pytest.raises(Conflict, match="denied by bob"):
        await still.call("autofix_approve", replace(BOB, subject="sue"), plan_id=plan_id)
    with pytest.raises(Conflict, match="denied by bob"):
        await still.applied(plan_id)
    shown = await still.call("autofix_get_plan", plan_id=plan_id)
    assert (shown["status"], shown["refused"]["hint"]) == ("denied", "not at noon")


async def test_a_high_risk_takes_the_name_typed_and_another_person(still: Repairing) -> None:
    plan = await still.planned(change="restart", namespace="shop", name="checkout")
    assert (plan["risk"], plan["approval"]["typed_name"]) == ("high", True)
    decide = {"plan_id": plan["plan_id"]}
    for typed in ("", "cart", "Checkout"):
        with pytest.raises(Invalid, match="type the name") as refused:
            await still.call("autofix_approve", BOB, **decide, typed_name=typed)
        assert "高风险" in refused.value.told("zh")
    ann = replace(ANN, present=True)
    with pytest.raises(Forbidden, match="may not approve it"):
        await still.call("autofix_approve", ann, **decide, typed_name="checkout")
    approved = await still.call("autofix_approve", BOB, **decide, typed_name="checkout")
    assert approved["approval"]["given"] == ["bob"]


async def test_who_asked_does_not_approve_where_the_policy_says_so(tmp_path: Path) -> None:
    async with repairing(tmp_path, policy=f'own_approval = "none"\n{BRISK}') as here:
        plan = await here.planned()
        with pytest.raises(Forbidden, match="asked for a change"):
            await here.call("autofix_approve", replace(ANN, present=True), plan_id=plan["plan_id"])
        assert "but ann" in plan["approval"]["approvers"]


async def test_an_approval_is_not_replayed(tmp_path: Path) -> None:
    async with repairing(tmp_path) as here:
        plan_id = await here.approved()
        await here.applied(plan_id)
        with pytest.raises(Conflict, match="carried out already: it is verified"):
            await here.applied(plan_id)
        assert here.writes() == 1


async def test_an_approval_expires(tmp_path: Path) -> None:
    async with repairing(tmp_path, policy=f"{BRISK}approval_s = 0\n") as here:
        plan = await here.planned()
        with pytest.raises(Conflict, match="expired"):
            await here.call("autofix_approve", BOB, plan_id=plan["plan_id"])
        with pytest.raises(Conflict, match="expired"):
            await here.applied(plan["plan_id"])
        assert (await here.call("autofix_get_plan", plan_id=plan["plan_id"]))["status"] == "expired"


async def test_a_plan_altered_in_the_database_opens_nothing(tmp_path: Path) -> None:
    async with repairing(tmp_path) as here:
        plan_id = await here.approved()
        row = await here.store.plan(plan_id)
        assert row is not None
        row.body["plan"]["steps"][0]["write"]["body"]["spec"]["replicas"] = 99
        forged = replace(row, id="fix-forged", status="approved")
        await here.store.add_plan(forged)
        with pytest.raises(Forbidden, match="altered"):
            await here.applied("fix-forged")
        with pytest.raises(Forbidden, match="altered"):
            await here.call("autofix_approve", BOB, plan_id="fix-forged")
        assert here.writes() == 0


async def test_an_approval_stolen_from_another_plan_is_none(tmp_path: Path) -> None:
    async with repairing(tmp_path) as here:
        [decision] = await here.store.decisions(await here.approved())
        other = (await here.planned(**SCALE, replicas=4))["plan_id"]
        await here.store.decide(replace(decision, plan_id=other), needed=1)
        with pytest.raises(Forbidden, match="of another plan"):
            await here.applied(other)
        assert here.writes() == 0


async def test_a_seal_of_another_key_does_not_hold(tmp_path: Path) -> None:
    async with repairing(tmp_path) as here:
        plan_id = await here.approved()
        async with over(here.addresses, tmp_path, key="another key, of somebody else") as there:
            with pytest.raises(Forbidden, match="another key"):
                await there.applied(plan_id)
        assert here.writes() == 0


async def test_an_object_changed_since_it_was_planned_is_left_alone(tmp_path: Path) -> None:
    async with repairing(tmp_path) as here:
        plan_id = await here.approved()
        image = {"name": "checkout", "image": "registry.example/checkout:2"}
        here.patch(CHECKOUT, {"spec": {"template": {"spec": {"containers": [image]}}}})
        change = await here.applied(plan_id)
        assert (change["status"], here.writes()) == ("refused", 0)
        assert "changed since" in change["detail"]


async def test_an_object_replaced_by_another_of_its_name_is_left_alone(tmp_path: Path) -> None:
    async with repairing(tmp_path) as here:
        plan_id = await here.approved()
        old = here.get(CHECKOUT)
        here.web.delete(CHECKOUT).raise_for_status()
        old["metadata"] = {"name": "checkout", "namespace": "shop", "labels": {}}
        here.web.post(CHECKOUT.rpartition("/")[0], json=old).raise_for_status()
        change = await here.applied(plan_id)
        assert (change["status"], here.writes()) == ("refused", 0)
        assert "replaced" in change["detail"]


async def test_replicas_set_by_others_meanwhile_do_not_matter_to_a_memory_repair(
    tmp_path: Path,
) -> None:
    async with repairing(tmp_path) as here:
        plan_id = await here.approved()
        now = here.get(CHECKOUT)["spec"]["replicas"]
        here.patch(CHECKOUT, {"spec": {"replicas": now + 1}})
        change = await here.applied(plan_id)
        assert (change["status"], here.memory()) == ("verified", "384Mi")
        assert here.get(CHECKOUT)["spec"]["replicas"] == now + 1


async def test_a_dry_run_that_passed_and_a_write_that_is_refused_changes_nothing(
    tmp_path: Path,
) -> None:
    async with repairing(tmp_path) as here:
        plan_id = await here.approved()
        here.proxy.fail(REAL_PATCH, status(403, "denied by policy"))
        change = await here.applied(plan_id)
        assert (change["status"], here.memory()) == ("failed", "256Mi")
        assert "refused" in change["detail"]
        assert change["detail_in"]["zh"].startswith(
            "API 服务器拒绝了请求：Midwatch 没有在命名空间 shop"
        )


NO = Answer(
    201,
    b'{"kind": "SelfSubjectAccessReview", "spec": {}, "status": {"allowed": false}}',
    {"Content-Type": "application/json"},
)
REVIEW = "POST .*selfsubjectaccessreviews"


async def test_what_our_account_may_not_write_is_not_even_tried_dry(tmp_path: Path) -> None:
    async with repairing(tmp_path) as here:
        here.proxy.fail(REVIEW, NO, times=99)
        plan = await here.call("autofix_plan", **SCALE, replicas=4, language="zh")
        assert (plan["plan_id"], plan["refused"]["code"]) == ("", "preflight_access")
        assert (
            plan["refused"]["message"]
            == "Midwatch 的账号没有此权限（patch Deployment/scale shop）。"
        )
        assert here.proxy.requests("^PATCH") == 0


async def test_a_right_that_was_taken_away_since_is_missed_before_the_write(tmp_path: Path) -> None:
    async with repairing(tmp_path) as here:
        plan_id = await here.approved()
        here.proxy.fail(REVIEW, NO)
        change = await here.applied(plan_id)
        assert (change["status"], here.writes()) == ("refused", 0)
        assert "account may not do this in the cluster" in change["detail"]


async def test_a_policy_that_changed_since_asks_for_a_new_plan(tmp_path: Path) -> None:
    async with repairing(tmp_path) as here:
        plan_id = await here.approved()
        async with over(here.addresses, tmp_path, policy=f"{BRISK}objects = 4\n") as there:
            with pytest.raises(Conflict, match="policy has changed"):
                await there.applied(plan_id)


async def test_what_is_of_another_cluster_is_neither_carried_out_nor_taken_back_here(
    tmp_path: Path,
) -> None:
    async with repairing(tmp_path) as here:
        plan_id = await here.approved(**SCALE, replicas=4)
        change = await here.applied(await here.approved())
        with serving_in_thread(SNAPSHOTS / "bad-image") as elsewhere:
            async with over(elsewhere, tmp_path) as there:
                with pytest.raises(Forbidden, match="another cluster"):
                    await there.call("autofix_rollback", change_id=change["change_id"])
                with pytest.raises(Forbidden, match="another cluster"):
                    await there.applied(plan_id)
                assert there.writes() == 0


async def test_where_nothing_is_kept_plans_are_shown_and_none_can_be_approved(
    still: Repairing,
) -> None:
    reach = Connections(kubeconfig=still.addresses.kubeconfig)
    async with in_process(reach) as bare:
        plan = (await Tools(bare, ANN).call("autofix_plan", **SCALE, replicas=4)).data
        assert (plan["plan_id"], plan["steps"][0]["target"]["name"]) == ("", "catalog")
        with pytest.raises(UpstreamUnavailable, match="No plans are kept"):
            await Tools(bare, BOB).call("autofix_approve", plan_id="fix-1")
