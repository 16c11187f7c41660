"""A conversation that grows is kept with every step, and each of its messages is packed once."""

import gc
from typing import Any

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


def test_messages_come_back_as_they_were() -> None:
    serde, messages = JsonPlusSerializer(), conversation()
    packing = Packing(serde)
    for _ in range(2):
        values = packing.all_packed({"messages": messages, "spoken": "yes", "pending": [{"a": 1}]})
        kept = serde.dumps_typed({"channel_values": values})
        expected = {"messages": messages, "spoken": "yes", "pending": [{"a": 1}]}
        assert serde.loads_typed(kept) == {"channel_values": expected}


def test_a_message_is_written_out_once_however_often_it_is_kept() -> None:
    serde, message = JsonPlusSerializer(), Counted("hello")
    packing = Packing(serde)
    for _ in range(3):
        serde.dumps_typed(packing.packed([message, AIMessage("new")]))
    assert message.written == 1


def test_what_is_remembered_ends_with_the_messages() -> None:
    packing, messages = Packing(JsonPlusSerializer()), conversation()
    packing.packed(messages)
    del messages
    gc.collect()
    assert packing.remembered == 0
