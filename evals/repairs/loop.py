"""One case through the whole loop, as an assistant goes it: investigate, plan, approve, apply, look."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import OpsError
from evals.repairs.everything import Objects, everything, owner_of
from evals.repairs.harm import Applied, harm, incomplete
from evals.repairs.people import People
from evals.truth import Named, Said

Json = dict[str, Any]
WAIT_S = 120
# After it is called mended, so that a fault that comes back is seen.
LATER_S = 1.5
CAUSES = 3


@dataclass
class Ran:
    """What came of one case. `refused` are the plans that were not made, in the order asked."""

    done: list[Applied] = field(default_factory=list[Applied])
    changes: list[Json] = field(default_factory=list[Json])
    refused: list[Json] = field(default_factory=list[Json])
    left: list[str] = field(default_factory=list[str])  # of what was called mended
    harmed: list[str] = field(default_factory=list[str])
    error: str = ""


async def go(people: People, kubeconfig: Path, said: Said) -> Ran:
    """What the case asks for, or its causes one after the other, up to the first that is not mended."""
    ran = Ran()
    before = await asyncio.to_thread(everything, kubeconfig)
    try:
        causes, asked = await _asked(people, said)
        for one in asked[:CAUSES]:
            if not await _repaired(people, one, before, ran):
                break
        if ran.changes and ran.changes[-1]["status"] == "verified":
            await asyncio.sleep(LATER_S)
            ran.left = await _still_there(people, causes, ran)
    except OpsError as error:
        ran.error = str(error)
    after = await asyncio.to_thread(everything, kubeconfig)
    ran.harmed = harm(before, after, ran.done)
    ran.left += incomplete(after, ran.done)
    return ran


async def _asked(people: People, said: Said) -> tuple[list[Json], list[Json]]:
    """The causes, and what plans are asked for."""
    if said.asked:
        return [], [said.asked]
    scope = said.scope.model_dump()
    causes: list[Json] = (await people.ask("rca_investigate", **scope))["root_causes"]
    return causes, [one["resource"] for one in causes]


async def _repaired(people: People, asked: Json, before: Objects, ran: Ran) -> bool:
    """Whether the next may be looked at: this one was mended, or nothing was done."""
    plan = await _planned(people, asked)
    if plan["refused"]:
        ran.refused.append(plan)
        return True
    await people.approve(plan)
    change = await people.ask("autofix_apply", plan_id=plan["plan_id"], wait_s=WAIT_S)
    ran.changes.append(change)
    target = _ref(change["target"])
    about = owner_of(before, target) if target in before else target
    ran.done.append(Applied(plan["fix"], change["status"], about, plan["steps"]))
    return change["status"] == "verified"


async def _planned(people: People, asked: Json) -> Json:
    try:
        return await people.ask("autofix_plan", **asked)
    except OpsError as error:
        return {"fix": "", "refused": {"code": error.code, "message": str(error)}, "steps": []}


async def _still_there(people: People, causes: Sequence[Json], ran: Ran) -> list[str]:
    """Causes on what was changed that are found again."""
    again = await people.ask("rca_list_findings")
    found = {(one["rule"], _ref(one["resource"])) for one in again["findings"] if one["fault"]}
    changed = {_ref(one["target"]) for one in ran.changes}
    return [
        f"{one['rule']} is back"
        for one in causes
        if _ref(one["resource"]) in changed and (one["rule"], _ref(one["resource"])) in found
    ]


def _ref(resource: Json) -> Named:
    return str(resource["kind"]), str(resource.get("namespace") or ""), str(resource["name"])
