"""The audit trail by REST and by command: read, verified, tampering located, one change on paper."""

import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.http import Client
from tests.api.conftest import Midwatch, offline, served
from tests.api.test_command_line import midwatch
from tests.servers.repairing import repairing

ROUTE = "/api/v1/audit"


@pytest.fixture
async def watch(tmp_path: Path) -> AsyncIterator[Midwatch]:
    async with served(offline(tmp_path)) as made:
        yield made


def tampered(folder: Path, entry: int) -> None:
    with sqlite3.connect(next(folder.glob("**/midwatch.db"))) as database:
        database.execute("UPDATE audit_entries SET subject = 'nobody' WHERE sequence = ?", (entry,))


async def some_entries(http: Client) -> None:
    for plan in ("fix-a", "fix-b", "fix-c"):
        await http.get(f"/api/v1/autofix/plans/{plan}")


async def test_the_trail_is_read_and_verified_and_tampering_is_located(
    watch: Midwatch, tmp_path: Path
) -> None:
    async with watch.client() as http:
        await some_entries(http)
        well = (await http.get(f"{ROUTE}/verification")).json()
        listed = (await http.get(ROUTE, params={"about": "fix-b"})).json()["items"]
        tampered(tmp_path, 2)
        chinese = {"Accept-Language": "zh"}
        broken = (await http.get(f"{ROUTE}/verification", headers=chinese)).json()
        noted = await http.get(f"{ROUTE}/verification", params={"head": "not a head"})
    assert (well["holds"], well["broken_at"]) == (True, None)
    assert well["said"].startswith(f"The chain holds: {well['entries']} entries")
    assert [(one["action"], one["outcome"]) for one in listed] == [
        ("autofix_get_plan", "not_found")
    ]
    assert (broken["holds"], broken["broken_at"]) == (False, 2)
    assert broken["said"] == "哈希链在第 2 条记录处断开：内容被改动过。"
    assert noted.status_code == 422


async def test_who_may_not_read_the_trail_gets_none(watch: Midwatch) -> None:
    await watch.opened.sign_in.add_user("joe", role="user")
    _, token = await watch.opened.sign_in.make_api_token("joe", label="x")
    async with watch.client(token) as http:
        answers = [
            await http.get(f"{ROUTE}{path}")
            for path in ("", "/verification", "/changes/chg-x/report")
        ]
    assert [one.status_code for one in answers] == [403, 403, 403]


async def test_a_running_midwatch_is_asked_by_command(watch: Midwatch) -> None:
    async with watch.client() as http:
        await some_entries(http)
    there = ("--server", watch.address, "--token", watch.token)

    def audit(*command: str) -> tuple[int, str, str]:
        done = midwatch("audit", *command, *there)
        return done.returncode, done.stdout, done.stderr

    import asyncio

    code, told, _ = await asyncio.to_thread(audit, "list", "--about", "fix-c")
    assert (code, "autofix_get_plan" in told, "fix-" in told) == (0, True, False)
    code, told, _ = await asyncio.to_thread(audit, "list", "--about", "fix-d", "--lang", "zh")
    assert (code, told.strip()) == (0, "审计记录中没有这样的条目。")
    code, told, _ = await asyncio.to_thread(audit, "verify", "-o", "json")
    assert (code, json.loads(told)["holds"]) == (0, True)
    code, _, said = await asyncio.to_thread(audit, "report", "chg-none", "--lang", "zh")
    assert (code, said.strip()) == (
        2,
        "没有变更 'chg-none'。可以查询变更记录，或运行 `midwatch fix list`。",
    )


async def test_a_change_is_written_down_with_its_lines_of_the_trail(tmp_path: Path) -> None:
    async with repairing(tmp_path, url=f"sqlite:///{tmp_path / 'data' / 'midwatch.db'}") as here:
        change = await here.applied(await here.approved())
        await here.audit.flush()

    def audit(*command: str) -> tuple[int, str, str]:
        done = midwatch("audit", *command, "--snapshot", "shop", cwd=tmp_path)
        return done.returncode, done.stdout, done.stderr

    code, told, said = audit("report", change["change_id"], "--lang", "zh")
    assert (code, said) == (0, "")
    for part in ("发起人：ann", "批准人：bob", "结果：**已验证**", "+            memory: 384Mi"):
        assert part in told
    assert "## 审计日志" in told
    assert told.count("写入 `autofix.write`") == 2
    assert "第 1 步：开始" in told
    assert " 已验证" in told
    assert "forward" not in told
    code, told, _ = audit("verify", "--lang", "en")
    assert (code, told.startswith("The chain holds:")) == (0, True)
    noted = told.split()[-1].rstrip(".")
    assert audit("verify", "--head", noted)[0] == 0
    tampered(tmp_path, 3)
    code, told, _ = audit("verify", "--lang", "en")
    assert (code, told) == (1, "The chain breaks at entry 3: Its content was changed.\n")
