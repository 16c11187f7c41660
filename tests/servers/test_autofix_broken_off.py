"""A change during which something of Midwatch's own breaks: it ends all the same, and says so."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from core.storage.database import Database
from core.storage.kept_fixes import KeptFixes
from tests.servers.repairing import repairing


class Breaking(KeptFixes):
    """A store with a bug in it, for so many of the times that it notes how far a change is."""

    def __init__(self, database: Database, *, times: int) -> None:
        super().__init__(database)
        self._left = times

    async def keep(
        self,
        change_id: str,
        runner: str,
        *,
        status: str,
        now: datetime,
        lease_until: datetime,
        body: Mapping[str, Any] | None = None,
    ) -> None:
        if self._left:
            self._left -= 1
            raise ZeroDivisionError
        await super().keep(
            change_id, runner, status=status, now=now, lease_until=lease_until, body=body
        )


async def test_what_cannot_be_verified_for_an_error_of_our_own_is_taken_back(
    tmp_path: Path,
) -> None:
    async with repairing(tmp_path, kept_in=partial(Breaking, times=1)) as here:
        change = await here.applied(await here.approved())
        assert (change["status"], here.memory(), here.writes()) == ("rolled_back", "256Mi", 2)
        assert "An error of Midwatch's own" in change["detail"]
        assert "Midwatch 自身出错" in change["detail_in"]["zh"]
        assert await here.audit.verify() is None


async def test_what_cannot_even_be_taken_back_for_it_says_what_to_look_at(tmp_path: Path) -> None:
    async with repairing(tmp_path, kept_in=partial(Breaking, times=2)) as here:
        change = await here.applied(await here.approved())
        assert (change["status"], here.memory(), here.writes()) == ("unknown", "384Mi", 1)
        assert "Look at Deployment shop/checkout" in change["detail"]
