"""From a finding or a wish to a plan: repair, guards, preflight, dry run, diff and risk."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import Any

from core.errors import Conflict, NotFound, OpsError
from core.principal import Principal
from core.sentences import Said
from mcp_servers.autofix.amounts import asked_amounts, counted
from mcp_servers.autofix.desk import Desk, Sighting
from mcp_servers.autofix.refusing import SENTENCES, Language, told
from mcp_servers.autofix.shapes import (
    CheckView,
    ProposalView,
    Refused,
    RiskView,
    StepView,
    Target,
    Told,
)
from mcp_servers.autofix.telling import BOTH, Telling, in_both
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
from mcp_servers.engines.settling import desired_replicas
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
    "resources": "fix.set_resources",
}
# What is judged by the use of the last two weeks.
BY_USE = frozenset({"rightsize", "resources"})
WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "may": "{who} may do this ({what}).",
        "may_not": "{who} may not do this ({what}).",
        "itself": "Midwatch's account",
        "person": "{user}",
        "accepted": "The API server accepts it in a dry run.",
        "no_change": "{object} is like that already.",
    },
    "zh": {
        "may": "{who}有此权限（{what}）。",
        "may_not": "{who}没有此权限（{what}）。",
        "itself": "Midwatch 的账号",
        "person": "{user} ",
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
    resources: tuple[str, ...] = ()
    container: str = ""

    def request(self, target: Ref) -> Request:
        """The named change, of this object."""
        amounts = asked_amounts(self.resources) if self.change == "resources" else ()
        fix = CHANGES[self.change]
        return Request(fix, target, self.replicas, self.revision, amounts, self.container)

    def counted_from(self, live: Resource | None) -> "Wanted":
        """The same with how many there shall be, where it was told as so many more or less."""
        if self.change != "scale" or self.replicas is not None or live is None:
            return self
        replicas = counted(self.resources, desired_replicas(live))
        return replace(self, replicas=replicas, resources=())


@dataclass
class Draft:
    """A plan while it is made; `refused` ends it."""

    repair: Repair
    sighting: Sighting
    finding: Finding | None
    who: str = ""
    steps: list[StepView] = field(default_factory=list[StepView])
    told: dict[Language, Told] = field(default_factory=lambda: {one: Told() for one in BOTH})
    marks: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    checks: list[CheckView] = field(default_factory=list[CheckView])
    level: Level = Level.LOW
    refused: Refused | None = None
    proposal: ProposalView | None = None
    object: Resource | None = None
    # How many there shall be, where that is asked for.
    replicas: int | None = None

    @cached_property
    def cluster(self) -> Cluster:
        """As it was seen, with the object that is to be changed where no diagnoser looks at its kind."""
        seen = self.sighting.cluster
        if self.object is None or seen.get(self.object.ref) is not None:
            return seen
        return replace(seen, resources=(*seen.resources, self.object))

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.finding) if self.finding else ""

    def checked(self, check: str, said: Said, language: Language, *, ok: bool) -> None:
        """Note a check, in every language."""
        self.checks.append(CheckView(check=check, ok=ok, detail=said.told(language)))
        for one in BOTH:
            self.told[one].details.append(said.told(one))


async def drafted(desk: Desk, caller: Principal, wanted: Wanted) -> Draft:
    """All of a plan but its record. Raises `NotFound` when there is nothing of that name."""
    draft = await _thought_out(desk, caller, wanted)
    await examined(desk, caller, draft, wanted.language)
    return draft


async def examined(desk: Desk, caller: Principal, draft: Draft, language: Language) -> None:
    """Look at what was thought out, until something refuses it."""
    draft.who = caller.subject
    words = Telling(language)
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


def _as_policy_waits(plan: Plan, settle: timedelta | None) -> Plan:
    """The policy may say for all plans how long a finding has to stay gone."""
    return plan if settle is None else replace(plan, settle=settle)


async def _thought_out(desk: Desk, caller: Principal, wanted: Wanted) -> Draft:
    protected = desk.policy.protected
    if wanted.change:
        scope = "" if wanted.change in NODE_CHANGES else wanted.namespace
        sighting = await desk.looker.look(caller, namespace=scope)
        target = _target(sighting, wanted)
        weeks = wanted.change in BY_USE
        sighting = await sighting.for_repairs(target.namespace, weeks=weeks)
        ask = wanted.counted_from(sighting.cluster.get(target)).request(target)
        way = requested(ask, sighting.cluster, protected=protected)
        return Draft(way, sighting, None, replicas=ask.replicas)
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
    cluster = draft.cluster
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
    for one in known:
        said = in_both(lambda words, one=one: words.check(one))
        draft.checked(one.check, said, words.language, ok=one.ok)
    await _access(desk, plan.steps, draft, words.language)
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


async def _access(desk: Desk, steps: Sequence[Step], draft: Draft, language: Language) -> None:
    """Whether our account may do each write and take each back."""
    writes = [one for step in steps for one in (step.write, step.inverse) if one]
    rights = {(one.verb, one.target.kind, one.target.namespace): one for one in writes}
    for one in rights.values():
        allowed = await desk.writing.may(one)
        draft.checked("access", _access_to(desk, one, allowed=allowed), language, ok=allowed)


def _access_to(desk: Desk, write: Write, *, allowed: bool) -> Said:
    place = f" {write.target.namespace}" if write.target.namespace else ""
    verb, part = RIGHTS[write.verb]
    what = f"{verb} {write.target.kind}{f'/{part}' if part else ''}{place}"
    user, answer = desk.writing.user, "may" if allowed else "may_not"
    who = _said("person" if user else "itself", user=user)
    return Said("", {one: WORDS[one][answer].format(what=what, who=who.told(one)) for one in BOTH})


def _said(key: str, **facts: object) -> Said:
    return Said("", {one: WORDS[one][key].format(**facts) for one in BOTH})


async def _tried(desk: Desk, plan: Plan, n: int, step: Step, draft: Draft, words: Telling) -> None:
    """Try one step dry, and note how the object is before and would be after."""
    try:
        before, answer = await _dry(desk, step.write, draft.cluster)
    except OpsError as error:
        draft.checked("dry_run", Said.of(error), words.language, ok=False)
        return
    after = after_write(step.write, before, answer)
    marks = {"before": mark(step.write, before), "after": mark(step.write, after)}
    if marks["before"] == marks["after"]:
        said = _said("no_change", object=step.write.target)
        draft.checked("dry_run", said, words.language, ok=False)
        return
    draft.checked("dry_run", _said("accepted"), words.language, ok=True)
    risk = assess(plan, step, before, after, draft.cluster)
    draft.level = max(draft.level, risk.level, key=lambda one: one.weight)
    draft.marks.append(marks)
    for one in BOTH:
        telling = Telling(one)
        draft.told[one].actions.append(telling.action(step))
        draft.told[one].facts.append([telling.fact(key, params) for key, params in risk.facts])
    own = draft.told[words.language]
    view = RiskView(level=risk.level.value, facts=own.facts[-1])
    draft.steps.append(_step_view(n, step, own.actions[-1], diff(before, after), view))


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
