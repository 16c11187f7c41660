"""How grave a change of spend is, and how sure a saving, in the reader's words; data keep the codes."""

from collections.abc import Mapping

GRADES: Mapping[str, str] = {
    "low": "轻微",
    "medium": "中等",
    "high": "严重",
    "critical": "非常严重",
    "expected": "预料之中",
}
SURENESS: Mapping[str, str] = {"low": "低", "medium": "中", "high": "高"}


def grave(severity: str | None, language: str) -> str:
    """`low` to `critical`, or `expected`."""
    return GRADES.get(severity or "", severity or "") if language == "zh" else severity or ""


def sure(confidence: str, language: str) -> str:
    """`low`, `medium` or `high`."""
    return SURENESS.get(confidence, confidence) if language == "zh" else confidence
