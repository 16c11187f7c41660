"""Who may come in, and by which credential. Only hashes of secrets are kept."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from core.storage.models.base import Base


class User(Base):
    """`name` is the subject of the principal and never changes: the audit trail refers to it."""

    __tablename__ = "users"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str] = mapped_column(String(200))  # "": comes in by link or token only
    namespaces: Mapped[list[Any] | None]  # None: every namespace
    language: Mapped[str] = mapped_column(String(8))
    disabled: Mapped[bool]
    team: Mapped[str] = mapped_column(String(63), server_default="")
    service: Mapped[bool] = mapped_column(
        server_default=false()
    )  # a program, which has no password
    created_at: Mapped[datetime]


class Role(Base):
    """A role of one's own. `version` grows with each change, so that nobody overwrites another's."""

    __tablename__ = "roles"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    about: Mapped[str] = mapped_column(String(200))
    permissions: Mapped[list[Any]]
    namespaces: Mapped[list[Any] | None]  # None: every namespace
    clusters: Mapped[list[Any] | None]  # None: every cluster
    version: Mapped[int]
    changed_by: Mapped[str] = mapped_column(String(200))
    changed_at: Mapped[datetime]


class WrongPasswords(Base):
    """In a row, for a name that may be nobody's. Until `shut_until` no password of it is looked at."""

    __tablename__ = "wrong_passwords"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    count: Mapped[int]
    last_at: Mapped[datetime]
    shut_until: Mapped[datetime | None]


class Identity(Base):
    """Who a user is at a provider, which never gives a `subject` to somebody else."""

    __tablename__ = "identities"

    issuer: Mapped[str] = mapped_column(String(500), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    user_name: Mapped[str] = mapped_column(ForeignKey("users.name", ondelete="CASCADE"), index=True)
    linked_at: Mapped[datetime]


class KeptAnswer(Base):
    """What a request with an Idempotency-Key was answered, encrypted. `status` 0: not yet."""

    __tablename__ = "kept_answers"

    subject: Mapped[str] = mapped_column(String(200), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    begun_at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int]
    sealed: Mapped[str] = mapped_column(Text)


class ApiToken(Base):
    __tablename__ = "api_tokens"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_name: Mapped[str] = mapped_column(ForeignKey("users.name", ondelete="CASCADE"), index=True)
    label: Mapped[str] = mapped_column(String(200))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[Any] | None]  # None: all that the user may
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    # The API token that made it, and is revoked with it; "": a person did.
    made_by: Mapped[str] = mapped_column(String(32), index=True, server_default="")


class RefreshToken(Base):
    """One link of a rotation. All of a `family` fall when a used one comes back."""

    __tablename__ = "refresh_tokens"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    family: Mapped[str] = mapped_column(String(32), index=True)
    user_name: Mapped[str] = mapped_column(ForeignKey("users.name", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class LoginLink(Base):
    __tablename__ = "login_links"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_name: Mapped[str] = mapped_column(ForeignKey("users.name", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
