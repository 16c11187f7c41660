"""What an approval is bound to, sealed with the server's key: an altered plan opens nothing."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from core.storage.fix_records import DecisionRow, PlanRow, RehearsalRow
from mcp_servers.engines.canonical import canonical


def seal_of_plan(key: str, row: PlanRow) -> str:
    """Over the steps with their objects, dry runs and ways back, the cluster, the requester, the
    policy, the risk and the time: everything of a plan but its status."""
    covered = {
        "plan": row.id,
        "fix": row.fix,
        "fingerprint": row.fingerprint,
        "target": [row.kind, row.namespace, row.name],
        "requester": row.requester,
        "level": row.level,
        "issued": row.created_at.isoformat(),
        "expires": row.expires_at.isoformat(),
        "body": row.body,
    }
    return _sealed(key, "plan", covered)


def seal_of_decision(key: str, plan: PlanRow, decision: DecisionRow) -> str:
    """Over the plan's own seal and who said what about it, when."""
    covered = {
        "plan": plan.seal,
        "approver": decision.approver,
        "approved": decision.approved,
        "at": decision.at.isoformat(),
    }
    return _sealed(key, "decision", covered)


def seal_of_rehearsal(key: str, plan: PlanRow, rehearsal: RehearsalRow) -> str:
    """Over the plan's own seal and how it went: an outcome is of one plan, and of this server."""
    covered = {
        "plan": plan.seal,
        "outcome": rehearsal.outcome,
        "at": rehearsal.at.isoformat(),
        "body": rehearsal.body,
    }
    return _sealed(key, "rehearsal", covered)


def holds(expected: str, found: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(expected, found)


def _sealed(key: str, purpose: str, covered: Mapping[str, Any]) -> str:
    message = f"midwatch:{purpose}\n{canonical(covered)}".encode("utf-8", "surrogatepass")
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()
