"""A look in which part of the cluster could not be read says nothing about a change."""

from pathlib import Path

from tests.proxy import status
from tests.servers.repairing import BRISK, repairing

EVENTS = r"GET /api/v1/(namespaces/shop/)?events"
AWAY = status(500, "etcdserver: request timed out")


async def test_a_change_is_not_judged_by_looks_that_missed_something(tmp_path: Path) -> None:
    async with repairing(tmp_path) as here:
        plan_id = await here.approved()
        here.proxy.fail(EVENTS, AWAY, times=9)
        change = await here.applied(plan_id)
        assert (change["status"], here.memory(), here.writes()) == ("verified", "384Mi", 1)


async def test_a_change_that_is_only_ever_half_seen_is_taken_back(tmp_path: Path) -> None:
    brisk = BRISK.replace("deadline_s = 120", "deadline_s = 25")
    async with repairing(tmp_path, policy=brisk) as here:
        plan_id = await here.approved()
        here.proxy.fail(EVENTS, AWAY, times=9999)
        change = await here.applied(plan_id)
        assert (change["status"], here.memory()) == ("rolled_back", "256Mi")
        assert "Part of the cluster could not be read (events)" in change["detail"]


async def test_what_could_not_be_read_before_either_is_not_waited_for(tmp_path: Path) -> None:
    async with repairing(tmp_path) as here:
        here.proxy.fail(EVENTS, AWAY, times=9999)
        change = await here.applied(await here.approved())
        assert (change["status"], here.memory()) == ("verified", "384Mi")
