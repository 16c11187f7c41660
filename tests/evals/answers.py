"""Truths and answers small enough to read, for the tests of the judges."""

from pathlib import Path
from typing import Any

from evals.truth import Json, Said, Truth

SHOP: Json = {"kind": "Deployment", "namespace": "shop", "name": "checkout"}
CART: Json = {"kind": "Deployment", "namespace": "shop", "name": "cart"}


def truth(**said: Any) -> Truth:
    """A truth whose one root is checkout out of memory, unless `said` says otherwise."""
    roots = [{"rules": ["pod.oom_killed"], "resources": [SHOP]}]
    return Truth(Path("case"), Said.model_validate({"root_causes": roots, **said}))


def healthy() -> Truth:
    return truth(root_causes=[], verdict="healthy")


def cause(
    rule: str = "pod.oom_killed", resource: Json = SHOP, *, fix: str = "fix.memory", says: str = ""
) -> Json:
    return {
        "rule": rule,
        "resource": resource,
        "summary": f"{rule} {says}",
        "evidence": [{"ref": "Pod shop/checkout-1", "text": "lastState = OOMKilled, limit 256Mi"}],
        "recommendations": [{"fix": fix}],
    }


def answer(*causes: Json, verdict: str = "", summary: str = "what was found") -> Json:
    return {
        "verdict": verdict or ("found" if causes else "healthy"),
        "summary": summary,
        "root_causes": list(causes),
    }
