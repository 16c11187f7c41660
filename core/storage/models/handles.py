"""Who somebody is in a chat service."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from core.storage.models.base import Base


class Handle(Base):
    """`handle` is the service's own id of a person, which names and addresses can be changed around."""

    __tablename__ = "handles"

    service: Mapped[str] = mapped_column(String(20), primary_key=True)
    handle: Mapped[str] = mapped_column(String(200), primary_key=True)
    user_name: Mapped[str] = mapped_column(ForeignKey("users.name", ondelete="CASCADE"), index=True)
    linked_at: Mapped[datetime]
