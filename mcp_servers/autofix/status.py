"""autofix_status, autofix_stop and autofix_resume: whether writing is allowed, and the switches."""

from typing import Annotated, Any

from pydantic import Field

from core.errors import Invalid
from core.principal import Principal
from mcp_servers.autofix.desk import Desk, visible
from mcp_servers.autofix.policies import limits_told
from mcp_servers.autofix.refusing import SENTENCES
from mcp_servers.autofix.switches import Switches, resume, stop, switches
from mcp_servers.engines.namespaces import SYSTEM

Reason = Annotated[str, Field(max_length=500, description="Kept in the audit trail.")]


class AutofixStatus(Switches):
    running: list[str] = Field(default=[], description="Changes under way.")
    policy: str = Field(description="Version of the policy.")
    allowed_namespaces: list[str] = Field(description="Empty: all but the protected ones.")
    protected_namespaces: list[str]
    own_approval: str = Field(description="Up to this risk a requester may approve.")
    unattended: int = Field(description="Rules that let changes go without a person.")
    limits: dict[str, Any] = Field(description="By the names and units of the policy file.")


async def autofix_status(*, desk: Desk, caller: Principal) -> AutofixStatus:
    """Show whether writing is allowed, what is under way, and the policy that bounds changes."""
    policy = desk.policy
    running = [one.id for one in await desk.store.unfinished() if visible(caller, one.namespace)]
    return AutofixStatus(
        **(await switches(desk)).model_dump(),
        running=running,
        policy=policy.version,
        allowed_namespaces=sorted(policy.allowed),
        protected_namespaces=sorted(SYSTEM | policy.protected),
        own_approval=policy.own.value if policy.own else "none",
        unattended=len(policy.unattended),
        limits=limits_told(policy.limits),
    )


async def autofix_stop(reason: Reason, *, desk: Desk, caller: Principal) -> AutofixStatus:
    """Stop all writing at once, also of changes under way."""
    await stop(desk, caller.subject, _given(reason))
    return await autofix_status(desk=desk, caller=caller)


async def autofix_resume(reason: Reason, *, desk: Desk, caller: Principal) -> AutofixStatus:
    """Allow writing again, by hand, with a reason."""
    await resume(desk, caller.subject, _given(reason))
    return await autofix_status(desk=desk, caller=caller)


def _given(reason: str) -> str:
    if not reason.strip():
        raise SENTENCES.error(Invalid, "needs_reason")
    return reason.strip()
