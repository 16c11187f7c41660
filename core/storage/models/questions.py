"""Questions to the knowledge base that were not answered, or not well."""

from datetime import datetime

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from core.storage.models.base import Base


class KnowledgeQuestion(Base):
    """Each question once, whoever asked: who did is not kept. `docs` are those of the last rated answer."""

    __tablename__ = "knowledge_questions"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    question: Mapped[str] = mapped_column(String(500))
    found_nothing: Mapped[int] = mapped_column(Integer)
    helpful: Mapped[int] = mapped_column(Integer)
    unhelpful: Mapped[int] = mapped_column(Integer)
    docs: Mapped[str] = mapped_column(String(2000))
    comment: Mapped[str] = mapped_column(String(500))
    last_at: Mapped[datetime] = mapped_column(index=True)
