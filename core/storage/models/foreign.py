"""Tool lists of foreign servers that a person accepted."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from core.storage.models.base import Base


class AcceptedServer(Base):
    """`digest` is of the whole list as it was shown; another list is another decision."""

    __tablename__ = "accepted_servers"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    digest: Mapped[str] = mapped_column(String(80))
    accepted_by: Mapped[str] = mapped_column(String(200))
    accepted_at: Mapped[datetime]
