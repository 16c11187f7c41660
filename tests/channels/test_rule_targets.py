"""What each Prometheus is to hold and what it holds, as it is told and listed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.errors import Invalid
from tests.channels.conftest import Room
from tests.channels.test_rule_files import text

HELD = {"target": "eu", "match": "team=web", "state": "in_step", "files": 1}


async def stored(room: Room, version: int = 1, **more: Any) -> None:
    asked = {"name": "web", "text": text(), "reason": "test", "based_on": version - 1}
    await room.tools.call("alerting_set_rule_file", **asked, **more)


async def bundle(room: Room, match: str) -> dict[str, Any]:
    return (await room.tools.call("alerting_rule_bundle", match=match)).data


async def listed(room: Room) -> dict[str, Any]:
    [one] = (await room.tools.call("alerting_list_rule_targets")).data["rows"]
    return one


async def test_a_file_keeps_its_labels_until_it_is_given_others(room: Room) -> None:
    await stored(room, labels={"team": "web", "env": "prod"})
    await stored(room, 2)
    assert len((await bundle(room, "team=web, env=prod"))["files"]) == 1
    assert (await bundle(room, "team=web,env=test"))["files"] == []
    await stored(room, 3, labels={})
    assert (await bundle(room, "team=web"))["files"] == []
    assert len((await bundle(room, ""))["files"]) == 1


async def test_a_digest_is_of_what_is_said_and_not_of_who_said_it_when(room: Room) -> None:
    await stored(room, labels={"team": "web"})
    first = await bundle(room, "team=web")
    await stored(room, 2)
    second = await bundle(room, "team=web")
    assert (first["digest"], first["files"][0]["version"]) == (second["digest"], 1)
    assert second["files"][0]["version"] == 2
    await room.tools.call("alerting_remove_rule_file", name="web", reason="gone")
    assert (await bundle(room, "team=web"))["digest"] != first["digest"]


async def test_who_is_not_heard_of_for_three_rounds_is_silent(room: Room) -> None:
    wanted = (await bundle(room, "team=web"))["digest"]
    await room.tools.call("alerting_report_rule_target", **HELD, digest=wanted, every_s=600)
    assert (await listed(room))["state"] == "in_step"
    for minutes, state in ((20, "in_step"), (31, "silent")):
        async with room.store.session() as tables:
            row = await tables.rule_files.target("eu")
            assert row is not None
            ago = row.changed_at - timedelta(minutes=minutes)
            await tables.rule_files.save_target(replace(row, reported_at=ago))
        assert (await listed(room))["state"] == state


async def test_a_drift_is_remembered_with_its_time_after_it_was_put_right(room: Room) -> None:
    await room.tools.call("alerting_report_rule_target", **HELD, drift=["web.yaml"])
    before = await listed(room)
    await room.tools.call("alerting_report_rule_target", **HELD)
    after = await listed(room)
    assert after["drift"] == ["web.yaml"]
    assert after["drift_at"] == before["drift_at"] is not None


@pytest.mark.parametrize("labels", [{"a b": "x"}, {"": "x"}, {"team": "x" * 300}])
async def test_labels_that_are_none_are_refused(room: Room, labels: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        await stored(room, labels=labels)
