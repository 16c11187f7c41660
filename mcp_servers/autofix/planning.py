"""From a finding or a wish to a plan: repair, guards, preflight, dry run, diff and risk."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from core.errors import Conflict, NotFound, OpsError
from core.principal import Principal
from mcp_servers.autofix.desk import Desk, Sighting
from mcp_servers.autofix.refusing import SENTENCES, Language, told
from mcp_servers.autofix.shapes import (
    CheckView,
    ProposalView,
    Refused,
    RiskView,
    StepView,
    Target,
)
from mcp_servers.autofix.telling import Telling
from mcp_servers.autofix.writing import TRIES
from mcp_servers.backends.kubernetes_writing import RIGHTS
from mcp_servers.engines.faults import is_fault
from mcp_servers.engines.fields import text
from mcp_servers.engines.fingerprints import fingerprint
from mcp_servers.engines.fixes import requested
from mcp_servers.engines.fixes.choosing import chosen
from mcp_servers.engines.guards import never, out_of_bounds, size, too_soon
from mcp_servers.engines.marks import after_write, mark
from mcp_servers.engines.object_diff import diff
from mcp_servers.engines.preflight import preflight
from mcp_servers.engines.risks import assess
from mcp_servers.facts.findings import Finding
from mcp_servers.facts.fixes import Advice, Level, Plan, Proposal, Repair, Request, Step, Write
from mcp_servers.facts.guards import Refusal
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource

# What a person may ask for, and the fix that does it.
CHANGES = {
    **{
        one: f"fix.{one}"
        for one in ("scale", "restart", "rollback", "cordon", "uncordon", "drain", "resume")
    },
    "rerun": "fix.job_rerun",
    "evict": "fix.evict_pod",
    "pin": "fix.pin_digest",
    "expire": "fix.ttl",
    "rightsize": "fix.rightsize",
}
WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "may": "Midwatch's account may do this ({what}).",
        "may_not": "Midwatch's account may not do this ({what}).",
        "accepted": "The API server accepts it in a dry run.",
        "no_change": "{object} is like that already.",
    },
    "zh": {
        "may": "Midwatch 的账号有此权限（{what}）。",
        "may_not": "Midwatch 的账号没有此权限（{what}）。",
        "accepted": "API 服务器试运行通过。",
        "no_change": "{object} 现在已经是这样。",
    },
}
NODE_CHANGES = frozenset({"cordon", "uncordon", "drain"})
KINDS_CHANGED = {**dict.fromkeys(NODE_CHANGES, ("Node",)), "evict": ("Pod",)}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks to be changed: a finding, an object with a finding, or a named change."""

    finding: str = ""
    namespace: str = ""
    kind: str = ""
    name: str = ""
    change: str = ""
    replicas: int | None = None
    revision: int = 0
    language: Language = "en"


@dataclass(slots=True)
class Draft:
    """A plan while it is made; `refused` ends it."""

    repair: Repair
    sighting: Sighting
    finding: Finding | None
    who: str = ""
    steps: list[StepView] = field(default_factory=list[StepView])
    marks: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    checks: list[CheckView] = field(default_factory=list[CheckView])
    level: Level = Level.LOW
    refused: Refused | None = None
    proposal: ProposalView | None = None

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.finding) if self.finding else ""


async def drafted(desk: Desk, caller: Principal, wanted: Wanted) -> Draft:
    """All of a plan but its record. Raises `NotFound` when there is nothing of that name."""
    draft = await _thought_out(desk, caller, wanted)
    draft.who = caller.subject
    words = Telling(wanted.language)
    match draft.repair:
        case Advice() as advice:
            draft.refused = Refused(code="advice", reason=advice.why, message=words.advice(advice))
        case Proposal() as proposal:
            draft.refused = Refused(
                code="proposal", reason=proposal.why, message=words.proposal(proposal)
            )
            draft.proposal = _proposed(proposal)
        case Plan() as plan:
            draft.repair = _as_policy_waits(plan, desk.policy.limits.settle)
            await _examined(desk, draft.repair, draft, words)
    return draft


def _as_policy_waits(plan: Plan, settle: timedelta | None) -> Plan:
    """The policy may say for all plans how long a finding has to stay gone."""
    return plan if settle is None else replace(plan, settle=settle)


async def _thought_out(desk: Desk, caller: Principal, wanted: Wanted) -> Draft:
    protected = desk.policy.protected
    if wanted.change:
        scope = "" if wanted.change in NODE_CHANGES else wanted.namespace
        sighting = await desk.looker.look(caller, namespace=scope)
        target = _target(sighting, wanted)
        weeks = wanted.change == "rightsize"
        sighting = await sighting.for_repairs(target.namespace, weeks=weeks)
        ask = Request(CHANGES[wanted.change], target, wanted.replicas, wanted.revision)
        return Draft(requested(ask, sighting.cluster, protected=protected), sighting, None)
    sighting = await desk.looker.look(
        caller, namespace=wanted.namespace, kind=wanted.kind, name=wanted.name
    )
    causes, others = _found(sighting, wanted.finding)
    first = (*causes, *others)[0]
    behind: Sequence[Finding] = () if wanted.finding else sighting.behind
    sighting = await sighting.for_repairs(first.resource.namespace or wanted.namespace)
    finding, way = chosen(causes, others, behind, sighting.cluster, protected=protected)
    return Draft(way, sighting, finding)


def _target(sighting: Sighting, wanted: Wanted) -> Ref:
    """The one object meant. Raises `Conflict` when the name fits several."""
    workloads = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job")
    kinds = KINDS_CHANGED.get(wanted.change, workloads)
    fitting = [
        one.ref
        for kind in kinds
        for one in sighting.cluster.all(kind)
        if one.name == wanted.name
        and wanted.kind.lower() in ("", one.kind.lower())
        and (one.kind == "Node" or wanted.namespace in ("", one.namespace))
    ]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        about = {
            "name": wanted.name,
            "change": SENTENCES.said(f"asked_{wanted.change}"),
            "namespace": wanted.namespace,
        }
        key = "nothing_called_in" if wanted.namespace else "nothing_called"
        raise SENTENCES.error(NotFound, key, **about)
    listed = ", ".join(str(one) for one in fitting)
    raise SENTENCES.error(Conflict, "several", name=wanted.name, which=listed)


def _found(sighting: Sighting, wanted: str) -> tuple[Sequence[Finding], Sequence[Finding]]:
    """The finding meant, or the causes and what else is found. Raises `NotFound` when nothing is."""
    if wanted:
        found = [one for one in sighting.findings if _is_called(one, wanted)]
        if not found:
            raise SENTENCES.error(NotFound, "no_finding", finding=wanted)
        return found, ()
    causes = list(dict.fromkeys(sighting.causes))
    others = [one for one in sighting.asked if is_fault(one) and one not in causes]
    if not causes and not others:
        others = list(sighting.asked)
    if not causes and not others:
        raise SENTENCES.error(NotFound, "nothing_wrong")
    return causes, others


def _is_called(finding: Finding, wanted: str) -> bool:
    return len(wanted) >= 6 and fingerprint(finding).startswith(wanted.removeprefix("f-"))


def _proposed(proposal: Proposal) -> ProposalView:
    ref = proposal.target
    return ProposalView(
        target=Target(kind=ref.kind, namespace=ref.namespace, name=ref.name),
        diff=diff(proposal.before, proposal.after),
        manifest=proposal.after,
    )


async def _examined(desk: Desk, plan: Plan, draft: Draft, words: Telling) -> None:
    """Guards first, which cost nothing; then what must be asked of the API server."""
    cluster = draft.sighting.cluster
    refusal = out_of_bounds(plan, cluster, desk.policy)
    if refusal is None and desk.kept:
        past = await desk.past()
        wanted = size(plan, cluster)
        refusal = too_soon(
            plan, draft.fingerprint, wanted, past, cluster.now, desk.policy, who=draft.who
        )
    if _refused(draft, refusal, words):
        return
    known = preflight(plan, cluster, protected=desk.policy.protected)
    draft.checks += [
        CheckView(check=one.check, ok=one.ok, detail=words.check(one)) for one in known
    ]
    draft.checks += await _access(desk, plan.steps, words.language)
    if not _stopped_by(draft):
        for n, step in enumerate(plan.steps, 1):
            await _tried(desk, plan, n, step, draft, words)
    if not _stopped_by(draft):  # only now is it known how much is risked
        _refused(draft, never(plan, draft.level, desk.policy), words)


def _refused(draft: Draft, refusal: Refusal | None, words: Telling) -> bool:
    if refusal:
        message, hint = told(refusal, words.language)
        draft.refused = Refused(code=refusal.key, message=message, hint=hint)
    return refusal is not None


def _stopped_by(draft: Draft) -> bool:
    failed = next((one for one in draft.checks if not one.ok), None)
    if failed and not draft.refused:
        draft.refused = Refused(code=f"preflight_{failed.check}", message=failed.detail)
    return draft.refused is not None


async def _access(desk: Desk, steps: Sequence[Step], language: Language) -> list[CheckView]:
    """Whether our account may do each write and take each back."""
    writes = [one for step in steps for one in (step.write, step.inverse) if one]
    rights = {(one.verb, one.target.kind, one.target.namespace): one for one in writes}
    return [await _access_to(desk, one, language) for one in rights.values()]


async def _access_to(desk: Desk, write: Write, language: Language) -> CheckView:
    place = f" {write.target.namespace}" if write.target.namespace else ""
    verb, part = RIGHTS[write.verb]
    what = f"{verb} {write.target.kind}{f'/{part}' if part else ''}{place}"
    allowed = await desk.writing.may(write)
    told = WORDS[language]["may" if allowed else "may_not"].format(what=what)
    return CheckView(check="access", ok=allowed, detail=told)


async def _tried(desk: Desk, plan: Plan, n: int, step: Step, draft: Draft, words: Telling) -> None:
    """Try one step dry, and note how the object is before and would be after."""
    try:
        before, answer = await _dry(desk, step.write, draft.sighting.cluster)
    except OpsError as error:
        draft.checks.append(CheckView(check="dry_run", ok=False, detail=error.told(words.language)))
        return
    after = after_write(step.write, before, answer)
    marks = {"before": mark(step.write, before), "after": mark(step.write, after)}
    if marks["before"] == marks["after"]:
        detail = WORDS[words.language]["no_change"].format(object=step.write.target)
        draft.checks.append(CheckView(check="dry_run", ok=False, detail=detail))
        return
    accepted = WORDS[words.language]["accepted"]
    draft.checks.append(CheckView(check="dry_run", ok=True, detail=accepted))
    risk = assess(plan, step, before, after, draft.sighting.cluster)
    draft.level = max(draft.level, risk.level, key=lambda one: one.weight)
    draft.marks.append(marks)
    facts = [words.fact(key, params) for key, params in risk.facts]
    view = RiskView(level=risk.level.value, facts=facts)
    draft.steps.append(_step_view(n, step, words.action(step), diff(before, after), view))


async def _dry(desk: Desk, write: Write, cluster: Cluster) -> tuple[Json | None, Json]:
    """The object as it is, and as it would be. That its status moves on meanwhile, as in any rollout,
    is no obstacle; that somebody changes what is to be written is."""
    seen = cluster.get(write.target)
    for _ in range(TRIES - 1):
        live = await desk.writing.found(write.target)
        now = _same_but_newer(write, seen, live)
        with suppress(Conflict):
            return live.raw if live else None, await desk.writing.try_dry(now)
    live = await desk.writing.found(write.target)
    now = _same_but_newer(write, seen, live)
    return live.raw if live else None, await desk.writing.try_dry(now)


def _same_but_newer(write: Write, seen: Resource | None, live: Resource | None) -> Write:
    if seen is None or live is None or mark(write, seen.raw) != mark(write, live.raw):
        return write
    return replace(write, resource_version=text(live.metadata, "resourceVersion"))


def _step_view(n: int, step: Step, action: str, shown: str, risk: RiskView) -> StepView:
    ref, write = step.write.target, step.write
    inverse: dict[str, Any] | None = None
    if step.inverse:
        inverse = {"verb": step.inverse.verb.value, "patch": dict(step.inverse.body)}
    return StepView(
        n=n,
        action=action,
        target=Target(
            kind=ref.kind,
            namespace=ref.namespace,
            name=ref.name,
            uid=write.uid,
            resource_version=write.resource_version,
        ),
        verb=write.verb.value,
        patch=dict(write.body),
        diff=shown,
        inverse=inverse,
        risk=risk,
    )
