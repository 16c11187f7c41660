"""`fix.rollback`: the template of the last revision that was well, if what it names is still there."""

from datetime import timedelta

from mcp_servers.engines.fields import rows, section, text, whole
from mcp_servers.engines.fixes.drafting import SETTLE, Case, Draft, Outcome, edit, named
from mcp_servers.engines.fixes.earlier import (
    Revision,
    earlier,
    last_good,
    missing_references,
)
from mcp_servers.engines.fixes.editing import template_in, workload
from mcp_servers.engines.fixes.migrating import has_migrated, is_migrated
from mcp_servers.engines.fixes.waiting import is_same_for, waits_elsewhere
from mcp_servers.engines.revisions import container_in, template_of
from mcp_servers.engines.settling import PROGRESS_DEADLINE_S
from mcp_servers.facts.fixes import Advice
from mcp_servers.facts.kubernetes import Json, Resource

# Rates and latencies are taken over ten minutes: what a rollback did to them shows after that.
REGRESSION, SHOWS_AFTER = "app.regression_after_change", timedelta(minutes=15)
# Kinds that keep their revisions.
KEEPING = ("Deployment", "StatefulSet", "DaemonSet")


def roll_back(case: Case) -> Outcome:
    """Back to the newest earlier revision that ran, or to the one a person names."""
    owner = workload(case)
    if isinstance(owner, Advice):
        return owner
    if owner.kind not in KEEPING:
        return case.advice("keeps_no_revisions")
    chosen = _chosen(case, owner)
    if isinstance(chosen, Advice):
        return chosen
    return _kept_from(case, owner, chosen) or _told(case, owner, chosen)


def _kept_from(case: Case, owner: Resource, chosen: Revision) -> Advice | None:
    """Why going back would harm, or not help."""
    cluster, number = case.cluster, chosen.number or chosen.name
    changed = case.told("changed")
    if case.rule == REGRESSION and changed not in ("", str(owner.ref)):
        return case.advice("changed_elsewhere", changed=changed)
    if is_migrated(owner) or has_migrated(cluster, owner, chosen.template):
        return case.advice("data_was_migrated")
    if case.request is None and waits_elsewhere(cluster, owner, chosen.template):
        return case.advice("root_elsewhere", revision=number)
    if is_same_for(case.container, template_of(owner), chosen.template):
        return case.advice("same_in_revision", container=case.container, revision=number)
    others = _taken_along(case, owner, chosen.template)
    if case.request is None and others:
        return case.advice(
            "takes_others_along",
            container=case.container,
            revision=number,
            others=named(others),
        )
    if gone := missing_references(cluster, owner.namespace, chosen.template):
        return case.advice("references_gone", revision=number, missing=named(gone))
    return None


def _taken_along(case: Case, owner: Resource, then: Json) -> list[str]:
    """Containers that do not fail and are other programs now than they would be again."""
    now = template_of(owner)
    if not container_in(now, case.container):
        return []
    images = {text(one, "name"): text(one, "image") for one in _containers(then)}
    return [
        f"{name} ({text(one, 'image')} → {images[name]})"
        for one in _containers(now)
        if (name := text(one, "name")) != case.container
        and images.get(name, text(one, "image")) != text(one, "image")
    ]


def _chosen(case: Case, owner: Resource) -> Revision | Advice:
    wanted = case.request.revision if case.request else 0
    if wanted:
        kept = earlier(case.cluster, owner)
        found = next((one for one in kept if one.number == wanted), None)
        known = named(str(one.number) for one in kept)
        return found or case.advice("no_such_revision", revision=wanted, known=known)
    return last_good(case.cluster, owner) or case.advice("no_healthy_revision")


def _told(case: Case, owner: Resource, chosen: Revision) -> Outcome:
    def change(raw: Json) -> None:
        template = template_in(raw)
        template.clear()
        template.update(chosen.template)

    step = edit(
        "roll_back",
        owner,
        change,
        revision=chosen.number or chosen.name,
        images=_images(owner, chosen.template),
    )
    allowed = whole(owner.spec, "progressDeadlineSeconds", default=PROGRESS_DEADLINE_S)
    return Draft(
        (step,),
        settle=SHOWS_AFTER if case.rule == REGRESSION else SETTLE,
        deadline=timedelta(seconds=min(allowed, PROGRESS_DEADLINE_S)),
    )


def _images(owner: Resource, template: Json) -> str:
    """`new → old` of each container whose image changes."""
    now = {
        text(one, "name"): text(one, "image")
        for one in _containers(section(owner.spec, "template"))
    }
    then = {text(one, "name"): text(one, "image") for one in _containers(template)}
    changed = [
        f"{now[name]} → {image}" for name, image in then.items() if now.get(name, image) != image
    ]
    return named(changed)


def _containers(template: Json) -> list[Json]:
    return rows(template, "spec", "containers")
