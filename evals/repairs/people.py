"""Midwatch over one cluster, with somebody who asks and somebody who approves by hand."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

from core.principal import Permission, Principal
from core.security.audit import AuditLog
from core.storage.database import Database
from core.storage.kept_fixes import KeptFixes
from mcp_servers.client import Connections, Sessions, Tools, fix_desk, in_process

ASKER = Principal("eval", permissions=frozenset(Permission))
# High risk takes another person than who asked, critical risk two of them.
APPROVERS = tuple(
    Principal(name, permissions=frozenset(Permission), present=True) for name in ("ann", "bob")
)
# A cluster whose time passes faster settles sooner; nothing else of the policy is otherwise.
POLICY = "[limits]\nsettle_s = {settle_s}\npoll_s = 0.25\ndeadline_s = {deadline_s}\n"


@dataclass(frozen=True, slots=True)
class Haste:
    """How long a finding must stay gone and a rollout may take, in seconds of this machine."""

    settle_s: float = 0.5
    deadline_s: float = 25.0


@dataclass(frozen=True, slots=True)
class People:
    sessions: Sessions

    async def ask(self, tool: str, **arguments: Any) -> dict[str, Any]:
        return (await Tools(self.sessions, ASKER).call(tool, **arguments)).data

    async def approve(self, plan: dict[str, Any]) -> None:
        """With the name typed, by as many people as it takes."""
        name = plan["steps"][0]["target"]["name"]
        for person in APPROVERS[: plan["approval"]["needed"]]:
            tools = Tools(self.sessions, person)
            await tools.call("autofix_approve", plan_id=plan["plan_id"], typed_name=name)


@asynccontextmanager
async def people(
    connections: Connections, folder: Path, haste: Haste = Haste()
) -> AsyncGenerator[People]:
    """With a database of their own below `folder`."""
    policy = folder / "policy.toml"
    policy.write_text(POLICY.format(settle_s=haste.settle_s, deadline_s=haste.deadline_s))
    async with (
        Database.opened(f"sqlite:///{folder / 'midwatch.db'}") as database,
        AuditLog(database) as audit,
    ):
        desk = fix_desk(KeptFixes(database), key=token_hex(16), policy_file=policy)
        opened = in_process(connections, audit=audit, fixes=desk, only={"rca", "autofix"})
        async with opened as sessions:
            yield People(sessions)
