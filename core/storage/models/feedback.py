"""What people said of answers."""

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from core.storage.models.base import Base


class Feedback(Base):
    """One for each answer, which its run names; the newest word of whose conversation it is counts."""

    __tablename__ = "feedback"

    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    run_id: Mapped[str] = mapped_column(String(64), unique=True)
    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )
    subject: Mapped[str] = mapped_column(String(200))
    helpful: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(40))
    comment: Mapped[str] = mapped_column(String(2000))
    door: Mapped[str] = mapped_column(String(20))
    question: Mapped[str] = mapped_column(String(500))
    route: Mapped[str] = mapped_column(String(200))
    said_at: Mapped[datetime]
    resolved_by: Mapped[str] = mapped_column(String(200))
    resolved_at: Mapped[datetime | None]
