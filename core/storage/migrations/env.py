"""How Alembic runs here: on the connection that start-up hands it."""

from typing import Any

from alembic import context

from core.storage.migrations import FULL_TEXT
from core.storage.models import Base


def ours(name: str | None, kind: str, _: Any) -> bool:
    return not (kind == "table" and name and name.startswith(FULL_TEXT))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    include_name=ours,
    render_as_batch=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
