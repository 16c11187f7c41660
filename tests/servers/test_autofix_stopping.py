"""What stops all writing, and what bounds an hour of it."""

from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from core.clock import utc_now
from core.errors import Conflict, Forbidden, Invalid, OpsError
from tests.proxy import status
from tests.servers.repairing import BOB, BRISK, CHECKOUT, repairing

SCALE = {"change": "scale", "namespace": "shop", "name": "catalog"}
REAL_PATCH = r"PATCH [^?]*\?fieldManager"


async def test_the_kill_switch_holds_without_the_database(tmp_path: Path) -> None:
    async with repairing(tmp_path) as here:
        plan_id = await here.approved()
        (tmp_path / "stop").write_text("fire drill")
        with pytest.raises(Forbidden, match="fire drill"):
            await here.applied(plan_id)
        found = await here.call("autofix_status")
        assert (found["writing"], found["stopped_by"]) == (False, "kill_switch")
        assert utc_now() - datetime.fromisoformat(found["since"]) < timedelta(hours=1)
        with pytest.raises(Invalid, match="reason"):
            await here.call("autofix_resume", BOB, reason=" ")
        await here.call("autofix_resume", BOB, reason="the drill is over")
        assert (await here.applied(plan_id))["status"] == "verified"


async def test_stopping_in_the_middle_lets_nothing_more_be_written(tmp_path: Path) -> None:
    async with repairing(tmp_path) as here:
        begun = await here.call("autofix_apply", plan_id=await here.approved(), wait_s=0)
        await here.call("autofix_stop", reason="something is odd")
        ended = await here.call("autofix_get_change", change_id=begun["change_id"], wait_s=60)
        assert ended["status"] in ("refused", "verified")
        assert here.writes() <= 1
        assert not (await here.call("autofix_status"))["writing"]


async def test_repeated_failures_stop_all_writing_until_a_person_resumes(tmp_path: Path) -> None:
    async with repairing(tmp_path) as here:
        here.proxy.fail(REAL_PATCH, status(403, "no"), times=2)
        for name in ("catalog", "cart"):
            wanted = {**SCALE, "name": name}
            now = here.get(CHECKOUT.replace("checkout", name))["spec"]["replicas"]
            change = await here.applied(await here.approved(**wanted, replicas=now + 1))
            assert change["status"] == "failed"
        found = await here.call("autofix_status")
        assert (found["writing"], found["stopped_by"]) == (False, "breaker")
        assert found["reason_in"]["zh"] == "连续 2 次变更未能生效，已停止一切写操作。"
        with pytest.raises(Forbidden, match="All writing is stopped") as refused:
            await here.applied(await here.approved())
        assert "连续 2 次变更未能生效" in refused.value.told("zh")


async def test_an_api_server_that_leaves_a_change_without_answers_stops_all_writing(
    tmp_path: Path,
) -> None:
    brisk = BRISK.replace("deadline_s = 120", "deadline_s = 15")
    async with repairing(tmp_path, policy=f"{brisk}api_errors_of_at_least = 4\n") as here:
        plan_id = await here.approved()
        other = await here.approved(**SCALE, replicas=4)
        here.proxy.fail("GET .*/deployments/checkout", status(503, "busy"), times=999, after=1)
        change = await here.applied(plan_id)
        assert (change["status"], here.writes()) == ("unknown", 1)
        assert "Look at Deployment shop/checkout" in change["detail"]
        found = await here.call("autofix_status")
        assert (found["writing"], found["stopped_by"]) == (False, "breaker")
        assert "requests of changes unanswered" in found["reason"]
        with pytest.raises(Forbidden, match="All writing is stopped"):
            await here.applied(other)
        await here.call("autofix_resume", BOB, reason="the API server is well again")
        ended = await here.applied(other)
        assert ended["status"] == "verified", ended["detail"]


async def test_what_cannot_be_written_down_is_not_done_and_stops_all_writing(
    tmp_path: Path,
) -> None:
    async with repairing(tmp_path) as here:
        plan_id = await here.approved()
        async with here.store.database.session() as session:
            full = "BEGIN SELECT RAISE(ABORT, 'disk full'); END"
            when = "BEFORE INSERT ON audit_entries WHEN NEW.action = 'autofix.write'"
            await session.execute(text(f"CREATE TRIGGER full {when} {full}"))
        with suppress(OpsError):  # that it was asked for cannot be written down either
            await here.applied(plan_id)
        async with here.store.database.session() as session:
            await session.execute(text("DROP TRIGGER full"))
        found = await here.call("autofix_status")
        assert (found["writing"], found["stopped_by"]) == (False, "breaker")
        assert found["reason"].startswith("The audit trail cannot be written")
        assert (here.writes(), here.memory()) == (0, "256Mi")
        with pytest.raises(Forbidden, match="All writing is stopped"):
            await here.applied(await here.approved(**SCALE, replicas=4))


async def test_what_the_policy_never_wants_at_a_risk_gets_no_plan(tmp_path: Path) -> None:
    async with repairing(tmp_path, policy=f'{BRISK}\n[[never]]\nlevels = ["high"]\n') as here:
        wanted = {"namespace": "shop", "change": "restart"}
        risks = {"catalog": "medium"}
        for name in ("catalog", "storefront", "cart", "checkout"):
            plan = await here.call("autofix_plan", **wanted, name=name)
            risks[name] = plan["refused"]["code"] if plan["refused"] else plan["risk"]
        assert "high" not in risks.values()
        assert "never" in risks.values(), risks


async def test_what_the_policy_lets_go_without_a_person_goes_and_nothing_else_does(
    tmp_path: Path,
) -> None:
    grant = '\n[[unattended]]\nfixes = ["fix.scale"]\nnamespaces = ["shop"]\nlevels = ["medium"]\n'
    async with repairing(tmp_path, policy=f"{BRISK}{grant}") as here:
        plan = await here.planned(**SCALE, replicas=4)
        assert (plan["approval"]["required"], plan["approval"]["needed"]) == (False, 0)
        change = await here.applied(plan["plan_id"])
        assert (change["status"], change["approvers"]) == ("verified", []), change["detail"]
        other = await here.planned()
        with pytest.raises(Conflict, match="not approved"):
            await here.applied(other["plan_id"])
        denied = (await here.planned(**{**SCALE, "name": "cart"}, replicas=4))["plan_id"]
        await here.call("autofix_deny", BOB, plan_id=denied)
        with pytest.raises(Conflict, match="denied by bob"):
            await here.applied(denied)


async def test_an_hours_room_is_kept_to_by_whoever_applies(tmp_path: Path) -> None:
    async with repairing(tmp_path, policy=f"{BRISK}pods_per_hour = 3\n") as here:
        plan_id, wanted = await here.approved(), {**SCALE, "replicas": 4}
        later = await here.approved(**wanted)
        await here.applied(plan_id)
        with pytest.raises(Forbidden, match="within the hour"):
            await here.applied(later)
        again = await here.call("autofix_plan", **wanted)
        assert (again["refused"]["code"], here.writes()) == ("pods_per_hour", 1)
