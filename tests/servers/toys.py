"""A server of small tools, each there for one thing that `publish` does around it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, Field

from core.errors import Conflict
from core.principal import Permission, Principal
from mcp_servers.access import Gate, ToolServer, publish
from mcp_servers.paging import Page


class Said(BaseModel):
    text: str
    size_bytes: int = Field(default=0, description="In bytes.")
    nothing: str | None = None


class Short(BaseModel):
    long: str

    def as_text(self) -> str:
        return "short"


class Row(BaseModel):
    name: str


class Rows(Page[Row]):
    examined: str = ""


@dataclass
class Written:
    """An audit sink that keeps its lines."""

    lines: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    async def record(
        self, *, subject: str, action: str, target: str, outcome: str, detail: Mapping[str, Any]
    ) -> None:
        line = {"subject": subject, "action": action, "target": target, "outcome": outcome}
        self.lines.append({**line, "detail": dict(detail)})


async def toy_echo(
    text: Annotated[str, Field(description="Words.")], namespace: str = "", *, suffix: str
) -> Said:
    """Say it again."""
    return Said(text=text + suffix, size_bytes=len(text))


async def toy_whoami(*, caller: Principal) -> Said:
    """Say who asks, after a while."""
    await asyncio.sleep(0.01)
    return Said(text=caller.subject)


async def toy_list(count: int = 3, width: int = 1, cursor: str = "") -> Rows:
    """List rows."""
    rows = [Row(name=f"{n:05d}".ljust(width, "x")) for n in range(count)]
    return Rows.of(rows, cursor=cursor, size=count, examined="toys")


async def toy_dump(size: int) -> Said:
    """Give one large text."""
    return Said(text="x" * size)


async def toy_short() -> Short:
    """Be brief to models."""
    return Short(long="long" * 100)


async def toy_refuse(secret: str = "") -> Said:
    """Fail as expected."""
    raise Conflict(f"Somebody has it: password={secret or 'none'}", hint="Ask later.")


async def toy_crash() -> Said:
    """Fail as nobody expected."""
    raise RuntimeError("the secret inside")


async def toy_sleep() -> Said:
    """Take longer than anybody waits."""
    await asyncio.sleep(60)
    return Said(text="awake")


async def toy_drop(name: str, namespace: str = "", kind: str = "Pod") -> Said:
    """Change something."""
    return Said(text=f"{kind} {name} dropped")


READ = (toy_whoami, toy_list, toy_dump, toy_short, toy_refuse, toy_crash, toy_sleep)


def toys(gate: Gate) -> ToolServer:
    server = ToolServer("toy", gate)
    publish(server, toy_echo, needs=Permission.CLUSTER_READ, suffix="!")
    for tool in READ:
        publish(server, tool, needs=Permission.CLUSTER_READ)
    publish(server, toy_drop, needs=Permission.USERS_MANAGE, changes=True)
    return server
