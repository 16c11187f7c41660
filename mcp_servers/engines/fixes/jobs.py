"""`fix.cron`, `fix.job_rerun` and `fix.ttl`: runs that do not begin, failed, or are never cleaned up."""

import copy
import re
from datetime import timedelta
from zoneinfo import available_timezones

from mcp_servers.engines.cron_schedules import MACROS, longest_gap
from mcp_servers.engines.fields import section, text, whole
from mcp_servers.engines.fixes.drafting import Case, Draft, Edit, Outcome, edit, single
from mcp_servers.engines.fixes.earlier import missing_references
from mcp_servers.engines.fixes.editing import is_on_purpose, subsection
from mcp_servers.engines.fixes.recovered import come_back
from mcp_servers.engines.fixes.rollouts import resume
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.revisions import template_of
from mcp_servers.facts.fixes import Level, Verb
from mcp_servers.facts.kubernetes import Json, Ref, Resource
from mcp_servers.facts.nearest import nearest_names

# A day is enough to look at what a finished run left behind.
TTL_S = 86_400
LONGEST_NAME = 63
LONGEST_RUN = timedelta(hours=1)
# Labels that belong to one Job alone; the API server writes them anew.
_OWN = (
    "controller-uid",
    "batch.kubernetes.io/controller-uid",
    "job-name",
    "batch.kubernetes.io/job-name",
)
NOT_TWICE = ("not-idempotent", "run-once", "no-rerun", "helm.sh/hook")
_SECONDS_FIRST = re.compile(r"^0\s+((?:\S+\s+){4}\S+)$")


def mend_cron(case: Case) -> Outcome:
    """A schedule or time zone nobody can read, as the one surely meant; a suspended one is resumed."""
    cron = case.cluster.get(case.target)
    if cron is None or cron.kind != "CronJob":
        return case.advice("not_in_sight")
    if case.rule == "cron.suspended":
        return resume(case)
    deadline = whole(cron.spec, "startingDeadlineSeconds")
    if deadline < 0:
        return single(_field(cron, "startingDeadlineSeconds", None, str(deadline)), Level.LOW)
    schedule, zone = text(cron.spec, "schedule"), text(cron.spec, "timeZone")
    if zone and longest_gap(schedule) is not None:
        meant = meant_zone(zone)
        return (
            single(_field(cron, "timeZone", meant, zone), Level.LOW)
            if meant
            else case.advice("zone_unclear", zone=zone)
        )
    meant = meant_schedule(schedule)
    if not meant:
        return case.advice("schedule_unclear", schedule=schedule)
    return single(_field(cron, "schedule", meant, schedule), Level.LOW)


def meant_schedule(schedule: str) -> str:
    """The schedule that was meant; "" when it reads well or when more than one thing may be meant.

    Known slips: a macro misspelt by little, and six fields with seconds of 0 before them.
    """
    plain = " ".join(schedule.split())
    if longest_gap(plain) is not None:
        return ""
    if plain.startswith("@"):
        near = nearest_names(plain.lower(), MACROS)
        return near[0] if len(near) == 1 else ""
    if (match := _SECONDS_FIRST.match(plain)) and longest_gap(match.group(1)) is not None:
        return match.group(1)
    return ""


def meant_zone(zone: str) -> str:
    """The IANA name that was meant; "" when it is one, when several are as near, and for what names
    no place: `CST` is three zones, and near to others."""
    known = available_timezones()
    near = [] if zone in known or "/" not in zone else nearest_names(zone, known)
    return near[0] if len(near) == 1 else ""


def _field(cron: Resource, name: str, value: object, old: str) -> Edit:
    def change(raw: Json) -> None:
        spec = subsection(raw, "spec")
        if value is None:
            spec.pop(name, None)
        else:
            spec[name] = value

    if value is None:
        return edit("drop_field", cron, change, field=name, old=old)
    return edit("mend_cron", cron, change, field=name, old=old, new=value)


def rerun(case: Case) -> Outcome:
    """A new Job from the template of now: the CronJob's where there is one, else the Job's own.

    Where nothing has changed since it failed, its template or what it could not reach, a new run
    would fail alike, so that only a person may ask for it.
    """
    failed = _failed_job(case)
    if failed is None:
        return case.advice("not_in_sight")
    parent = case.cluster.get(top_owner(case.cluster, failed))
    parent = parent if parent is not None and parent.kind == "CronJob" else None
    if is_on_purpose(failed, *NOT_TWICE) or (parent and is_on_purpose(parent, *NOT_TWICE)):
        return case.advice("not_idempotent")
    spec = _job_spec(parent or failed)
    if gone := missing_references(case.cluster, failed.namespace, section(spec, "template")):
        return case.advice("root_still_there", missing=", ".join(gone))
    back = come_back(case.cluster, failed)
    if case.request is None and not back and not (parent and _differs(parent, failed)):
        return case.advice("cause_may_stand", job=failed.name)
    if parent and (why := _run_beside(case, failed, parent)):
        return case.advice(why)
    made = _job(failed, spec, parent)
    if case.cluster.get(Ref("Job", failed.namespace, made["metadata"]["name"])) is not None:
        return case.advice("already_so")
    told = {"job": failed.name, "services": ", ".join(map(str, back))}
    step = Edit("rerun_recovered" if back else "rerun_job", None, made, told, Verb.CREATE)
    return Draft((step,), Level.LOW, deadline=_lasts(spec))


def _run_beside(case: Case, failed: Resource, parent: Resource) -> str:
    """Another run of the same CronJob that is under way, or that came later and went well."""
    runs = [
        one
        for one in case.cluster.all("Job", failed.namespace)
        if one.ref != failed.ref and top_owner(case.cluster, one) == parent.ref
    ]
    if any(not _has_ended(one) for one in runs):
        return "run_under_way"
    began = failed.created_at
    later = [one for one in runs if began and one.created_at and one.created_at > began]
    if case.request is None and any(_ended_as(one, "Complete") for one in later):
        return "later_run_went_well"
    return ""


def _has_ended(job: Resource) -> bool:
    suspended = job.spec.get("suspend") is True
    return suspended or _ended_as(job, "Complete") or _ended_as(job, "Failed")


def _ended_as(job: Resource, kind: str) -> bool:
    return (job.condition(kind) or {}).get("status") == "True"


def _lasts(spec: Json) -> timedelta:
    """How long a run may take, as far as its author says: what is cut short would have to run again."""
    told = whole(spec, "activeDeadlineSeconds")
    return min(timedelta(seconds=told), LONGEST_RUN) if told > 0 else LONGEST_RUN


def _failed_job(case: Case) -> Resource | None:
    if case.target.kind == "CronJob" and not case.told("job"):
        return _last_run(case)
    named = case.target.name if case.target.kind == "Job" else case.told("job")
    return case.cluster.get(Ref("Job", case.target.namespace, named))


def _last_run(case: Case) -> Resource | None:
    """The newest Job of a CronJob: who asks for it to run again means that one."""
    every = case.cluster.all("Job")
    own = (one for one in every if top_owner(case.cluster, one) == case.target)
    return min(own, key=case.cluster.age, default=None)


def _job_spec(held: Resource) -> Json:
    """What a Job is made of, without what the API server added to this one."""
    spec = section(held.spec, "jobTemplate", "spec") if held.kind == "CronJob" else held.spec
    copied = copy.deepcopy(dict(spec))
    copied.pop("suspend", None)
    if copied.get("manualSelector") is not True:
        copied.pop("selector", None)
    labels = section(copied, "template", "metadata", "labels")
    for name in _OWN:
        labels.pop(name, None)
    return copied


def _differs(parent: Resource, failed: Resource) -> bool:
    """Whether the pods that would be made now are others than those that failed."""
    now, then = template_of(parent), section(failed.spec, "template")
    return any(
        text(a, part) != text(b, part)
        for part in ("image", "command")
        for a, b in zip(_containers(now), _containers(then), strict=False)
    ) or section(now, "spec").get("containers") != section(then, "spec").get("containers")


def _containers(template: Json) -> list[Json]:
    return list(section(template, "spec").get("containers") or [])


def _job(failed: Resource, spec: Json, parent: Resource | None) -> Json:
    """Named after the failed one, so that a second request finds that it was done; a CronJob's run
    stays one of its runs, so that its success makes the failure history."""
    suffix = f"-rerun-{failed.uid[:5] or 'again'}"
    name = failed.name[: LONGEST_NAME - len(suffix)].rstrip("-.") + suffix
    labels = {key: value for key, value in failed.labels.items() if key not in _OWN}
    metadata: Json = {"name": name, "namespace": failed.namespace, "labels": labels}
    metadata["annotations"] = {"midwatch/rerun-of": failed.name}
    if parent is not None:
        held = {"apiVersion": "batch/v1", "kind": "CronJob", "name": parent.name}
        metadata["ownerReferences"] = [{**held, "uid": parent.uid, "controller": True}]
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}


def keep_for_a_day(case: Case) -> Outcome:
    """Later runs of a CronJob are removed a day after they end; those that exist stay."""
    cron = case.cluster.get(case.target)
    if cron is None or cron.kind != "CronJob":
        return case.advice("ttl_of_existing_jobs")
    if whole(cron.spec, "jobTemplate", "spec", "ttlSecondsAfterFinished", default=-1) >= 0:
        return case.advice("already_so")

    def change(raw: Json) -> None:
        subsection(raw, "spec", "jobTemplate", "spec")["ttlSecondsAfterFinished"] = TTL_S

    return single(edit("keep_for_a_day", cron, change, seconds=TTL_S), Level.LOW)
