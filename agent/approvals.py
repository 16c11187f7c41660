"""What a person is asked before a tool changes something, and what they said."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import uuid4

from agent.toolbox import HELD_BACK, NOT_AFTER, Call
from core.clock import utc_now
from core.errors import Conflict, NotFound, OpsError
from core.principal import Principal
from mcp_servers.client import Sessions, Tools, ToolSpec

PLAN, CHANGE, APPROVE = "autofix_get_plan", "autofix_get_change", "autofix_approve"
# Of a plan: nothing more can come of it, or it is being carried out.
OVER = ("taken", "denied", "expired")
LEVELS = ("", "low", "medium", "high", "critical")
REASON_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Approval:
    """One call that waits for a person. `typed` is what they must type for a high risk, if anything.

    What is done (`actions`), to which `objects` of which `cluster`, `diff`, `facts`, `risk`, `approvers`,
    how it went on a copy of the cluster and what that `cannot_know` are those of the stored plan,
    when the call carries out one.
    """

    id: str
    call_id: str
    server: str
    tool: str
    arguments: dict[str, Any]
    expires_at: datetime
    subagent_run_id: str = ""
    plan_id: str = ""
    risk: str = ""
    facts: tuple[str, ...] = ()
    diff: str = ""
    approvers: str = ""
    typed: str = ""
    problem: str = ""
    rehearsal: str = ""
    cannot_know: str = ""
    cluster: str = ""
    objects: str = ""
    actions: tuple[str, ...] = ()

    @property
    def expired(self) -> bool:
        return utc_now() >= self.expires_at

    def shape(self) -> dict[str, Any]:
        """Plain values, as doors tell it and as it is kept."""
        told = asdict(self)
        lists = {"facts": list(self.facts), "actions": list(self.actions)}
        return {**told, **lists, "expires_at": self.expires_at.isoformat()}

    @classmethod
    def of(cls, shape: Mapping[str, Any]) -> "Approval":
        given: dict[str, Any] = {**shape, "facts": tuple(shape["facts"])}
        given["actions"] = tuple(shape.get("actions") or ())
        given["expires_at"] = datetime.fromisoformat(given["expires_at"])
        return cls(**given)


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's answer to one approval, made at a door; with `reason`, why they said no."""

    approval_id: str
    approved: bool
    typed: str = ""
    reason: str = ""


def why_not(said: object) -> str:
    """A reason as it is kept: of a longer one the first `REASON_CHARACTERS`."""
    return str(said or "").strip()[:REASON_CHARACTERS].rstrip()


@dataclass(frozen=True, slots=True)
class People:
    """How a turn asks people: not at all when its door cannot carry a question to one."""

    possible: bool = False
    wait: timedelta = field(default=timedelta(minutes=15))


async def asked_for(
    call: Call, spec: ToolSpec, tools: Tools, wait: timedelta, language: str
) -> Approval | None:
    """The question about one call; with the plan that it names, if it names one. None when there is no
    such plan or change, or it is over: nobody is asked for what the server will not do.

    `language` is that of whoever is asked, for why a plan cannot be shown.
    """
    bare = Approval(
        id=f"apr_{uuid4().hex[:16]}",
        call_id=call["id"],
        server=spec.server,
        tool=spec.name,
        arguments=call["args"],
        expires_at=utc_now() + wait,
    )
    plan_id, change_id = (str(call["args"].get(one) or "") for one in ("plan_id", "change_id"))
    if spec.server != "autofix" or not (plan_id or change_id):
        return bare
    try:
        if change_id:
            return await _with_way_back(bare, change_id, tools)
        plan = (await tools.call(PLAN, plan_id=plan_id)).data
    except NotFound:
        return None
    except OpsError as error:
        return replace(bare, plan_id=plan_id, problem=error.told(language))
    if str(plan.get("status") or "") in OVER:
        return None
    return _with_plan(replace(bare, plan_id=plan_id), plan)


async def _with_way_back(bare: Approval, change_id: str, tools: Tools) -> Approval | None:
    """What taking a change back would do. The way back was approved with the change itself, so
    nothing is noted with its plan, whose time is over."""
    change = (await tools.call(CHANGE, change_id=change_id)).data
    if str(change.get("status") or "verified") != "verified":
        return None
    plan = (await tools.call(PLAN, plan_id=str(change["plan_id"]))).data
    shown = _with_plan(bare, {**plan, "approval": {}, "rehearsal": {}})
    return replace(shown, diff=reversed_diff(shown.diff), actions=())


def _with_plan(bare: Approval, plan: Mapping[str, Any]) -> Approval:
    steps = _dicts(plan.get("steps"))
    risks = [_dict(step.get("risk")) for step in steps]
    levels = [str(plan.get("risk") or ""), *(str(one.get("level", "")) for one in risks)]
    level = max(levels, key=_height)
    facts = dict.fromkeys(str(fact) for one in risks for fact in _list(one.get("facts")))
    asked, tried = _dict(plan.get("approval")), _dict(plan.get("rehearsal"))
    names = [str(_dict(step.get("target")).get("name", "")) for step in steps]
    is_typed = bool(asked.get("typed_name")) or _height(level) >= _height("high")
    return replace(
        bare,
        risk=level,
        facts=tuple(facts),
        diff="\n".join(str(step["diff"]) for step in steps if step.get("diff")),
        approvers=str(asked.get("approvers") or ""),
        rehearsal=str(tried.get("said") or ""),
        cannot_know=str(tried.get("cannot_know") or ""),
        cluster=str(plan.get("cluster") or ""),
        objects=", ".join(dict.fromkeys(_object(step) for step in steps)),
        actions=tuple(str(step["action"]) for step in steps if step.get("action")),
        typed=next((name for name in names if name), "") if is_typed else "",
        expires_at=min(bare.expires_at, _time(asked.get("expires_at")) or bare.expires_at),
    )


def reversed_diff(diff: str) -> str:
    """The diff of the way back: what was added goes, what went comes again."""
    lines: list[str] = []
    gone: list[str] = []
    come: list[str] = []
    for line in [*diff.splitlines(), ""]:
        if line[:3] in ("+++", "---") or line[:1] not in ("+", "-"):
            lines += [*gone, *come, line]
            gone, come = [], []
        elif line[0] == "+":
            gone.append(f"-{line[1:]}")
        else:
            come.append(f"+{line[1:]}")
    return "\n".join(lines[:-1])


def _object(step: Mapping[str, Any]) -> str:
    target = _dict(step.get("target"))
    place = "/".join(str(target[one]) for one in ("namespace", "name") if target.get(one))
    return f"{target.get('kind', '')} {place}".strip()


def verdict(approval: Approval, decisions: Mapping[str, Decision]) -> str:
    """approved, denied, expired or mistyped; without a decision it is denied."""
    decision = decisions.get(approval.id)
    if approval.expired:
        return "expired"
    if decision is None or not decision.approved:
        return "denied"
    return "mistyped" if approval.typed and decision.typed.strip() != approval.typed else "approved"


# The server does not take a person's yes.
REFUSED = "refused"
SENTENCES: Mapping[str, str] = {
    "denied": "A person said no: this was not done. Do not ask for it again in this turn.",
    "expired": "Nobody said yes in time: this was not done.",
    "mistyped": "The name that confirms a high risk was not typed correctly: this was not done.",
    HELD_BACK: NOT_AFTER,
    "cannot_ask": "This needs a person's yes, and nobody can be asked here: it was not done. "
    "Say that it can be done from the chat page or with `midwatch ask --thread`.",
    "unknown": "Midwatch was ended while this was being done, so whether it was done is not known. "
    "It was not tried again. Look at the present state before anything else.",
}


async def record_approval(
    approval: Mapping[str, Any], sessions: Sessions, person: Principal, typed: str
) -> None:
    """Have the tool server note the person's yes to a stored plan, in that person's own name.

    Raises what the server says when this person may not. That somebody decided before is not
    decided here: the server knows which decision holds.
    """
    if not approval["plan_id"]:
        return
    arguments = {"plan_id": approval["plan_id"], "typed_name": typed}
    try:
        await Tools(sessions, person).call(APPROVE, **arguments)
    except Conflict:
        return


def _height(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else 0


def _dict(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _list(value: object) -> Sequence[Any]:
    return cast("Sequence[Any]", value) if isinstance(value, list) else ()


def _dicts(value: object) -> list[dict[str, Any]]:
    return [_dict(one) for one in _list(value)]


def _time(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at if at and at.tzinfo else None
