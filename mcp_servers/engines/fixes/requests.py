"""`fix.resources`: requests and limits that let pods be made and placed, from what was measured."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from mcp_servers.engines.containers import containers
from mcp_servers.engines.fields import text
from mcp_servers.engines.fixes.amounts import (
    MARGIN,
    rounded_down,
    rounded_up,
    usual_cpu,
    usual_memory,
    written,
)
from mcp_servers.engines.fixes.drafting import Case, Edit, Outcome, edit, named, single
from mcp_servers.engines.fixes.earlier import last_good
from mcp_servers.engines.fixes.editing import (
    container_inside,
    every_container,
    pods_of,
    subsection,
    template_in,
    workload,
)
from mcp_servers.engines.fixes.refused_amounts import Needed, needed
from mcp_servers.engines.owners import resources_owner
from mcp_servers.engines.quantities import as_amount, quantity
from mcp_servers.engines.revisions import container_in, template_of
from mcp_servers.engines.room import as_pod, exceeded, largest, places, pod_charges
from mcp_servers.engines.scalers import measured_by
from mcp_servers.engines.scheduling import Room
from mcp_servers.engines.settling import desired_replicas
from mcp_servers.facts.fixes import Advice
from mcp_servers.facts.kubernetes import Json, Resource

RESOURCES = ("cpu", "memory")
# A limit stands this far over what is usually used.
LIMIT_OVER_USE = 2
# What is proposed, and only proposed, where nothing was measured.
GUESSES: Mapping[tuple[str, str], str] = {
    ("requests", "cpu"): "100m",
    ("requests", "memory"): "128Mi",
    ("limits", "cpu"): "200m",
    ("limits", "memory"): "256Mi",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One amount of one container: `source` is measured, earlier, bound or guess."""

    container: str
    part: str
    resource: str
    value: str
    source: str


def fit_requests(case: Case) -> Outcome:
    """By what was refused: lower requests that no node has room for, add those that are demanded."""
    owner = workload(case)
    if isinstance(owner, Advice):
        return owner
    if scaler := resources_owner(case.cluster, owner.ref):
        return case.advice("vpa_owns_resources", owner=scaler.name)
    return _BY_RULE.get(case.rule, _add_missing)(case, owner)


def _lower(case: Case, owner: Resource) -> Outcome:
    """What the containers ask for, down to what they use, if the pods then find a place."""
    resource = case.rule.rpartition(".")[2]
    if scaler := measured_by(case.cluster, owner.ref, resource):
        return case.advice("hpa_measures_it", owner=scaler.name, resource=resource)
    if resource == "memory" and _was_oom_killed(case):
        return case.advice("never_lowered_on_oom")
    lowered = [
        setting
        for spec in every_container(template_of(owner))
        if (setting := _lowered(case, owner, spec, resource)) is not None
    ]
    if not lowered:
        return _too_large(case, owner, resource)
    step = _edit("lower_requests", owner, lowered)
    pod = as_pod(template_in(step.after or {}), owner.namespace)
    running = [one for one in pods_of(case) if text(one.spec, "nodeName")]
    if places(case.cluster, pod, instead_of=running) < max(1, desired_replicas(owner)):
        return case.advice("still_no_room", resource=resource, lowered=_shown(lowered))
    return single(step)


def _too_large(case: Case, owner: Resource, resource: str) -> Outcome:
    """A request beyond every node is surely a slip, but what was meant is only guessed at: as
    much as the largest node has left now."""
    whole_node = largest(case.cluster, resource)
    room = Room(case.cluster)
    left = max(
        (room.free_on(node).get(resource, Fraction(0)) for node in case.cluster.all("Node")),
        default=Fraction(0),
    )
    for spec in every_container(template_of(owner)):
        asked = quantity(text(spec, "resources", "requests", resource) or None)
        if asked is not None and whole_node is not None and asked > whole_node and left > 0:
            value = as_amount(resource, rounded_down(resource, left))
            chosen = [Setting(text(spec, "name"), "requests", resource, value, "guess")]
            step = _edit("lower_requests", owner, chosen)
            return case.proposal(owner, step.after or {}, "no_usage_data", **step.params)
    return case.advice("request_is_needed", resource=resource)


def _lowered(case: Case, owner: Resource, spec: Json, resource: str) -> Setting | None:
    name = text(spec, "name")
    old = quantity(text(spec, "resources", "requests", resource) or None)
    if old is None:
        return None
    found = _measured(case, name, resource) or _before(case, owner, name, "requests", resource)
    amount = quantity(found.value) if found else None
    return found if amount is not None and amount < old else None


def _measured(case: Case, container: str, resource: str) -> Setting | None:
    use = usual_cpu if resource == "cpu" else usual_memory
    usual = use(case.cluster, pods_of(case), container)
    if usual is None:
        return None
    value = written(resource, rounded_up(resource, Fraction(usual) * MARGIN))
    return Setting(container, "requests", resource, value, "measured")


def _before(
    case: Case, owner: Resource, container: str, part: str, resource: str
) -> Setting | None:
    """The amount of the last good revision."""
    good = last_good(case.cluster, owner)
    spec = container_in(good.template, container) if good else Json()
    value = text(spec, "resources", part, resource)
    return Setting(container, part, resource, value, "earlier") if value else None


def _was_oom_killed(case: Case) -> bool:
    return any(
        end.reason == "OOMKilled"
        for pod in pods_of(case)
        for one_container in containers(pod)
        for end in one_container.terminations
    )


def _demanded(case: Case, owner: Resource) -> Outcome:
    """What a quota or LimitRange demands, from the words of the refusal."""
    wanted = list(needed(case.told("requirement") or case.told("message"), template_of(owner)))
    if not wanted:
        return case.advice("requirement_unclear", requirement=case.told("requirement"))
    return _told(case, owner, [_setting(case, owner, one_needed) for one_needed in wanted])


def _setting(case: Case, owner: Resource, wanted: Needed) -> Setting:
    known = _known(case, owner, wanted)
    if wanted.bound and not (known and wanted.admits(known.value)):
        source = "bound" if wanted.is_minimum else "guess"
        return Setting(wanted.container, wanted.part, wanted.resource, wanted.bound, source)
    guess = GUESSES[(wanted.part, wanted.resource)]
    return known or Setting(wanted.container, wanted.part, wanted.resource, guess, "guess")


def _known(case: Case, owner: Resource, wanted: Needed) -> Setting | None:
    found = _measured(case, wanted.container, wanted.resource)
    if found is not None and wanted.part == "limits":
        amount = (quantity(found.value) or Fraction(0)) * LIMIT_OVER_USE
        value = written(wanted.resource, rounded_up(wanted.resource, amount))
        found = Setting(wanted.container, "limits", wanted.resource, value, "measured")
    return found or _before(case, owner, wanted.container, wanted.part, wanted.resource)


def _add_missing(case: Case, owner: Resource) -> Outcome:
    """Requests where none are written: for an autoscaler that measures against them, or at all."""
    asked = case.told("containers").split(", ")
    resources = (case.told("resource_name") or case.told("resources")).split(", ")
    wanted = [
        Needed(text(spec, "name"), "requests", resource)
        for spec in every_container(template_of(owner))
        for resource in resources
        if resource in RESOURCES
        and text(spec, "name") in asked
        and not text(spec, "resources", "requests", resource)
    ]
    if not wanted:
        return case.advice("already_so")
    return _told(case, owner, [_setting(case, owner, one_needed) for one_needed in wanted])


def _told(case: Case, owner: Resource, settings: Sequence[Setting]) -> Outcome:
    step = _edit("set_resources", owner, _consistent(owner, settings))
    if any(one_setting.source == "guess" for one_setting in settings):
        return case.proposal(owner, step.after or {}, "no_usage_data", **step.params)
    return single(step)


def _consistent(owner: Resource, settings: Sequence[Setting]) -> list[Setting]:
    """No request above its limit: the limit follows, since what is demanded is the request."""
    given = {(one.container, one.part, one.resource): one for one in settings}
    template = template_of(owner)
    for (container, part, resource), one_setting in list(given.items()):
        other = "limits" if part == "requests" else "requests"
        beside = given.get((container, other, resource))
        value = (
            beside.value
            if beside
            else text(container_in(template, container), "resources", other, resource)
        )
        low, high = (one_setting.value, value) if part == "requests" else (value, one_setting.value)
        least, most = quantity(low or None), quantity(high or None)
        if least is not None and most is not None and least > most:
            raised = Setting(container, "limits", resource, low, one_setting.source)
            given[(container, "limits", resource)] = raised
    return list(given.values())


def _fit_quota(case: Case, owner: Resource) -> Outcome:
    """Requests down to what is used, if all replicas then fit under the quota."""
    lowered = [
        setting
        for spec in every_container(template_of(owner))
        for resource in RESOURCES
        if not (resource == "memory" and _was_oom_killed(case))
        and measured_by(case.cluster, owner.ref, resource) is None
        and (setting := _lowered(case, owner, spec, resource)) is not None
    ]
    if not lowered:
        return case.advice("request_is_needed", resource="")
    step = _edit("lower_requests", owner, lowered)
    waiting = max(1, desired_replicas(owner) - len(pods_of(case)))
    charged = pod_charges(template_in(step.after or {}))
    more = {name: amount * waiting for name, amount in charged.items()}
    if broken := exceeded(case.cluster, owner.namespace, more):
        return case.advice("quota_still_full", quota=broken[0].quota, resource=broken[0].resource)
    return single(step)


def _edit(action: str, owner: Resource, settings: Iterable[Setting]) -> Edit:
    chosen = list(settings)

    def change(raw: Json) -> None:
        for one_setting in chosen:
            spec = container_inside(raw, one_setting.container)
            place = subsection(spec, "resources", one_setting.part)
            place[one_setting.resource] = one_setting.value

    old = named(_old(owner, one_setting) for one_setting in chosen)
    sources = named(sorted({one_setting.source for one_setting in chosen}))
    return edit(action, owner, change, new=_shown(chosen), old=old, source=sources)


def _shown(settings: Iterable[Setting]) -> str:
    return named(f"{one.container} {one.part}.{one.resource}={one.value}" for one in settings)


def _old(owner: Resource, setting: Setting) -> str:
    spec = container_in(template_of(owner), setting.container)
    value = text(spec, "resources", setting.part, setting.resource)
    return f"{setting.container} {setting.part}.{setting.resource}={value}" if value else ""


_BY_RULE: Mapping[str, Callable[[Case, Resource], Outcome]] = {
    "pod.unschedulable.cpu": _lower,
    "pod.unschedulable.memory": _lower,
    "workload.create_refused.limits_required": _demanded,
    "workload.create_refused.quota": _fit_quota,
}
