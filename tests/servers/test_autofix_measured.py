"""Changes of what is only measured later, and of what moves on meanwhile."""

from pathlib import Path

from tests import proxy as faults
from tests.servers.repairing import BRISK, ROOT, repairing

# A volume that is full, and measured every five minutes.
FULL_DISK = str(ROOT / "evals" / "cases" / "rca_third" / "no-room-left-for-the-order-journal")
CLAIM = {"namespace": "orders", "kind": "PersistentVolumeClaim", "name": "data-orders-pg-0"}


async def test_a_larger_volume_is_verified_by_the_first_figures_that_follow(tmp_path: Path) -> None:
    async with repairing(tmp_path, FULL_DISK, speed=300) as here:
        change = await here.applied(await here.approved(**CLAIM))
        assert (change["status"], change["detail"]) == ("verified", "")
        assert change["verification"]["finding_cleared"]


async def test_a_larger_volume_of_which_nothing_was_measured_yet_is_applied_and_not_verified(
    tmp_path: Path,
) -> None:
    hasty = BRISK.replace("deadline_s = 120", "deadline_s = 1")
    async with repairing(tmp_path, FULL_DISK, policy=hasty, speed=1) as here:
        change = await here.applied(await here.approved(**CLAIM))
        assert (change["status"], here.writes()) == ("unknown", 1)
        assert "It is applied, not verified" in change["detail"]
        assert "Look at PersistentVolumeClaim orders/data-orders-pg-0" in change["detail"]
        assert "已写入、未通过验证" in change["detail_in"]["zh"]


async def test_a_plan_is_made_of_what_moves_on_while_it_is_read(tmp_path: Path) -> None:
    async with repairing(tmp_path) as here:
        moved = faults.status(409, "the object has been modified")
        here.proxy.fail("PATCH .*dryRun", moved, times=2)
        plan = await here.planned(change="restart", namespace="shop", name="catalog")
        assert (plan["status"], plan["refused"]) == ("proposed", None)
