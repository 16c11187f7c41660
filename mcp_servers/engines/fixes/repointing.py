"""`fix.repoint`: a reference in a pod template that leads nowhere, with one near name that exists."""

from collections.abc import Callable, Iterator, Sequence

from mcp_servers.engines.config_references import Reference, references
from mcp_servers.engines.fields import rows, section, strings, text
from mcp_servers.engines.fixes.drafting import Case, Outcome, edit, single
from mcp_servers.engines.fixes.editing import every_container, template_in, workload
from mcp_servers.engines.fixes.others import is_of_others
from mcp_servers.engines.fixes.slips import renamed, slips
from mcp_servers.engines.revisions import template_of
from mcp_servers.facts.fixes import Advice
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource

# How each kind is named in variables, in whole environments, in volumes and in projections.
_SHAPES = {
    "ConfigMap": ("configMapKeyRef", "configMapRef", "configMap", "name"),
    "Secret": ("secretKeyRef", "secretRef", "secret", "secretName"),
}


def repoint(case: Case) -> Outcome:
    """Every reference to the absent object, or key, is led to the one that is nearly so called.

    The new object must have every key that is asked of it. With none near or several, and for
    what is immutable, a person must say which value is meant.
    """
    owner = workload(case)
    if isinstance(owner, Advice):
        return owner
    if case.rule == "workload.create_refused.identity":
        return _identity(case, owner)
    kind, name = case.told("ref_kind"), case.told("ref_name")
    if kind not in _SHAPES:
        return case.advice("reference_unclear")
    if case.rule == "pod.config_ref.key_missing":
        return _key(case, owner, Ref(kind, owner.namespace, name), case.told("key"))
    if case.rule == "pod.config_ref.kind_mixup":
        return _kind(case, owner, Ref(kind, owner.namespace, name))
    return _object(case, owner, Ref(kind, owner.namespace, name))


def _object(case: Case, owner: Resource, absent: Ref) -> Outcome:
    if case.cluster.get(absent) is not None:
        return case.advice("already_so")
    known = [
        one.name
        for one in case.cluster.all(absent.kind, absent.namespace)
        if not is_of_others(case.cluster, one, owner)
    ]
    fitting = [
        name
        for name in slips(absent.name, known)
        if not _lacking(
            case.cluster, Ref(absent.kind, absent.namespace, name), _uses(owner, absent)
        )
    ]
    if len(fitting) != 1:
        return case.advice(
            "value_unknown", missing=f"{absent.kind} {absent.name}", near=", ".join(fitting)
        )

    def change(raw: Json) -> None:
        for place, field in _places(template_in(raw), absent.kind):
            if place.get(field) == absent.name:
                place[field] = fitting[0]

    return _told("repoint", owner, change, f"{absent.kind} {absent.name}", fitting[0])


def _key(case: Case, owner: Resource, held: Ref, key: str) -> Outcome:
    found = case.cluster.get(held)
    others = {one.key for one in _uses(owner, held)} - {key}
    near = renamed(key, set(_keys(found)) - others) if found else []
    if len(near) != 1:
        return case.advice("value_unknown", missing=f"{held} {key}", near=", ".join(near))

    def change(raw: Json) -> None:
        for place in _keyed(template_in(raw), held):
            if place.get("key") == key:
                place["key"] = near[0]

    return _told("repoint_key", owner, change, f"{held.kind} {held.name}: {key}", near[0])


def _kind(case: Case, owner: Resource, asked: Ref) -> Outcome:
    """The object exists, as the other kind: the reference is written for that one."""
    other = "Secret" if asked.kind == "ConfigMap" else "ConfigMap"
    meant = Ref(other, asked.namespace, asked.name)
    if case.cluster.get(meant) is None:
        return case.advice("value_unknown", missing=f"{asked.kind} {asked.name}", near="")
    if gone := _lacking(case.cluster, meant, _uses(owner, asked)):
        return case.advice(
            "value_unknown", missing=f"{meant.kind} {meant.name}: {gone[0]}", near=""
        )

    def change(raw: Json) -> None:
        _swap(template_in(raw), asked, other)

    return _told("repoint_kind", owner, change, f"{asked.kind} {asked.name}", other)


def _identity(case: Case, owner: Resource) -> Outcome:
    kind, name = case.told("missing_kind"), case.told("missing")
    namespace = owner.namespace if kind == "ServiceAccount" else ""
    known = [
        one.name
        for one in case.cluster.all(kind, namespace)
        if not is_of_others(case.cluster, one, owner)
    ]
    near = slips(name, known)
    field = {"ServiceAccount": "serviceAccountName", "PriorityClass": "priorityClassName"}.get(kind)
    if len(near) != 1 or field is None:
        return case.advice("value_unknown", missing=f"{kind} {name}", near=", ".join(near))

    def change(raw: Json) -> None:
        spec = section(template_in(raw), "spec")
        for one_field in (field, "serviceAccount"):
            if spec.get(one_field) == name:
                spec[one_field] = near[0]

    return _told("repoint", owner, change, f"{kind} {name}", near[0])


def _told(
    action: str, owner: Resource, change: Callable[[Json], None], old: str, new: str
) -> Outcome:
    return single(edit(action, owner, change, old=old, new=new))


def _uses(owner: Resource, target: Ref) -> list[Reference]:
    spec = section(template_of(owner), "spec")
    return [one for one in references(owner.namespace, spec) if one.target == target]


def _keys(held: Resource) -> list[str]:
    return sorted({*strings(held.raw, "data"), *strings(held.raw, "binaryData")})


def _lacking(cluster: Cluster, held: Ref, uses: Sequence[Reference]) -> list[str]:
    """The keys asked for that this object does not have."""
    found = cluster.get(held)
    keys = _keys(found) if found else []
    return [one.key for one in uses if one.key and not one.optional and one.key not in keys]


def _places(template: Json, kind: str) -> Iterator[tuple[Json, str]]:
    """Every mapping that names an object of this kind, with the field that holds the name."""
    keyed, entire, _, _ = _SHAPES[kind]
    for container in every_container(template):
        found = [section(one, "valueFrom", keyed) for one in rows(container, "env")]
        found += [section(one, entire) for one in rows(container, "envFrom")]
        yield from ((held, "name") for held in found if held)
    yield from _mounted(template, kind)


def _mounted(template: Json, kind: str) -> Iterator[tuple[Json, str]]:
    _, _, volume, name = _SHAPES[kind]
    for mounted in rows(template, "spec", "volumes"):
        if held := section(mounted, volume):
            yield held, name
        for source in rows(mounted, "projected", "sources"):
            if held := section(source, volume):
                yield held, "name"


def _keyed(template: Json, held: Ref) -> Iterator[Json]:
    """Every mapping that names a key of this object."""
    keyed = _SHAPES[held.kind][0]
    for container in every_container(template):
        for variable in rows(container, "env"):
            place = section(variable, "valueFrom", keyed)
            if text(place, "name") == held.name:
                yield place
    for place, field in _places(template, held.kind):
        if text(place, field) == held.name:
            yield from rows(place, "items")


def _swap(template: Json, asked: Ref, other: str) -> None:
    old, new = _SHAPES[asked.kind], _SHAPES[other]
    for container in every_container(template):
        for variable in rows(container, "env"):
            _rename(section(variable, "valueFrom"), old[0], new[0], "name", "name", asked.name)
        for source in rows(container, "envFrom"):
            _rename(source, old[1], new[1], "name", "name", asked.name)
    for mounted in rows(template, "spec", "volumes"):
        _rename(mounted, old[2], new[2], old[3], new[3], asked.name)
        for source in rows(mounted, "projected", "sources"):
            _rename(source, old[2], new[2], "name", "name", asked.name)


def _rename(holder: Json, old: str, new: str, old_name: str, new_name: str, name: str) -> None:
    held = section(holder, old)
    if text(held, old_name) == name:
        kept = {field: value for field, value in held.items() if field != old_name}
        holder[new] = {new_name: name, **kept}
        del holder[old]
