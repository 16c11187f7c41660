"""A change that is interrupted: killed, cut off, contested. It never takes effect twice.

Over SQLite, and (`live`) over a real Postgres.
"""

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import Conflict
from tests import proxy as faults
from tests.servers.repairing import (
    ALIVE,
    BRISK,
    CHECKOUT,
    END_S,
    ROOT,
    Body,
    Repairing,
    over,
    repairing,
)

CATALOG = CHECKOUT.replace("checkout", "catalog")
LEDGER = "/apis/apps/v1/namespaces/payments/deployments/ledger"
REAL_PATCH = r"PATCH [^?]*\?fieldManager"


async def killed(here: Repairing, plan_id: str, point: str) -> None:
    """Carry the plan out in a process that is killed at that point."""
    assert await carried_out_apart(here, plan_id, point) == -signal.SIGKILL


async def carried_out_apart(here: Repairing, plan_id: str, point: str = "after:0") -> int:
    """How a process of its own ends that carries the plan out."""
    where = [str(here.folder), here.url, str(here.kubeconfig), here.addresses.prometheus]
    command = [sys.executable, "-m", "tests.servers.dying", *where, plan_id, point]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stderr=DEVNULL)
    return await process.wait()


async def recovered(here: Repairing, plan_id: str) -> Body:
    """Wait until the dead process's time is over, take the change over and see how it ends."""
    for _ in range(600):
        if (await here.call("autofix_recover"))["changes"]:
            break
        await asyncio.sleep(0.1)
    change = await here.store.change_of(plan_id)
    assert change is not None
    return await here.call("autofix_get_change", change_id=change.id, wait_s=END_S)


# start, intended, written, finish: each before it is recorded and after.
POINTS = ["after:1", "before:2", "after:2", "before:3", "after:3", "before:4"]


@pytest.mark.parametrize("point", POINTS)
async def test_a_change_whose_process_was_killed_ends_verified_and_is_made_once(
    tmp_path: Path, database_url: str, point: str
) -> None:
    async with repairing(tmp_path, url=database_url) as here:
        before = here.get(CHECKOUT)["metadata"]["generation"]
        plan_id = await here.approved()
        await killed(here, plan_id, point)
        change = await recovered(here, plan_id)
        assert (change["status"], here.memory()) == ("verified", "384Mi")
        assert here.get(CHECKOUT)["metadata"]["generation"] == before + 1
        assert here.writes() == 1
        assert await here.audit.verify() is None


async def test_a_process_killed_before_it_began_has_used_no_approval_up(
    tmp_path: Path, database_url: str
) -> None:
    async with repairing(tmp_path, url=database_url) as here:
        plan_id = await here.approved()
        await killed(here, plan_id, "before:1")
        assert await here.store.change_of(plan_id) is None
        assert (await here.applied(plan_id))["status"] == "verified"
        assert here.writes() == 1


async def test_a_process_killed_after_the_end_leaves_nothing_to_do(
    tmp_path: Path, database_url: str
) -> None:
    async with repairing(tmp_path, url=database_url) as here:
        plan_id = await here.approved()
        await killed(here, plan_id, "after:4")
        assert (await here.call("autofix_recover"))["changes"] == []
        with pytest.raises(Conflict, match="it is verified"):
            await here.applied(plan_id)
        assert here.writes() == 1


async def test_two_processes_make_no_more_changes_in_an_hour_than_may_be(
    tmp_path: Path, database_url: str
) -> None:
    one_an_hour = f"{ALIVE}writes_per_hour = 1\n"
    async with repairing(tmp_path, policy=one_an_hour, url=database_url) as here:
        wanted = {"change": "restart", "namespace": "shop", "name": "catalog"}
        plans = [await here.approved(), await here.approved(**wanted)]
        await asyncio.gather(*(carried_out_apart(here, one) for one in plans))
        made = await here.store.changes(limit=9)
        left = [row for one in plans if (row := await here.store.plan(one))]
        assert [one.status for one in made] == ["verified"]
        assert sorted(one.status for one in left) == ["approved", "taken"]
        assert here.writes() == 1


async def test_a_batch_whose_process_was_killed_says_so_and_goes_on_when_asked_again(
    tmp_path: Path, database_url: str
) -> None:
    async with repairing(tmp_path, url=database_url) as here:
        restart = {"change": "restart", "namespace": "shop", "name": "catalog"}
        plans = [await here.approved(), await here.approved(**restart)]
        await killed(here, " ".join(plans), "after:2")
        [batch] = (await here.call("autofix_list_batches"))["rows"]
        while batch["status"] == "running":  # until the dead process's time is over
            await asyncio.sleep(0.1)
            [batch] = (await here.call("autofix_list_batches"))["rows"]
        left = await here.call("autofix_get_batch", batch_id=batch["batch_id"])
        assert (left["status"], left["ended"]) == ("left", True)
        assert "process" in left["stopped"]
        view = await here.call("autofix_apply_batch", plan_ids=plans, wait_s=END_S)
        assert (view["batch_id"], view["status"]) == (batch["batch_id"], "done")
        assert [one["status"] for one in view["items"]] == ["verified"] * 2
        assert here.writes() == 2


# start, intended, written, then the way back: intended, written, finish.
BACK_POINTS = ["before:4", "after:4", "before:5", "after:5"]


@pytest.mark.parametrize("point", BACK_POINTS)
async def test_a_way_back_that_was_interrupted_is_gone_to_its_end_once(
    tmp_path: Path, database_url: str, point: str
) -> None:
    brisk = BRISK.replace("deadline_s = 120", "deadline_s = 2")
    async with repairing(tmp_path, "bad-image", policy=brisk, url=database_url) as here:
        now = here.get(LEDGER)["spec"]["replicas"]
        wanted = {"change": "scale", "namespace": "payments", "name": "ledger"}
        plan_id = await here.approved(**wanted, replicas=now + 1)
        await killed(here, plan_id, point)
        change = await recovered(here, plan_id)
        assert change["status"] == "rolled_back"
        assert here.get(LEDGER)["spec"]["replicas"] == now
        assert here.writes() == 2


async def test_who_asked_for_a_way_back_is_known_to_whoever_goes_on_with_it(
    tmp_path: Path, database_url: str
) -> None:
    async with repairing(tmp_path, url=database_url) as here:
        change = await here.applied(await here.approved())
        here.proxy.fail("PATCH .*dryRun", faults.Slow(first=faults.never), times=9)
        await here.call("autofix_rollback", change_id=change["change_id"], wait_s=0)
        async with over(here.addresses, tmp_path, url=database_url) as there:
            await here.desk.close()
            ended = await recovered(there, change["plan_id"])
            assert (ended["status"], ended["detail"]) == ("rolled_back", "ann asked for it.")
            restart = {"change": "restart", "namespace": "shop", "name": "checkout"}
            again = await there.call("autofix_plan", **restart)
        assert again["refused"] is None  # no rest for an object that a person took back


async def test_of_two_processes_with_one_plan_one_carries_it_out(
    tmp_path: Path, database_url: str
) -> None:
    async with (
        repairing(tmp_path, policy=ALIVE, url=database_url) as here,
        over(here.addresses, tmp_path, policy=ALIVE, url=database_url) as there,
    ):
        plan_id = await here.approved()
        found = await asyncio.gather(
            here.applied(plan_id), there.applied(plan_id), return_exceptions=True
        )
        ended = [one for one in found if isinstance(one, dict)]
        others = [one for one in found if not isinstance(one, dict)]
        assert ended
        assert all(isinstance(one, Conflict) for one in others)
        assert here.writes() + there.writes() == 1


async def test_of_three_processes_that_carry_one_plan_out_at_once_the_object_sees_one(
    tmp_path: Path, database_url: str
) -> None:
    async with repairing(tmp_path, policy=ALIVE, url=database_url) as here:
        plan_id = await here.approved()
        ends = await asyncio.gather(*(carried_out_apart(here, plan_id) for _ in range(3)))
        assert 0 in ends
        assert -signal.SIGKILL not in ends
        change = await here.store.change_of(plan_id)
        assert change is not None
        assert (change.status, here.memory(), here.writes()) == ("verified", "384Mi", 1)
        assert await here.audit.verify() is None


async def test_one_workload_is_changed_by_one_plan_at_a_time(
    tmp_path: Path, database_url: str
) -> None:
    async with repairing(tmp_path, policy=ALIVE, url=database_url) as here:
        first = await here.approved()
        second = await here.approved(change="restart", namespace="shop", name="checkout")
        begun = await here.call("autofix_apply", plan_id=first, wait_s=0)
        with pytest.raises(Conflict, match="is at work on"):
            await here.call("autofix_apply", plan_id=second)
        await here.call("autofix_get_change", change_id=begun["change_id"], wait_s=END_S)


async def test_a_write_whose_answer_was_lost_is_found_to_have_happened(
    tmp_path: Path, database_url: str
) -> None:
    async with repairing(tmp_path, url=database_url) as here:
        plan_id = await here.approved()
        here.proxy.fail(REAL_PATCH, faults.CutShort(0))
        change = await here.applied(plan_id)
        assert (change["status"], here.memory(), here.writes()) == ("verified", "384Mi", 1)
        assert any("found_done" in one for one in change["audit"])


async def test_a_write_that_took_too_long_and_happened_is_found_to_have_happened(
    tmp_path: Path, database_url: str
) -> None:
    async with repairing(tmp_path, url=database_url) as here:
        plan_id = await here.approved()
        here.proxy.fail(REAL_PATCH, faults.Slow(first=faults.never))
        change = await here.applied(plan_id)
        assert (change["status"], here.memory(), here.writes()) == ("verified", "384Mi", 1)
        assert any("no_answer" in one for one in change["audit"])


async def test_a_write_that_was_lost_on_its_way_is_reported_as_not_done(
    tmp_path: Path, database_url: str
) -> None:
    async with repairing(tmp_path, url=database_url) as here:
        plan_id = await here.approved()
        here.proxy.fail(REAL_PATCH, faults.status(503, "shutting down"))
        change = await here.applied(plan_id)
        assert (change["status"], here.memory(), here.writes()) == ("failed", "256Mi", 1)
        assert "was not written" in change["detail"]


async def test_what_nobody_can_know_is_said_with_what_to_look_at(
    tmp_path: Path, database_url: str
) -> None:
    async with repairing(tmp_path, url=database_url) as here:
        plan_id = await here.approved()
        here.proxy.fail(REAL_PATCH, faults.CutShort(0))
        here.proxy.fail(
            "GET .*/deployments/checkout", faults.status(404, "gone"), times=99, after=1
        )
        change = await here.applied(plan_id)
        assert change["status"] == "unknown"
        assert "Look at Deployment shop/checkout" in change["detail"]
        assert here.writes() == 1


async def test_a_status_that_moves_on_between_reading_and_writing_is_no_obstacle(
    tmp_path: Path, database_url: str
) -> None:
    async with repairing(tmp_path, url=database_url) as here:
        plan_id = await here.approved()
        here.proxy.fail(REAL_PATCH, faults.status(409, "the object has been modified"))
        change = await here.applied(plan_id)
        assert (change["status"], here.memory()) == ("verified", "384Mi")


async def test_a_way_back_that_no_longer_applies_is_not_forced(
    tmp_path: Path, database_url: str
) -> None:
    async with repairing(tmp_path, url=database_url) as here:
        change = await here.applied(await here.approved())
        other = {"name": "checkout", "env": [{"name": "ADDED", "value": "by somebody"}]}
        here.patch(CHECKOUT, {"spec": {"template": {"spec": {"containers": [other]}}}})
        undone = await here.call("autofix_rollback", change_id=change["change_id"], wait_s=END_S)
        assert (undone["status"], here.memory(), here.writes()) == ("unknown", "384Mi", 1)
        assert "Look at Deployment shop/checkout" in undone["detail"]


async def test_a_change_that_does_not_hold_and_that_others_went_on_from_is_not_taken_back(
    tmp_path: Path, database_url: str
) -> None:
    brisk = BRISK.replace("deadline_s = 120", "deadline_s = 3")
    async with repairing(tmp_path, "bad-image", policy=brisk, url=database_url) as here:
        now = here.get(LEDGER)["spec"]["replicas"]
        wanted = {"change": "scale", "namespace": "payments", "name": "ledger"}
        plan_id = await here.approved(**wanted, replicas=now + 1)
        begun = await here.call("autofix_apply", plan_id=plan_id, wait_s=0)
        await until(lambda: here.get(LEDGER)["spec"]["replicas"] == now + 1)
        here.patch(LEDGER, {"spec": {"replicas": now + 3}})
        change = await here.call("autofix_get_change", change_id=begun["change_id"], wait_s=END_S)
        assert change["status"] == "unknown"
        assert "could not be taken back" in change["detail"]
        assert "Look at Deployment payments/ledger" in change["detail"]
        assert "请查看 Deployment payments/ledger" in change["detail_in"]["zh"]
        assert (here.get(LEDGER)["spec"]["replicas"], here.writes()) == (now + 3, 1)


async def test_a_repair_that_was_well_and_fails_again_within_the_settling_time_is_taken_back(
    tmp_path: Path, database_url: str
) -> None:
    slow = BRISK.replace("settle_s = 0.3", "settle_s = 30")
    async with repairing(tmp_path, policy=slow, url=database_url) as here:
        before = here.get(CHECKOUT)["metadata"]["generation"]
        begun = await here.call("autofix_apply", plan_id=await here.approved(), wait_s=0)
        await looked_at_and_found_well(here)
        fault = {"fault": "oom", "target": "deployment/checkout", "namespace": "shop"}
        here.web.post("/sandbox/faults", json=fault).raise_for_status()
        change = await here.call("autofix_get_change", change_id=begun["change_id"], wait_s=END_S)
        assert (change["status"], here.memory()) == ("rolled_back", "256Mi")
        assert here.get(CHECKOUT)["metadata"]["generation"] == before + 2
        assert change["detail"].startswith("It was well and did not stay so.")
        assert change["detail_in"]["zh"].startswith("曾恢复正常，但随后复发。")
        assert not change["verification"]["finding_cleared"]


async def until(so: Callable[[], bool]) -> None:
    for _ in range(2400):
        if so():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come about")


async def looked_at_and_found_well(here: Repairing) -> None:
    """Until the rollout is complete and the diagnosers have looked a few times after that."""
    await until(lambda: here.memory() == "384Mi" and is_complete(here.get(CHECKOUT)))
    seen = here.proxy.requests("GET .*/pods")
    await until(lambda: here.proxy.requests("GET .*/pods") >= seen + 3)


def is_complete(live: Body) -> bool:
    status, wanted = live["status"], live["spec"]["replicas"]
    fields = ("updatedReplicas", "readyReplicas", "replicas")
    seen = status.get("observedGeneration") == live["metadata"]["generation"]
    return seen and all(status.get(one) == wanted for one in fields)


async def test_an_api_that_is_away_while_verifying_is_waited_for(
    tmp_path: Path, database_url: str
) -> None:
    async with repairing(tmp_path, url=database_url) as here:
        begun = await here.call("autofix_apply", plan_id=await here.approved(), wait_s=0)
        here.proxy.fail("GET .*/pods", faults.status(503, "busy"), times=8)
        change = await here.call("autofix_get_change", change_id=begun["change_id"], wait_s=END_S)
        assert (change["status"], here.writes()) == ("verified", 1)
