"""Questions to a person as AG-UI interrupts, and the entries of `resume` as their answers."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from agent.approvals import Decision, why_not
from api.sentences import SENTENCES
from core.errors import Invalid

Wire = dict[str, Any]

ANSWER: Wire = {
    "type": "object",
    "properties": {
        "approved": {"type": "boolean"},
        "typed": {"type": "string", "description": "The name that confirms a high risk."},
        "reason": {"type": "string", "description": "Why not; it is kept."},
    },
    "required": ["approved"],
}
# What a client needs in order to show what will happen.
SHOWN = ("tool", "server", "arguments", "plan_id", "risk", "facts", "diff", "approvers", "typed", "problem",
         "rehearsal", "cannot_know", "cluster", "objects", "actions")  # fmt: skip


def interrupt(approval: Mapping[str, Any]) -> Wire:
    """One approval, in the shape of `agent.approvals.Approval`, as AG-UI tells it."""
    arguments = ", ".join(f"{name}={value}" for name, value in approval["arguments"].items())
    told: Wire = {
        "id": approval["id"],
        "reason": "approval_required",
        "message": f"{approval['tool']}({arguments})",
        "toolCallId": approval["call_id"],
        "responseSchema": ANSWER,
        "expiresAt": approval["expires_at"],
        "metadata": {name: approval[name] for name in SHOWN},
    }
    if approval["subagent_run_id"]:
        told["subagentRunId"] = approval["subagent_run_id"]
    return told


def decisions_of(resume: Sequence[Mapping[str, Any]]) -> tuple[Decision, ...]:
    """A cancelled entry is a no. Raises `Invalid` for what is no answer."""
    return tuple(_decision(one) for one in resume)


def _decision(entry: Mapping[str, Any]) -> Decision:
    approval_id, payload = entry.get("interruptId"), entry.get("payload")
    if not isinstance(approval_id, str):
        raise SENTENCES.error(Invalid, "no_interrupt_id")
    if entry.get("status") == "cancelled":
        return Decision(approval_id, approved=False)
    fields = cast("dict[str, Any]", payload) if isinstance(payload, dict) else {}
    approved = fields.get("approved")
    if not isinstance(approved, bool):
        raise SENTENCES.error(Invalid, "no_verdict", approval_id=approval_id)
    typed, reason = str(fields.get("typed") or ""), why_not(fields.get("reason"))
    return Decision(approval_id, approved, typed, reason)
