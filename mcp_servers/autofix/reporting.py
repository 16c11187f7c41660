"""A change written down as Markdown: what, who, why, before and after, how it ended."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from core.sentences import Fact
from core.storage.fix_records import ChangeRow, PlanRow, StepRow
from mcp_servers.autofix.change_shapes import ChangeView, change_view
from mcp_servers.autofix.lines import WORDS
from mcp_servers.autofix.refusing import SENTENCES, Language
from mcp_servers.autofix.shapes import PlanView, plan_view

FENCE = "```"


def report(row: ChangeRow, steps: Sequence[StepRow], plan: PlanRow, language: Language) -> str:
    """One change for people to file."""
    view, change = plan_view(plan, [], plan.status, None, language), change_view(row, steps)
    parts = (_heading(change, view, language), _done(view, language), _ended(change, language))
    return "\n".join(line for part in parts for line in part)


def _said(key: str, language: Language, **facts: Fact) -> str:
    return WORDS.said(key, **facts).told(language)


def _heading(change: ChangeView, plan: PlanView, language: Language) -> Iterator[str]:
    target = change.target
    where = f"{target.kind} {target.namespace}/{target.name}"
    approvers = ", ".join(change.approvers) or WORDS.said("policy")
    ended = SENTENCES.said(f"status_{change.status}")
    why = change.detail_in.get(language) or change.detail
    yield f"# {plan.title or change.fix}"
    yield ""
    for key, facts in (
        ("change", {"change": change.change_id, "plan": change.plan_id, "cluster": plan.cluster}),
        ("object", {"object": where}),
        ("asked", {"who": change.requester}),
        ("approved", {"who": approvers}),
        ("applied", {"who": change.applier}),
        ("time", {"start": _time(change.started_at), "end": _time(change.finished_at)}),
        ("risk", {"level": SENTENCES.said(f"level_{plan.risk}")}),
        ("result", {"status": ended, "why": why}),
    ):
        yield f"- {_said(key, language, **facts)}".rstrip()


def _time(at: datetime | None) -> Fact:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else WORDS.said("now")


def _done(plan: PlanView, language: Language) -> Iterator[str]:
    yield from ("", f"## {_said('steps', language)}")
    for step in plan.steps:
        yield from ("", f"{step.n}. {step.action}")
        yield from (f"   - {fact}" for fact in step.risk.facts)
        yield from ("", f"{FENCE}diff", step.diff, FENCE)


def _ended(change: ChangeView, language: Language) -> Iterator[str]:
    yield from ("", f"## {_said('record', language)}", "")
    yield from (f"- {one}" for one in change.audit_in[language])
    yield from ("", f"## {_said('verification', language)}", "")
    key = "cleared" if change.verification.finding_cleared else "not_cleared"
    yield f"- {change.progress_in.get(language) or _said(key, language)}"
    for one in change.verification.new_findings:
        yield f"- {_said('new', language, finding=one)}"
