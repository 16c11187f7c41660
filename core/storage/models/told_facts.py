"""What people told Midwatch to remember."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from core.storage.models.base import Base


class ToldFact(Base):
    """`subject` told it. `scope` is user (only for who told it) or organisation (for everybody)."""

    __tablename__ = "told_facts"
    __table_args__ = (Index("ix_told_facts_scope_subject", "scope", "subject"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    scope: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(String(500))
    thread_id: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
