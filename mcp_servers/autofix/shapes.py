"""The JSON of plans and changes, as docs/contracts fix it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from core.sentences import Said
from core.storage.fix_records import DecisionRow, PlanRow, RehearsalRow
from mcp_servers.autofix.refusing import SENTENCES
from mcp_servers.paging import Page


class Target(BaseModel):
    kind: str
    namespace: str
    name: str
    uid: str = ""
    resource_version: str = ""


class RiskView(BaseModel):
    level: str
    facts: list[str]


class StepView(BaseModel):
    n: int
    action: str
    target: Target
    verb: str
    patch: dict[str, Any]
    diff: str
    inverse: dict[str, Any] | None
    risk: RiskView


class CheckView(BaseModel):
    check: str
    ok: bool
    detail: str


class ApprovalView(BaseModel):
    required: bool
    approvers: str = Field(description="Who may approve.")
    needed: int = Field(description="How many people.")
    given: list[str] = Field(description="Who has.")
    typed_name: bool = Field(description="The name of the object has to be typed.")
    expires_at: datetime | None


class RehearsalView(BaseModel):
    outcome: str = Field(
        description="not_rehearsed | running | verified | rolled_back | failed | refused | differs"
        " | unknown"
    )
    at: datetime | None = None
    said: str = Field(description="The same in a sentence, with what went wrong.")
    cannot_know: str = Field(description="What no rehearsal can tell, where there was one.")


class Refused(BaseModel):
    code: str = Field(description="advice | proposal | preflight | a guard's name")
    reason: str = Field(default="", description="Which advice or proposal, by its stable name.")
    message: str
    hint: str = ""


class ProposalView(BaseModel):
    target: Target
    diff: str
    manifest: dict[str, Any]


class Told(BaseModel):
    """What of a plan is told in one language, in the order of its checks and steps."""

    title: str = ""
    approvers: str = ""
    details: list[str] = Field(default_factory=list[str])
    actions: list[str] = Field(default_factory=list[str])
    facts: list[list[str]] = Field(default_factory=list[list[str]])


class PlanView(BaseModel):
    plan_id: str = Field(description="Empty: there is nothing to approve; `refused` says why.")
    finding: str = Field(description="Its fingerprint; empty: a person asked for the change.")
    title: str
    fix: str
    status: str
    requester: str
    cluster: str
    risk: str = Field(description="low | medium | high | critical")
    steps: list[StepView]
    preflight: list[CheckView]
    approval: ApprovalView
    rehearsal: RehearsalView | None = Field(
        default=None, description="How it went on a copy of the cluster."
    )
    proposal: ProposalView | None = None
    refused: Refused | None = None

    def in_words(self, told: Told) -> "PlanView":
        """The same plan, told so."""
        steps = [
            one.model_copy(
                update={"action": action, "risk": one.risk.model_copy(update={"facts": facts})}
            )
            for one, action, facts in zip(self.steps, told.actions, told.facts, strict=True)
        ]
        checks = [
            one.model_copy(update={"detail": detail})
            for one, detail in zip(self.preflight, told.details, strict=True)
        ]
        approval = self.approval.model_copy(update={"approvers": told.approvers})
        changed = {"title": told.title, "steps": steps, "preflight": checks, "approval": approval}
        return self.model_copy(update=changed)

    def as_text(self) -> str:
        if self.refused and not self.steps:
            return "\n".join(self._told_refusal(self.refused))
        lines = [
            f"plan {self.plan_id or 'not kept'} ({self.status}), {self.risk} risk: {self.title}"
        ]
        for step in self.steps:
            lines += [f"{step.n}. {step.action}", step.diff]
            lines += [f"   - {fact}" for fact in step.risk.facts]
        lines += [f"{'ok' if one.ok else 'NO'} {one.check}: {one.detail}" for one in self.preflight]
        if self.rehearsal:
            lines += [self.rehearsal.said, self.rehearsal.cannot_know]
        lines.append(self._told_approval())
        return "\n".join(lines)

    def _told_refusal(self, refused: Refused) -> list[str]:
        lines = [f"no plan ({refused.code}): {refused.message} {refused.hint}".strip()]
        if self.proposal:
            lines += ["to be applied by a person:", self.proposal.diff]
        return lines

    def _told_approval(self) -> str:
        if not self.approval.required:
            return "The policy lets this go without a person."
        until = f" until {self.approval.expires_at:%H:%M:%S}Z" if self.approval.expires_at else ""
        given = f"; given by {', '.join(self.approval.given)}" if self.approval.given else ""
        return f"Needs {self.approval.needed} approval by {self.approval.approvers}{until}{given}."


class PlanLine(BaseModel):
    plan_id: str
    title: str
    fix: str
    status: str
    risk: str
    target: Target
    requester: str
    created_at: datetime
    expires_at: datetime


class PlanPage(Page[PlanLine]):
    sorts_by = ("title", "fix", "status", "risk", "requester", "created_at", "expires_at")

    def as_text(self) -> str:
        lines = (
            f"{one.plan_id} {one.created_at:%Y-%m-%d %H:%M} {one.status} {one.risk}: {one.title}"
            for one in self.rows
        )
        return self.told(f"plans: {self.shown}", lines)


def plan_view(
    row: PlanRow,
    decisions: Sequence[DecisionRow],
    status: str,
    rehearsal: RehearsalRow | None,
    language: str = "",
) -> PlanView:
    """A kept plan as it was shown, with what has been tried and decided since; in its own language, or in
    the reader's where it is kept in that too."""
    view, told = PlanView.model_validate(row.body["view"]), _told(row, language)
    view = view.in_words(told) if told else view
    given = [one.approver for one in decisions if one.approved]
    approval = view.approval.model_copy(update={"given": given})
    denied = next((one for one in decisions if not one.approved), None)
    refused = None
    if denied is not None:
        message, hint = SENTENCES.parts(
            _reads(row, language), "said_no", who=denied.approver, why=denied.reason
        )
        refused = Refused(code="denied", message=message, hint=hint)
    tried = rehearsal_view(row, rehearsal, language)
    found = {"status": status, "approval": approval, "refused": refused, "rehearsal": tried}
    return view.model_copy(update={"plan_id": row.id, **found})


def _told(row: PlanRow, language: str) -> Told | None:
    """The words of a reader; None where the plan is not kept in them, or in no others."""
    kept = row.body.get("told", {}).get(language)
    return Told.model_validate(kept) if kept else None


def _reads(row: PlanRow, language: str) -> str:
    """In one language all that is told of a plan: the reader's, if the plan is kept in it."""
    return language if _told(row, language) else str(row.body.get("language") or "en")


def rehearsal_view(
    row: PlanRow, rehearsal: RehearsalRow | None, language: str = ""
) -> RehearsalView:
    """In the language of all that is read with it."""
    language = _reads(row, language)
    cannot_know = SENTENCES.said("cannot_know").told(language)
    if rehearsal is None:
        key = "not_rehearsed" if row.body.get("wish", True) else "not_rehearsed_so"
        said = SENTENCES.said(key, plan=row.id).told(language)
        return RehearsalView(outcome="not_rehearsed", said=said, cannot_know="")
    at, why = f"{rehearsal.at:%Y-%m-%d %H:%M}", Said.kept(rehearsal.body.get("why_in"))
    said = (SENTENCES.said(f"rehearsed_{rehearsal.outcome}", at=at) + why).told(language)
    return RehearsalView(
        outcome=rehearsal.outcome, at=rehearsal.at, said=said, cannot_know=cannot_know
    )


def plan_line(row: PlanRow, status: str, language: str = "") -> PlanLine:
    told = _told(row, language)
    return PlanLine(
        plan_id=row.id,
        title=told.title if told else str(row.body["view"]["title"]),
        fix=row.fix,
        status=status,
        risk=row.level,
        target=Target(kind=row.kind, namespace=row.namespace, name=row.name),
        requester=row.requester,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
