"""autofix_rehearse: a plan tried on a copy of the cluster, before anybody is asked about it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

from core.clock import utc_now
from core.errors import Conflict, OpsError, UpstreamUnavailable
from core.principal import Principal
from core.redaction import redact_fields
from core.sentences import Said
from core.storage.fix_records import PlanRow, RehearsalRow
from mcp_servers.autofix.changes import Wait
from mcp_servers.autofix.desk import Desk
from mcp_servers.autofix.executing import kept_why
from mcp_servers.autofix.packing import write_of
from mcp_servers.autofix.plans import PlanId, rehearsed, status_of
from mcp_servers.autofix.refusing import SENTENCES
from mcp_servers.autofix.seals import seal_of_rehearsal
from mcp_servers.autofix.shapes import RehearsalView, rehearsal_view
from mcp_servers.backends import Rehearse
from mcp_servers.engines.canonical import canonical

DIFFERS, IN_VAIN = "differs", "unknown"
PREFIX = "rehearsal "
# What is new each time it is planned and says nothing of what is planned.
VOLATILE = frozenset({"kubectl.kubernetes.io/restartedAt"})


async def autofix_rehearse(
    plan_id: PlanId, wait_s: Wait = 45, *, desk: Desk, caller: Principal
) -> RehearsalView:
    """Try a plan on a copy of the cluster. The live one is only read.

    What became of it stands with the plan from then on. Call it again while it is running.
    """
    row = await desk.plan(plan_id, caller)
    name = f"{PREFIX}{row.id}"
    task = desk.desk.tasks.get(name)
    if task is None:
        rehearse = _allowed(desk, row)
        task = asyncio.create_task(_rehearse(desk, row, rehearse), name=name)
        desk.desk.tasks[name] = task
        task.add_done_callback(lambda _: desk.desk.tasks.pop(name, None))
    await asyncio.wait([task], timeout=wait_s)
    view = rehearsal_view(row, await rehearsed(desk, row))
    if task.done():
        return view
    said = SENTENCES.said("rehearsal_running").told(str(row.body.get("language") or "en"))
    return view.model_copy(update={"outcome": "running", "at": None, "said": said})


def _allowed(desk: Desk, row: PlanRow) -> Rehearse:
    """Raises when it cannot be tried here, not any more, or not now."""
    if desk.desk.rehearse is None:
        raise SENTENCES.error(UpstreamUnavailable, "cannot_rehearse")
    status = status_of(row, utc_now())
    if status not in ("proposed", "approved") or "wish" not in row.body:
        raise SENTENCES.error(Conflict, "closed", plan=row.id, status=status)
    if row.body["wish"] is None:
        raise SENTENCES.error(Conflict, "not_rehearsed_so", plan=row.id)
    for name in desk.desk.tasks:
        if name.startswith(PREFIX):
            raise SENTENCES.error(Conflict, "rehearsing_another", plan=name.removeprefix(PREFIX))
    return desk.desk.rehearse


async def _rehearse(desk: Desk, row: PlanRow, rehearse: Rehearse) -> None:
    try:
        told = await rehearse(row.body["wish"])
    except OpsError as error:
        why = SENTENCES.said("rehearsed_in_vain", why=error)
        outcome, body = IN_VAIN, kept_why(why)
    else:
        outcome, body = _outcome(row, told)
    found = RehearsalRow(row.id, outcome, utc_now(), body, "")
    seal = seal_of_rehearsal(desk.desk.key, row, found)
    await desk.store.put_rehearsal(RehearsalRow(row.id, outcome, found.at, body, seal))
    await desk.trail.record(
        subject="midwatch", action="autofix.rehearsal", target=row.id, outcome=outcome, detail={}
    )


def _outcome(row: PlanRow, told: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """How it went, and what is told of that."""
    plan, change = told["plan"], told.get("change")
    if change is None:
        refused: dict[str, Any] = plan.get("refused") or {}
        said = f"{refused.get('message', '')} {refused.get('hint', '')}".strip()
        # The copy was asked in the plan's own language.
        return "refused", kept_why(Said("", {"en": said, str(row.body.get("language")): said}))
    if _pressed(plan["steps"]) != _planned(row):
        return DIFFERS, kept_why(Said())
    why = Said.kept(change.get("detail_in"))
    return str(change["status"]), kept_why(why)


def _planned(row: PlanRow) -> str:
    writes = [write_of(step["write"]) for step in row.body["plan"]["steps"]]
    return canonical([_essence(one.verb.value, one.target.name, one.body) for one in writes])


def _pressed(steps: Sequence[Mapping[str, Any]]) -> str:
    """The same of a plan as it is shown."""
    return canonical([_essence(one["verb"], one["target"]["name"], one["patch"]) for one in steps])


def _essence(verb: str, name: str, body: Any) -> list[Any]:
    return [verb, name, redact_fields(_lasting(body))]


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value).items()
        return {key: _lasting(one) for key, one in pairs if key not in VOLATILE}
    if isinstance(value, list):
        return [_lasting(one) for one in cast("list[Any]", value)]
    return value
