"""SQLite's full-text search over messages, kept in step by triggers."""

from sqlalchemy import DDL, event

from core.storage.models.conversations import Message

_ADD = "INSERT INTO messages_fts(rowid, text) VALUES (new.number, new.text);"
_REMOVE = (
    "INSERT INTO messages_fts(messages_fts, rowid, text) VALUES ('delete', old.number, old.text);"
)

# Trigrams find parts of Chinese text, which has no spaces to cut words at.
_TABLE = (
    "CREATE VIRTUAL TABLE messages_fts USING fts5("
    "text, content='messages', content_rowid='number', tokenize='trigram')"
)


def _trigger(name: str, when: str, does: str) -> str:
    return f"CREATE TRIGGER messages_fts_{name} AFTER {when} ON messages BEGIN {does} END"


STATEMENTS = (
    _TABLE,
    _trigger("insert", "INSERT", _ADD),
    _trigger("delete", "DELETE", _REMOVE),
    _trigger("update", "UPDATE OF text", _REMOVE + _ADD),
)

for statement in STATEMENTS:
    event.listen(Message.__table__, "after_create", DDL(statement).execute_if(dialect="sqlite"))
