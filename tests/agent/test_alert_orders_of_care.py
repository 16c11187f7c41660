"""An alert is taken care of, and a channel tried, from the conversation: by a person's yes, and by what came of it."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.approvals import Decision
from agent.graph import Assistant
from agent.models import ModelChoice
from tests.agent.test_approvals import IN_PERSON
from tests.agent.turns import ANN, Told
from tests.channels.conftest import Room, alert, opened


@dataclass
class Desk:
    assistant: Assistant
    room: Room

    async def ask(self, question: str) -> Told:
        told = Told()
        asked = self.assistant.run(question, principal=ANN, thread_id="thread", can_ask=True)
        await told.collect(asked)
        return told

    async def yes(self, told: Told) -> Told:
        decisions = [Decision(one["id"], approved=True) for one in told.done.approvals]
        after = Told()
        thread = "thread"
        await after.collect(self.assistant.resume(thread, principal=IN_PERSON, decisions=decisions))
        return after

    async def switched_on(self) -> set[str]:
        rows = (await self.room.tools.call("channels_list")).data["rows"]
        return {row["name"] for row in rows if row["enabled"]}

    async def caretaker(self, name: str) -> list[str]:
        rows = (await self.room.tools.call("alerting_list", name=name)).data["rows"]
        return [row["acknowledged_by"] for row in rows]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Desk]:
    async with (
        opened(tmp_path) as room,
        Assistant.opened(
            model=ModelChoice(), sessions=room.sessions, memory=tmp_path / "memory.db"
        ) as assistant,
    ):
        yield Desk(assistant, room)


@pytest.mark.parametrize(
    "order",
    [
        "acknowledge the DiskFull alert",
        "ack DiskFull",
        "认领 DiskFull 告警",
        "DiskFull 告警我来处理",
    ],
)
async def test_an_alert_is_taken_care_of_after_a_persons_yes(desk: Desk, order: str) -> None:
    await desk.room.receive(alert("DiskFull"), alert("HostDown"))
    told = await desk.ask(order)
    assert [one["tool"] for one in told.done.approvals] == ["alerting_acknowledge"]
    assert await desk.caretaker("DiskFull") == [""]
    after = await desk.yes(told)
    assert await desk.caretaker("DiskFull") == [IN_PERSON.subject]
    assert await desk.caretaker("HostDown") == [""]
    assert "DiskFull" in after.answer
    assert IN_PERSON.subject in after.answer


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("acknowledge the alert", "Several wait for somebody"),
        ("认领告警", "有多条告警等待认领"),
        ("acknowledge the CertExpires alert", "None of these waits"),
    ],
)
async def test_where_no_single_alert_can_be_meant_none_is_taken(
    desk: Desk, question: str, said: str
) -> None:
    await desk.room.receive(alert("DiskFull"), alert("HostDown"))
    told = await desk.ask(question)
    assert told.done.approvals == ()
    assert said in told.answer


@pytest.mark.parametrize(
    "question",
    ["who acknowledged DiskFull?", "don't acknowledge DiskFull", "DiskFull 告警有没有人认领？"],
)
async def test_a_question_takes_care_of_nothing(desk: Desk, question: str) -> None:
    await desk.room.receive(alert("DiskFull"))
    told = await desk.ask(question)
    assert told.done.approvals == ()
    assert "alerting_acknowledge" not in {one.tool for one in told.calls}


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ("send a test message to channel night-shift", "took the test message"),
        ("给 night-shift 渠道发一条测试消息", "已接收测试消息"),
    ],
)
async def test_a_channel_is_tried_after_a_persons_yes_and_what_it_answered_is_told(
    desk: Desk, order: str, said: str
) -> None:
    heard = await desk.room.add("webhook", name="night-shift")
    await desk.room.add("slack", name="day-shift")
    told = await desk.ask(order)
    assert [one["tool"] for one in told.done.approvals] == ["channels_test"]
    assert heard.tries == 0
    after = await desk.yes(told)
    assert heard.tries == 1
    assert said in after.answer


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ("turn off the night-shift channel", "is off"),
        ("can you disable channel night-shift for now", "is off"),
        ("关闭 night-shift 渠道", "已关闭"),
        ("把 night-shift 渠道停用", "已关闭"),
    ],
)
async def test_a_channel_is_switched_off_after_a_persons_yes(
    desk: Desk, order: str, said: str
) -> None:
    await desk.room.add("webhook", name="night-shift")
    await desk.room.add("slack", name="day-shift")
    told = await desk.ask(order)
    assert [one["tool"] for one in told.done.approvals] == ["channels_switch"]
    assert await desk.switched_on() == {"night-shift", "day-shift"}
    after = await desk.yes(told)
    assert await desk.switched_on() == {"day-shift"}
    assert said in after.answer


@pytest.mark.parametrize("order", ["switch the slack channel back on", "重新打开 slack 渠道"])
async def test_a_channel_is_switched_on_again_by_its_kind(desk: Desk, order: str) -> None:
    await desk.room.add("webhook", name="night-shift")
    await desk.room.add("slack", name="day-shift")
    await desk.room.tools.call("channels_switch", name="day-shift", enabled=False)
    await desk.yes(await desk.ask(order))
    assert await desk.switched_on() == {"night-shift", "day-shift"}


@pytest.mark.parametrize(
    "question",
    [
        "how do i turn off a channel?",
        "is the night-shift channel off?",
        "don't turn off the night-shift channel",
        "怎么关闭 night-shift 渠道？",
    ],
)
async def test_a_question_switches_no_channel(desk: Desk, question: str) -> None:
    await desk.room.add("webhook", name="night-shift")
    told = await desk.ask(question)
    assert told.done.approvals == ()
    assert "channels_switch" not in {one.tool for one in told.calls}


async def test_of_several_channels_none_is_switched_until_a_bare_name_says_which(
    desk: Desk,
) -> None:
    await desk.room.add("webhook", name="night-shift")
    await desk.room.add("slack", name="day-shift")
    told = await desk.ask("turn off our channel")
    assert told.done.approvals == ()
    assert "name the channel" in told.answer
    await desk.yes(await desk.ask("night-shift"))
    assert await desk.switched_on() == {"day-shift"}


async def test_of_several_channels_none_is_tried_unless_one_is_named(desk: Desk) -> None:
    heard = await desk.room.add("webhook", name="night-shift")
    await desk.room.add("slack", name="day-shift")
    told = await desk.ask("send a test message to our channel")
    assert told.done.approvals == ()
    assert "name the channel" in told.answer
    assert heard.tries == 0
