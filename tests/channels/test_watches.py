"""Midwatch's own alerts come from its usage log, fire and end by themselves, and go the way of alerts."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from core.clock import utc_now
from core.errors import NotFound, OpsError
from tests.channels.conftest import Room


def call(*, failed: bool, model: str = "m1", at: datetime | None = None) -> dict[str, Any]:
    return {
        "at": (at or utc_now()).isoformat(), "model": model, "user": "ann", "app": "rca",
        "failed": failed, "duration_ms": 900, "cost_usd": None, "tokens": 12,
    }  # fmt: skip


async def looked(room: Room, *calls: dict[str, Any]) -> dict[str, Any]:
    return (await room.tools.call("alerting_judge_watches", calls=list(calls))).data


FAILING = {"measure": "failure_rate", "threshold": 0.5, "by": "model"}


async def test_a_model_that_fails_is_told_once_and_its_end_too(room: Room) -> None:
    heard, chinese = await room.add("webhook"), await room.add("wecom", language="zh")
    await room.tools.call("alerting_set_watch", name="models-fail", terms=FAILING)
    bad, good = call(failed=True), call(failed=False, model="m2")
    for _ in range(3):
        assert (await looked(room, bad, good))["firing"] == 1
    await room.deliver()
    [told] = heard.taken
    [alert] = told["data"]["alerts"]
    assert (alert["name"], alert["labels"]["model"]) == ("models-fail", "m1")
    assert "(model m1): failure rate 1, watched for > 0.5" in alert["summary"]
    [message] = chinese.taken
    assert "模型调用（模型 m1）：失败率为 1，监视条件为" in message["markdown"]["content"]
    await looked(room, call(failed=False), good)
    await room.deliver()
    assert [one["data"]["alerts"][0]["status"] for one in heard.taken] == ["firing", "resolved"]
    assert (await room.tools.call("alerting_list_analyses")).data["rows"] == []


async def test_what_each_watch_sees_is_listed(room: Room) -> None:
    await room.tools.call("alerting_set_watch", name="models-fail", terms=FAILING)
    quiet = {"measure": "calls", "compare": "<", "threshold": 1}
    await room.tools.call("alerting_set_watch", name="quiet", terms=quiet)
    await looked(room, call(failed=True), call(failed=False, model="m2"))
    rows = (await room.tools.call("alerting_list_watches")).data["rows"]
    seen = {(row["name"], one["about"]): one["state"] for row in rows for one in row["seen"]}
    assert seen == {
        ("models-fail", "m1"): "firing",
        ("models-fail", "m2"): "ok",
        ("quiet", ""): "ok",
    }


async def test_a_watch_that_is_removed_ends_what_fires_of_it(room: Room) -> None:
    heard = await room.add("webhook")
    await room.tools.call("alerting_set_watch", name="models-fail", terms=FAILING)
    await looked(room, call(failed=True))
    await room.tools.call("alerting_remove_watch", name="models-fail")
    await room.deliver()
    statuses = [one["data"]["status"] for one in heard.taken]
    assert statuses[-1] == "resolved"
    with pytest.raises(NotFound, match="no watch models-fail"):
        await room.tools.call("alerting_remove_watch", name="models-fail")


async def test_calls_that_are_too_old_do_not_count(room: Room) -> None:
    await room.tools.call("alerting_set_watch", name="models-fail", terms=FAILING)
    old = call(failed=True, at=utc_now() - timedelta(minutes=6))
    assert (await looked(room, old))["firing"] == 0


@pytest.mark.parametrize(
    "terms",
    [
        {"measure": "mood", "threshold": 1},
        {"measure": "calls", "threshold": 1, "compare": "~"},
        {"measure": "calls", "threshold": 1, "window": "soon"},
        {"measure": "calls", "threshold": 1, "colour": "red"},
    ],
)
async def test_terms_that_do_not_hold_are_refused_in_words(room: Room, terms: Any) -> None:
    with pytest.raises(OpsError, match="terms"):
        await room.tools.call("alerting_set_watch", name="odd", terms=terms)


async def test_a_window_of_more_calls_than_are_looked_at_is_refused(room: Room) -> None:
    terms = {"measure": "calls", "threshold": 1, "window": "P9D"}
    with pytest.raises(OpsError, match="24 hours at most"):
        await room.tools.call("alerting_set_watch", name="long", terms=terms)
