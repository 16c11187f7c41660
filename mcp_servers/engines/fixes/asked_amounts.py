"""`fix.set_resources`: requests and limits that a person named, in the container that is meant."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from mcp_servers.engines.containers import containers
from mcp_servers.engines.fields import rows, strings, text
from mcp_servers.engines.fixes.amounts import MIB, peak_memory, usual_cpu, written
from mcp_servers.engines.fixes.drafting import Case, Outcome, named, single
from mcp_servers.engines.fixes.editing import (
    container_edit,
    every_container,
    planned,
    pods_of,
    subsection,
    workload,
)
from mcp_servers.engines.owners import resources_owner
from mcp_servers.engines.quantities import as_amount, quantity
from mcp_servers.engines.revisions import template_of
from mcp_servers.engines.room import largest
from mcp_servers.engines.scalers import measured_by
from mcp_servers.facts.fixes import Advice, AskedAmount, Level
from mcp_servers.facts.kubernetes import Json, Resource

PARTS = ("requests", "limits")
# Which container of several `kubectl exec` and `kubectl logs` mean.
DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
# Less than this is a unit that slipped: no container starts in it.
LEAST: Mapping[str, Fraction] = {"cpu": Fraction(1, 1000), "memory": Fraction(4 * MIB)}

# A limit less than this over the peak is as good as below it: peaks are measured in steps.
OVER_PEAK = Fraction(11, 10)

Key = tuple[str, str]  # part and resource
Amounts = dict[Key, Fraction]


def set_amounts(case: Case) -> Outcome:
    """What was asked for, as it was asked: no limit below its request, none beyond every node, no
    less memory after an OOM kill. That it is less than was used is said, and is a high risk where
    the container would be killed for it.
    """
    owner = workload(case)
    if isinstance(owner, Advice):
        return owner
    if case.request is None or not case.request.amounts:
        return case.advice("amounts_unknown")
    if scaler := resources_owner(case.cluster, owner.ref):
        return case.advice("vpa_owns_resources", owner=scaler.name)
    container = _container(case, owner)
    if isinstance(container, Advice):
        return container
    held = _held(planned(owner, container))
    wanted = _worked_out(case, container, held, case.request.amounts)
    if isinstance(wanted, Advice):
        return wanted
    declined = _declined(case, owner, container, held, wanted)
    return declined or _told(case, owner, container, held, wanted)


def _container(case: Case, owner: Resource) -> str | Advice:
    """The one that was named, else the only one, the one marked as such, or the one that is called
    like its workload."""
    template = template_of(owner)
    names = [text(one, "name") for one in rows(template, "spec", "containers")]
    meant = case.request.container if case.request else ""
    if meant:
        if any(text(one, "name") == meant for one in every_container(template)):
            return meant
        added = any(one.name == meant for pod in pods_of(case) for one in containers(pod))
        why = "not_in_template" if added else "no_such_container"
        return case.advice(why, container=meant, containers=named(names))
    marked = strings(template, "metadata", "annotations").get(DEFAULT_CONTAINER, "")
    found = next((one for one in (marked, owner.name) if one in names), "")
    if found or len(names) == 1:
        return found or names[0]
    return case.advice("which_container", containers=named(names))


def _held(spec: Json) -> Amounts:
    return {
        (part, resource): amount
        for part in PARTS
        for resource, told in strings(spec, "resources", part).items()
        if (amount := quantity(told)) is not None
    }


def _worked_out(
    case: Case, container: str, held: Amounts, asked: Sequence[AskedAmount]
) -> Amounts | Advice:
    """The amounts as they will be, of those that were asked for."""
    wanted: Amounts = {}
    for one in asked:
        for part in (one.part,) if one.part else _parts(one, held):
            key = (part, one.resource)
            amount = _amount(one, held.get(key))
            if amount is None:
                return case.advice("amount_not_set", container=container, field=".".join(key))
            if amount < LEAST[one.resource]:
                shown = as_amount(one.resource, amount)
                return case.advice("amount_too_small", field=".".join(key), amount=shown)
            wanted[key] = amount
        if not one.part:
            _follow(one.resource, held, wanted)
    return wanted


def _parts(asked: AskedAmount, held: Amounts) -> tuple[str, ...]:
    """What "its memory" is: a share of it is of both; an amount is the limit, and the request too
    where the two were the same. Of CPU, for which few set a limit, the request where nothing is set."""
    present = tuple(part for part in PARTS if (part, asked.resource) in held)
    if not present:
        return PARTS if asked.resource == "memory" else ("requests",)
    same = len({held[part, asked.resource] for part in present}) == 1
    return present if asked.how == "*" or same else ("limits",)


def _follow(resource: str, held: Amounts, wanted: Amounts) -> None:
    """Where no part was named, the request is not left above its limit."""
    if ("requests", resource) in wanted:
        return
    limit, request = wanted.get(("limits", resource)), held.get(("requests", resource))
    if limit is not None and request is not None and request > limit:
        wanted["requests", resource] = limit


def _amount(asked: AskedAmount, old: Fraction | None) -> Fraction | None:
    """None where there is nothing to multiply or to take away from."""
    match asked.how:
        case "=":
            return asked.amount
        case "+":
            return (old or Fraction(0)) + asked.amount
        case "-":
            return None if old is None else old - asked.amount
        case _:
            return None if old is None else old * asked.amount


def _declined(
    case: Case, owner: Resource, container: str, held: Amounts, wanted: Amounts
) -> Advice | None:
    after = {**held, **wanted}
    if all(held.get(key) == amount for key, amount in wanted.items()):
        return case.advice("amounts_already_so", container=container, new=_shown(wanted))
    for part, resource in wanted:
        limit, request = after.get(("limits", resource)), after.get(("requests", resource))
        if limit is not None and request is not None and request > limit:
            return case.advice(
                "limit_below_request",
                container=container,
                resource_named=resource,
                limit=as_amount(resource, limit),
                request=as_amount(resource, request),
            )
        whole_node = largest(case.cluster, resource)
        if whole_node is not None and wanted[part, resource] > whole_node:
            bound = as_amount(resource, whole_node)
            return case.advice("bounded_by_node", container=container, bound=bound)
    return _harms(case, owner, held, after)


def _harms(case: Case, owner: Resource, held: Amounts, after: Amounts) -> Advice | None:
    for resource in LEAST:
        scaler = measured_by(case.cluster, owner.ref, resource)
        if scaler and _asked_for(held, resource) != _asked_for(after, resource):
            return case.advice("hpa_measures_it", owner=scaler.name, resource=resource)
    lowered = any(_is_lower(held, after, (part, "memory")) for part in PARTS)
    killed = any(
        end.reason == "OOMKilled"
        for pod in pods_of(case)
        for one in containers(pod)
        for end in one.terminations
    )
    return case.advice("not_lowered_after_oom") if lowered and killed else None


def _asked_for(amounts: Amounts, resource: str) -> Fraction | None:
    """What a pod is taken to ask for: where no request is written, its limit."""
    return amounts.get(("requests", resource), amounts.get(("limits", resource)))


def _is_lower(held: Amounts, after: Amounts, key: Key) -> bool:
    """A bound where there was none is lower too."""
    if key not in after or held.get(key) == after[key]:
        return False
    return after[key] < held[key] if key in held else key[0] == "limits"


def _told(case: Case, owner: Resource, container: str, held: Amounts, wanted: Amounts) -> Outcome:
    def change(spec: Json) -> None:
        for (part, resource), amount in wanted.items():
            subsection(spec, "resources", part)[resource] = _written(resource, amount)

    after = {**held, **wanted}
    notes = {
        **_memory_notes(case, container, held, after),
        **_cpu_notes(case, container, held, after),
    }
    step = container_edit(
        "set_amounts",
        owner,
        container,
        change,
        new=_shown(wanted),
        old=_shown({key: held[key] for key in wanted if key in held}),
        **notes,
    )
    return single(step, Level.HIGH if {"killed_at", "unmeasured"} & notes.keys() else Level.MEDIUM)


def _memory_notes(case: Case, container: str, held: Amounts, after: Amounts) -> dict[str, str]:
    lower = [part for part in PARTS if _is_lower(held, after, (part, "memory"))]
    if not lower:
        return {}
    peak = peak_memory(case.cluster, pods_of(case), container)
    if peak is None:
        return {"unmeasured": "memory"} if "limits" in lower else {}
    shown = as_amount("memory", peak)
    if "limits" in lower and after["limits", "memory"] < Fraction(peak) * OVER_PEAK:
        return {"killed_at": shown}
    asks_less = after.get(("requests", "memory"), Fraction(0)) < peak
    return {"asks_less_memory": shown} if "requests" in lower and asks_less else {"peak": shown}


def _cpu_notes(case: Case, container: str, held: Amounts, after: Amounts) -> dict[str, str]:
    lower = [part for part in PARTS if _is_lower(held, after, (part, "cpu"))]
    used = usual_cpu(case.cluster, pods_of(case), container) if lower else None
    if used is None:
        return {}
    shown = as_amount("cpu", used)
    if "limits" in lower and after["limits", "cpu"] < used:
        return {"throttled_at": shown}
    asks_less = after.get(("requests", "cpu"), Fraction(0)) < used
    return {"asks_less_cpu": shown} if "requests" in lower and asks_less else {}


def _shown(amounts: Amounts) -> str:
    return named(
        f"{part}.{resource}={_written(resource, amount)}"
        for (part, resource), amount in amounts.items()
    )


def _written(resource: str, amount: Fraction) -> str:
    """As it goes into the object: an amount in decimal megabytes stays what was asked for."""
    megabytes = amount / 10**6
    if resource == "memory" and amount % MIB and megabytes.denominator == 1:
        return f"{megabytes}M"
    return written(resource, amount)
