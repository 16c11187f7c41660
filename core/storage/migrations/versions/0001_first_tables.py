"""Conversations, usage, users, credentials and the audit trail."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    create_conversations()
    create_usage()
    create_users()
    create_tokens()
    create_audit()
    if op.get_bind().dialect.name == "sqlite":
        create_full_text()


def required(name: str, kind: Any, *rest: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *rest, nullable=False, **options)


def key(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True)


def create_conversations() -> None:
    op.create_table(
        "conversations",
        key("id", sa.String(64)),
        required("owner", sa.String(200)),
        required("title", sa.String(200)),
        required("created_at", WHEN),
        required("updated_at", WHEN),
    )
    op.create_index(
        "ix_conversations_owner_updated", "conversations", ["owner", "updated_at", "id"]
    )
    op.create_table(
        "messages",
        key("number", sa.Integer()),
        required("id", sa.String(64), unique=True),
        required(
            "conversation_id", sa.String(64), sa.ForeignKey("conversations.id", ondelete="CASCADE")
        ),
        required("role", sa.String(16)),
        required("text", sa.Text()),
        required("language", sa.String(8)),
        required("detail", sa.JSON()),
        required("created_at", WHEN),
    )
    op.create_index("ix_messages_conversation_number", "messages", ["conversation_id", "number"])
    op.create_table(
        "tool_calls",
        key("number", sa.Integer()),
        required("id", sa.String(128)),
        required("message_id", sa.String(64), sa.ForeignKey("messages.id", ondelete="CASCADE")),
        required("subagent", sa.String(64)),
        required("server", sa.String(64)),
        required("tool", sa.String(128)),
        required("arguments", sa.JSON()),
        required("status", sa.String(64)),
        required("duration_ms", sa.Integer()),
        required("result", sa.Text()),
        required("result_tokens", sa.Integer()),
        required("cached", sa.Boolean()),
        required("created_at", WHEN),
    )
    op.create_index("ix_tool_calls_message_id", "tool_calls", ["message_id"])


def create_usage() -> None:
    op.create_table(
        "model_usage",
        key("number", sa.Integer()),
        required("subject", sa.String(200)),
        required("conversation_id", sa.String(64)),
        required("message_id", sa.String(64)),
        required("provider", sa.String(64)),
        required("model", sa.String(128)),
        required("input_tokens", sa.Integer()),
        required("output_tokens", sa.Integer()),
        sa.Column("cost_usd", sa.Double[float]()),
        required("created_at", WHEN),
    )
    op.create_index("ix_model_usage_created_subject", "model_usage", ["created_at", "subject"])


def create_users() -> None:
    op.create_table(
        "users",
        key("name", sa.String(200)),
        required("role", sa.String(16)),
        required("password_hash", sa.String(200)),
        sa.Column("namespaces", sa.JSON()),
        required("language", sa.String(8)),
        required("disabled", sa.Boolean()),
        required("created_at", WHEN),
    )


def owner() -> sa.Column[Any]:
    return required("user_name", sa.String(200), sa.ForeignKey("users.name", ondelete="CASCADE"))


def create_tokens() -> None:
    op.create_table(
        "api_tokens",
        key("id", sa.String(32)),
        owner(),
        required("label", sa.String(200)),
        required("hash", sa.String(64), unique=True),
        sa.Column("scopes", sa.JSON()),
        required("created_at", WHEN),
        sa.Column("expires_at", WHEN),
        sa.Column("last_used_at", WHEN),
        sa.Column("revoked_at", WHEN),
    )
    op.create_table(
        "refresh_tokens",
        key("hash", sa.String(64)),
        required("family", sa.String(32)),
        owner(),
        required("created_at", WHEN),
        required("expires_at", WHEN),
        sa.Column("used_at", WHEN),
        sa.Column("revoked_at", WHEN),
    )
    op.create_table(
        "login_links",
        key("hash", sa.String(64)),
        owner(),
        required("created_at", WHEN),
        required("expires_at", WHEN),
        sa.Column("used_at", WHEN),
    )
    for table in ("api_tokens", "refresh_tokens", "login_links"):
        op.create_index(f"ix_{table}_user_name", table, ["user_name"])
    op.create_index("ix_refresh_tokens_family", "refresh_tokens", ["family"])


def create_audit() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("sequence", SEQUENCE, primary_key=True, autoincrement=False),
        required("at", WHEN),
        required("subject", sa.String(200)),
        required("action", sa.String(128)),
        required("target", sa.String(500)),
        required("outcome", sa.String(64)),
        required("detail", sa.Text()),
        required("previous_hash", sa.String(64)),
        required("hash", sa.String(64)),
    )
    op.create_index("ix_audit_entries_subject", "audit_entries", ["subject", "sequence"])
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        required("sequence", SEQUENCE),
        required("hash", sa.String(64)),
    )


def create_full_text() -> None:
    """Trigrams find parts of Chinese text, which has no spaces to cut words at."""
    op.execute(
        "CREATE VIRTUAL TABLE messages_fts USING fts5("
        "text, content='messages', content_rowid='number', tokenize='trigram')"
    )
    add = "INSERT INTO messages_fts(rowid, text) VALUES (new.number, new.text);"
    remove = (
        "INSERT INTO messages_fts(messages_fts, rowid, text)"
        " VALUES ('delete', old.number, old.text);"
    )
    for event, does in (
        ("INSERT", add),
        ("DELETE", remove),
        ("UPDATE OF text", remove + add),
    ):
        name = f"messages_fts_{event.split()[0].lower()}"
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON messages BEGIN {does} END")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE messages_fts")
    for table in (
        "audit_head",
        "audit_entries",
        "login_links",
        "refresh_tokens",
        "api_tokens",
        "users",
        "model_usage",
        "tool_calls",
        "messages",
        "conversations",
    ):
        op.drop_table(table)
