"""What workflow engines say of an alert that they were told of by a signed webhook."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Conflict, NotFound
from core.links import WebAddress
from core.principal import Principal
from core.redaction import redact_fields
from core.storage.alert_records import StepRow
from mcp_servers.alerting.alerts import Id, in_sight
from mcp_servers.alerting.sentences import SENTENCES
from mcp_servers.backends.alert_desk import Desk

if TYPE_CHECKING:
    from core.storage.kept_alerts import AlertTables

STEP = "workflow"
# A workflow that reports in a loop fills nobody's record.
MOST_REPORTS = 100


class WorkflowNoted(BaseModel):
    alert_id: str
    noted: bool = Field(description="False: this run had said the same already.")

    def as_text(self) -> str:
        return "noted" if self.noted else "known already"


async def alerting_note_workflow(
    alert_id: Id,
    workflow: Annotated[str, Field(min_length=1, max_length=100, description="Its name.")],
    run: Annotated[str, Field(min_length=1, max_length=200, description="The engine's id of it.")],
    status: Literal["started", "done", "failed"],
    text: Annotated[str, Field(max_length=4000, description="What came of it.")] = "",
    url: Annotated[WebAddress, Field(description="Where to see it.")] = "",
    *,
    desk: Desk,
    caller: Principal,
) -> WorkflowNoted:
    """Note in the record of an alert what a workflow did about it. Said twice, it is noted once."""
    async with desk.session() as tables:
        # In turn: an engine that got no answer says it again, maybe while the first is being written.
        await tables.alerts.take_turn()
        row = (await tables.alerts.episodes([alert_id])).get(alert_id)
        if row is None or not in_sight(caller, row.labels):
            raise SENTENCES.error(NotFound, "no_alert", alert_id=alert_id)
        reported = await _reported(tables, alert_id)
        if (workflow, run, status) in reported:
            return WorkflowNoted(alert_id=alert_id, noted=False)
        if len(reported) >= MOST_REPORTS:
            raise SENTENCES.error(Conflict, "too_many_reports", most=MOST_REPORTS)
        told = {"workflow": workflow, "run": run, "text": text, "url": url, "by": caller.subject}
        detail = redact_fields({name: value for name, value in told.items() if value})
        await tables.alerts.note([StepRow(alert_id, utc_now(), STEP, status, detail)])
    return WorkflowNoted(alert_id=alert_id, noted=True)


async def _reported(tables: "AlertTables", alert_id: str) -> set[tuple[str, str, str]]:
    steps = await tables.alerts.steps(alert_id)
    return {
        (str(one.detail.get("workflow")), str(one.detail.get("run")), one.outcome)
        for one in steps
        if one.step == STEP
    }
