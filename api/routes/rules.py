"""Rules of Prometheus, looked through for mistakes."""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field

from api.dependencies import CallerTools
from api.sent import Sent

router = APIRouter(prefix="/api/v1/rules", tags=["alerts"])


class RuleText(Sent):
    text: str = Field(
        default="",
        max_length=1_000_000,
        description="A file of rules or a PrometheusRule; empty: the rules in force.",
    )
    language: Literal["en", "zh"] = "en"


@router.post("/lint", operation_id="lintRules")
async def lint(body: RuleText, tools: CallerTools) -> dict[str, Any]:
    """What is wrong with rules, why that matters, and what to write instead."""
    return (await tools.call("alerting_lint_rules", **body.model_dump())).data
