"""A small tool server that changes something: a shelf of plans, and workloads that can be restarted."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from core.clock import utc_now
from core.errors import Conflict, Forbidden
from core.principal import Permission, Principal
from mcp_servers.access import Gate, ToolServer, publish
from mcp_servers.calling import in_memory
from mcp_servers.client import Sessions

DIFF = "-  memory: 256Mi\n+  memory: 512Mi"


class Told(BaseModel):
    text: str
    status: str = "verified"


class Plan(BaseModel):
    plan_id: str
    title: str = "Raise the memory"
    status: str = "proposed"
    preflight: list[dict[str, Any]] = []
    refused: dict[str, Any] | None = None
    risk: str
    steps: list[dict[str, Any]]
    approval: dict[str, Any]
    rehearsal: dict[str, Any]


@dataclass
class Ledger:
    """What was done, by whom. `slow_s` is how long a look takes; each begun one leaves a line, and
    one more when it is cut short."""

    risk: str = "medium"
    approved: dict[str, str] = field(default_factory=dict[str, str])
    done: list[str] = field(default_factory=list[str])
    slow_s: float = 0.0
    journal: Path | None = None

    def note(self, line: str) -> None:
        self.done.append(line)
        if self.journal:
            with self.journal.open("a") as file:
                file.write(f"{line}\n")


async def autofix_look(name: str, *, ledger: Ledger) -> Told:
    """Look at a workload."""
    ledger.note(f"look {name}")
    if name.startswith("slow"):
        try:
            await asyncio.sleep(ledger.slow_s)
        except asyncio.CancelledError:
            ledger.note(f"look {name} cut short")
            raise
    return Told(text=f"{name} was looked at; it has 256Mi")


async def autofix_get_plan(plan_id: str, *, ledger: Ledger) -> Plan:
    """A stored plan."""
    target = {"kind": "Deployment", "namespace": "shop", "name": "checkout"}
    risk = {"level": ledger.risk, "facts": ["2 pods restart", "PDB allows 1"]}
    step = {"n": 1, "action": "raise memory", "target": target, "diff": DIFF, "risk": risk}
    expires = (utc_now() + timedelta(minutes=5)).isoformat()
    approval = {
        "required": True, "approvers": "managers", "expires_at": expires, "typed_name": False,
    }  # fmt: skip
    rehearsal = {"said": "Rehearsed at noon: verified there.", "cannot_know": "Not real traffic."}
    return Plan(
        plan_id=plan_id, risk=ledger.risk, steps=[step], approval=approval, rehearsal=rehearsal
    )


async def autofix_approve(
    plan_id: str, typed_name: str = "", *, ledger: Ledger, caller: Principal
) -> Told:
    """Say yes to a plan, in person."""
    if plan_id in ledger.approved:
        raise Conflict(f"{ledger.approved[plan_id]} decided before.")
    ledger.approved[plan_id] = f"{caller.subject}:{typed_name}"
    return Told(text="approved")


async def autofix_apply(plan_id: str, *, ledger: Ledger, caller: Principal) -> Told:
    """Carry a plan out, once."""
    line = f"apply {plan_id} for {caller.subject}"
    if caller.present:
        raise Forbidden("A turn is no person.")
    if plan_id not in ledger.approved:
        raise Forbidden(f"Nobody approved {plan_id}.")
    if line not in ledger.done:
        ledger.note(line)
    return Told(text=f"{plan_id} carried out")


async def autofix_restart(name: str, *, ledger: Ledger) -> Told:
    """Restart a workload, without any plan. What is broken does not hold."""
    ledger.note(f"restart {name}")
    await asyncio.sleep(ledger.slow_s)
    status = "rolled_back" if name.startswith("broken") else "verified"
    return Told(text=f"{name} restarted", status=status)


def server(ledger: Ledger, gate: Gate | None = None) -> ToolServer:
    built = ToolServer("autofix", gate or Gate())
    for tool in (autofix_look, autofix_get_plan):
        publish(built, tool, needs=Permission.CLUSTER_READ, ledger=ledger)
    publish(built, autofix_approve, needs=Permission.CLUSTER_READ, by_hand=True, ledger=ledger)
    publish(
        built, autofix_apply, needs=Permission.CLUSTER_READ, changes=True, once=True, ledger=ledger
    )
    publish(built, autofix_restart, needs=Permission.CLUSTER_READ, changes=True, ledger=ledger)
    return built


@asynccontextmanager
async def changing(ledger: Ledger) -> AsyncGenerator[Sessions]:
    async with in_memory(server(ledger)) as line:
        yield Sessions({"autofix": line.itself})
