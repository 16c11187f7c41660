"""What was asked and answered, with which tools, at what cost."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.storage.models.base import Base


class Conversation(Base):
    """A thread. `id` is the thread id that clients know; `pinned` ones stand before the others.

    A branch begins as a copy of `branch_of` before its message `branched_at`.
    """

    __tablename__ = "conversations"
    __table_args__ = (
        Index("ix_conversations_owner_pinned_updated", "owner", "pinned", "updated_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(String(200))
    title: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    branch_of: Mapped[str] = mapped_column(String(64), server_default="")
    branched_at: Mapped[str] = mapped_column(String(64), server_default="")
    pinned: Mapped[int] = mapped_column(Integer, server_default="0")


class Message(Base):
    """`number` is the order; the full-text index refers to it. `aside`: a fork left it behind."""

    __tablename__ = "messages"
    __table_args__ = (Index("ix_messages_conversation_number", "conversation_id", "number"),)

    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))
    detail: Mapped[dict[str, Any]]  # of an answer: route, citations, incomplete, duration
    created_at: Mapped[datetime]
    aside: Mapped[int] = mapped_column(Integer, server_default="0")


class ToolCall(Base):
    __tablename__ = "tool_calls"

    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[str] = mapped_column(String(128))
    message_id: Mapped[str] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE"), index=True
    )
    subagent: Mapped[str] = mapped_column(String(64))
    server: Mapped[str] = mapped_column(String(64))
    tool: Mapped[str] = mapped_column(String(128))
    arguments: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(String(64))
    duration_ms: Mapped[int]
    result: Mapped[str] = mapped_column(Text)
    result_tokens: Mapped[int]
    cached: Mapped[bool]
    created_at: Mapped[datetime]


class ModelUsage(Base):
    """One call of a model. Stays when its conversation is deleted: it was paid for."""

    __tablename__ = "model_usage"
    __table_args__ = (Index("ix_model_usage_created_subject", "created_at", "subject"),)

    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    subject: Mapped[str] = mapped_column(String(200))
    conversation_id: Mapped[str] = mapped_column(String(64), index=True)
    run_id: Mapped[str] = mapped_column(String(64))
    request_id: Mapped[str] = mapped_column(String(128))
    subagent: Mapped[str] = mapped_column(String(64))
    provider: Mapped[str] = mapped_column(String(64))
    model: Mapped[str] = mapped_column(String(128))
    outcome: Mapped[str] = mapped_column(String(32))
    input_tokens: Mapped[int]
    output_tokens: Mapped[int]
    cache_read_tokens: Mapped[int]
    cache_write_tokens: Mapped[int]
    reasoning_tokens: Mapped[int]
    estimated: Mapped[bool]
    cost_usd: Mapped[float | None]  # None: no known price, which is not free
    first_token_ms: Mapped[int | None]
    duration_ms: Mapped[int]
    app: Mapped[str] = mapped_column(String(200), server_default="")
    prompt: Mapped[str | None] = mapped_column(Text)  # only where it is configured
    reply: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
