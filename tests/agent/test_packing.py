"""A conversation that grows is kept with every step, and each of its messages is packed once."""

import gc
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from agent.memory.packing import Packing


class Counted(HumanMessage):
    """Says how often it was written out."""

    written: int = 0

    def model_dump(self, **options: Any) -> dict[str, Any]:
        self.written += 1
        return super().model_dump(**options)


def conversation() -> list[BaseMessage]:
    call = {"id": "c1", "name": "look", "args": {"namespace": "shop"}}
    return [
        HumanMessage("为什么 checkout 报错？"),
        AIMessage("", tool_calls=[call]),
        ToolMessage("256Mi", tool_call_id="c1", artifact={"data": {"rows": [1, 2.5, None]}}),
        AIMessage("Out of memory [1]."),
    ]


PLAIN: dict[str, Any] = {"spoken": "yes", "pending": [{"a": 1}], "evidence": []}


def test_messages_come_back_as_they_were() -> None:
    packing, messages = Packing(JsonPlusSerializer()), conversation()
    divided = packing.divided({"messages": messages, **PLAIN})
    parts = {one.id: one.value for one in divided.lists["messages"]}
    assert divided.rest == PLAIN
    assert packing.joined(divided.ids, parts) == {"messages": messages}


@pytest.mark.parametrize(
    "value",
    [conversation(), [], [HumanMessage("one"), "two"], AIMessage("alone"), "text", {"a": [1]}],
    ids=["messages", "nothing", "a mixture", "one message", "text", "plain"],
)
def test_any_value_comes_back_as_it_was(value: Any) -> None:
    packing = Packing(JsonPlusSerializer())
    assert packing.unpacked(*packing.packed(value)) == value


def test_a_message_is_written_out_once_however_often_it_is_kept() -> None:
    message = Counted("hello")
    packing = Packing(JsonPlusSerializer())
    for _ in range(3):
        packing.divided({"messages": [message, AIMessage("new")]})
        packing.packed([message])
    assert message.written == 1


def test_equal_messages_are_one_part() -> None:
    packing = Packing(JsonPlusSerializer())
    lists = packing.divided(
        {"messages": [AIMessage("yes", id="1"), AIMessage("yes", id="1")]}
    ).lists
    assert len({one.id for one in lists["messages"]}) == 1


def test_what_is_remembered_ends_with_the_messages() -> None:
    packing, messages = Packing(JsonPlusSerializer()), conversation()
    packing.packed(messages)
    del messages
    gc.collect()
    assert packing.remembered == 0
