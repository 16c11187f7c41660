"""The JSON of a batch, and its report in Markdown."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from pydantic import BaseModel, Field

from core.sentences import Said
from core.storage.fix_records import BatchRow, ChangeRow, PlanRow
from mcp_servers.autofix.lines import WORDS
from mcp_servers.autofix.refusing import SENTENCES, Language
from mcp_servers.autofix.shapes import Target
from mcp_servers.paging import Page

WAITING, RUNNING, STOPPED, LEFT = "waiting", "running", "stopped", "left"


class BatchItem(BaseModel):
    plan_id: str
    change_id: str = ""
    status: str = Field(description="waiting, or as its change stands.")
    fix: str = ""
    target: Target | None = None


class BatchView(BaseModel):
    batch_id: str
    status: str = Field(
        description="running | done | stopped | left (its process is gone; call it again)"
    )
    applier: str = Field(description="Who had it carried out.")
    started_at: datetime
    finished_at: datetime | None
    items: list[BatchItem]
    ended: bool = Field(description="Nothing of it is carried out now.")
    stopped_at: str = Field(default="", description="The plan it did not get past.")
    stopped: str = Field(default="", description="Why what waits is not carried out.")
    stopped_in: dict[str, str] = Field(default={}, description="The same by language.")

    def as_text(self) -> str:
        lines = [f"{one.plan_id} {one.change_id or '-'} {one.status}" for one in self.items]
        state = self.stopped or ("" if self.ended else "under way; call it again with these plans")
        return "\n".join([f"{self.batch_id} {self.status}", *lines, *([state] if state else [])])


class BatchLine(BaseModel):
    batch_id: str
    status: str
    applier: str
    plans: int
    started_at: datetime
    finished_at: datetime | None


class BatchPage(Page[BatchLine]):
    sorts_by = ("status", "applier", "plans", "started_at", "finished_at")

    def as_text(self) -> str:
        lines = (
            f"{one.batch_id} {one.started_at:%Y-%m-%d %H:%M} {one.status} {one.plans} plans"
            for one in self.rows
        )
        return self.told(f"batches: {self.shown}", lines)


class BatchReport(BaseModel):
    batch_id: str
    markdown: str

    def as_text(self) -> str:
        return self.markdown


def status_of(row: BatchRow, now: datetime) -> str:
    """As it is kept; a runner that was not heard of in time has left it."""
    return LEFT if row.status == RUNNING and now >= row.lease_until else row.status


def batch_view(
    row: BatchRow, plans: Sequence[PlanRow], changes: Mapping[str, ChangeRow], now: datetime
) -> BatchView:
    status = status_of(row, now)
    why = SENTENCES.said("batch_left") if status == LEFT else Said.kept(row.body.get("why_in"))
    return BatchView(
        batch_id=row.id,
        status=status,
        applier=row.applier,
        started_at=row.started_at,
        finished_at=row.finished_at,
        items=[_item(one, changes.get(one.id)) for one in plans],
        ended=status != RUNNING,
        stopped_at=str(row.body.get("stopped_at") or ""),
        stopped=str(why),
        stopped_in=dict(why.texts),
    )


def _item(plan: PlanRow, change: ChangeRow | None) -> BatchItem:
    target = Target(kind=plan.kind, namespace=plan.namespace, name=plan.name)
    about = BatchItem(plan_id=plan.id, status=WAITING, fix=plan.fix, target=target)
    if change is None:
        return about
    return about.model_copy(update={"change_id": change.id, "status": change.status})


def batch_line(row: BatchRow, now: datetime) -> BatchLine:
    return BatchLine(
        batch_id=row.id,
        status=status_of(row, now),
        applier=row.applier,
        plans=len(row.plans),
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def batch_report(view: BatchView, language: Language) -> str:
    """A batch for people to file; each of its changes has a report of its own."""
    return "\n".join(_lines(view, language))


def _lines(view: BatchView, language: Language) -> Iterator[str]:
    start, end = (_time(one) for one in (view.started_at, view.finished_at))
    result = WORDS.said(f"batch_{view.status}")
    why = view.stopped_in.get(language) or view.stopped
    yield f"# {WORDS.said('batch', batch=view.batch_id).told(language)}"
    yield ""
    yield f"- {WORDS.said('applied', who=view.applier).told(language)}"
    ended = end if end else WORDS.said("now")
    yield f"- {WORDS.said('time', start=start, end=ended).told(language)}"
    yield f"- {WORDS.said('result', status=result, why=why).told(language)}".rstrip()
    yield ""
    for n, one in enumerate(view.items, 1):
        status = WORDS.said("waiting") if one.status == WAITING else None
        told = status or SENTENCES.said(f"status_{one.status}")
        target = one.target or Target(kind="", namespace="", name="")
        where = f"{target.kind} {target.namespace}/{target.name}"
        change = f" ({one.change_id})" if one.change_id else ""
        yield f"{n}. {one.plan_id} {one.fix}, {where}: {told.told(language)}{change}"


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else ""
