"""A service goes on with what another process left, and leaves the audit trail quiet otherwise."""

import asyncio
from pathlib import Path

from api.app.recovering import recovering
from tests.servers.repairing import repairing
from tests.servers.test_autofix_interrupted import killed


async def test_a_service_goes_on_with_a_change_whose_process_was_killed(tmp_path: Path) -> None:
    async with repairing(tmp_path) as here:
        async with recovering(here.sessions, here.store.database, every_s=0.2):
            await asyncio.sleep(1)
            quiet = [one.action for one in await here.audit.latest(limit=200)]
            plan_id = await here.approved()
            await killed(here, plan_id, "after:2")
            for _ in range(300):
                if not await here.store.unfinished():
                    break
                await asyncio.sleep(0.1)
        change = await here.store.change_of(plan_id)
        assert "autofix_recover" not in quiet
        assert change is not None
        assert (change.status, here.memory(), here.writes()) == ("verified", "384Mi", 1)
