"""From a draft to steps, if the object may be written here and nobody would undo it."""

from mcp_servers.engines.fingerprints import fingerprint
from mcp_servers.engines.fixes.drafting import Case, Draft, Edit, Outcome, ref_of
from mcp_servers.engines.fixes.in_order import unblocked
from mcp_servers.engines.fixes.standing import disturbs
from mcp_servers.engines.fixes.watching import life_before, watched_for
from mcp_servers.engines.owners import manifest_owner
from mcp_servers.engines.patches import patch_between
from mcp_servers.engines.protection import WRITTEN, forbidden
from mcp_servers.engines.settling import is_terminating
from mcp_servers.facts.fixes import Advice, Plan, Proposal, Repair, Step, Verb, Write
from mcp_servers.facts.kubernetes import Json, Ref, Resource


def finished(case: Case, outcome: Outcome, protected: frozenset[str]) -> Repair:
    """The repair that stands after protection, deletion and owners were looked at.

    A draft for what somebody else owns becomes a proposal; one that would touch what is protected
    becomes advice, and so does a proposal for a protected namespace.
    """
    if isinstance(outcome, Advice):
        return outcome
    targets = _targets(outcome)
    for target in targets:
        if why := forbidden(target, protected):
            return case.advice(why, namespace=target.namespace, kind_named=target.kind)
    if isinstance(outcome, Proposal):
        return outcome
    return _judged(case, outcome)


def _targets(outcome: Draft | Proposal) -> list[Ref]:
    if isinstance(outcome, Proposal):
        return [outcome.target]
    return [_target(one) for one in outcome.edits]


def _target(one: Edit) -> Ref:
    return one.before.ref if one.before else ref_of(one.after or {})


def _judged(case: Case, draft: Draft) -> Repair:
    draft = unblocked(case, draft)
    leaving = [one.before for one in draft.edits if one.before and is_terminating(one.before)]
    if leaving:
        return case.advice("being_deleted", object_named=leaving[0].ref)
    steps = tuple(_step(one) for one in draft.edits)
    if not steps or any(_is_idle(one) for one in steps):
        return case.advice("already_so")
    if why := disturbs(case, draft):
        return why
    if draft.lasting and (owned := _owned(case, draft)):
        return owned
    if (never := _never_written(draft)) and never.after is not None:
        return case.proposal(never.before, never.after, "always_proposed", **never.params)
    life = life_before(case)
    return Plan(
        case.fix,
        case.rule,
        case.target,
        steps,
        draft.base,
        settle=watched_for(life, draft.settle),
        deadline=draft.deadline,
        finding=fingerprint(case.finding) if case.finding else "",
        life=life,
    )


def _is_idle(step: Step) -> bool:
    return step.write.verb in (Verb.STRATEGIC, Verb.MERGE, Verb.SCALE) and not step.write.body


def _never_written(draft: Draft) -> Edit | None:
    return next((one for one in draft.edits if _target(one).kind not in WRITTEN), None)


def _owned(case: Case, draft: Draft) -> Repair | None:
    for one in draft.edits:
        owner = manifest_owner(one.before) if one.before else None
        if owner is not None and one.after is not None:
            return case.proposal(one.before, one.after, f"owned_by_{owner.by}", owner=owner.name)
    return None


def _step(one: Edit) -> Step:
    inverse = _inverse(one) if one.reversible else None
    return Step(one.action, _write(one), inverse, one.params, one.waits)


def _write(one: Edit) -> Write:
    if one.before is None:
        return Write(Verb.CREATE, _target(one), dict(one.after or {}))
    return Write(one.verb, one.before.ref, _body(one), one.before.uid, _version(one.before))


def _body(one: Edit) -> Json:
    if one.before is None or one.after is None:
        return {}
    return patch_between(one.before.raw, one.after, one.before.kind)


def _inverse(one: Edit) -> Write:
    if one.before is None:
        return Write(Verb.DELETE, _target(one))
    body = patch_between(one.after or {}, one.before.raw, one.before.kind)
    return Write(one.verb, one.before.ref, body, one.before.uid)


def _version(resource: Resource) -> str:
    return str(resource.metadata.get("resourceVersion", ""))
