"""A part of what one object sets, container by container, and no more of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from agent.answers.listing import cited
from agent.answers.markdown import code, joined, table
from agent.asked import Asked
from agent.planning_settings import part_of
from agent.toolbox import Result
from agent.wording import phrase

Json = Mapping[str, Any]
Cells = Iterator[tuple[str, ...]]
ROWS_SHOWN = 40
COLUMNS = {
    "env": ("container", "name", "value"),
    "resources": ("container", "what", "request", "limit"),
    "mounts": ("container", "mounted_at", "source"),
    "probes": ("container", "probe", "value"),
    "ports": ("container", "port", "name"),
}
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
UNSET = "-"


def told_settings(asked: Asked, result: Result) -> str:
    """What is asked for of an object that was read whole; "" when that is not one part of it."""
    part = part_of(asked)
    spec: Json = _pod_spec(cast("Json", result.data.get("object") or {}))
    if not part or not spec.get("containers"):
        return ""
    place = f"{result.data.get('namespace', '')}/{result.data['name']}".lstrip("/")
    facts = {"kind": result.data["kind"], "place": place}
    rows = [row for one in _containers(spec) for row in CELLS[part](one, spec)]
    if not rows:
        none = phrase(f"settings.no_{part}", asked.language, **facts)
        return cited(result, none)
    head = cited(result, phrase(f"settings.{part}", asked.language, **facts))
    headings = [phrase(f"columns.{one}", asked.language) for one in COLUMNS[part]]
    left = len(rows) - ROWS_SHOWN
    more = phrase("rows.more", asked.language, count=left) if left > 0 else ""
    return joined([head, table(headings, rows[:ROWS_SHOWN]), more])


def _pod_spec(whole: Json) -> Json:
    """Where the containers are: of a Pod its own spec, else that of a template, however deep."""
    spec = _inside(whole, "spec")
    spec = _inside(_inside(spec, "jobTemplate"), "spec") or spec
    return _inside(_inside(spec, "template"), "spec") or spec


def _inside(value: Json, key: str) -> Json:
    return cast("Json", value.get(key) or {})


def _containers(spec: Json) -> Sequence[Json]:
    return [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]


def _env(one: Json, _: Json) -> Cells:
    for row in one.get("env") or ():
        yield one["name"], str(row.get("name")), _told(row)
    for row in one.get("envFrom") or ():
        yield one["name"], f"{row.get('prefix') or ''}*", _from(row)


def _told(row: Json) -> str:
    source: Json = row.get("valueFrom") or {}
    return _from(source) if source else code(row.get("value") or "")


def _from(source: Json) -> str:
    """ "secret orders-db, key dsn": where a value is kept."""
    told: list[str] = []
    for key, ref in source.items():
        if isinstance(ref, Mapping):
            named = cast("Json", ref)
            kind = key.removesuffix("Ref").removesuffix("Key")
            which = named.get("name") or named.get("fieldPath") or named.get("resource") or ""
            told.append(" ".join(str(x) for x in (kind, which, named.get("key") or "") if x))
    return ", ".join(told)


def _resources(one: Json, _: Json) -> Cells:
    told: Json = one.get("resources") or {}
    requests, limits = (cast("Json", told.get(key) or {}) for key in ("requests", "limits"))
    for what in dict.fromkeys(("cpu", "memory", *requests, *limits)):
        yield one["name"], what, str(requests.get(what, UNSET)), str(limits.get(what, UNSET))


def _mounts(one: Json, spec: Json) -> Cells:
    volumes = {str(each.get("name")): cast("Json", each) for each in spec.get("volumes") or ()}
    for mount in one.get("volumeMounts") or ():
        volume = volumes.get(str(mount.get("name")), {})
        yield one["name"], str(mount.get("mountPath")), _volume(volume) or str(mount.get("name"))
    yield from (row for row in _env(one, spec) if row[2].startswith(("secret ", "configMap ")))


def _volume(volume: Json) -> str:
    for kind, ref in volume.items():
        if isinstance(ref, Mapping):
            named = cast("Json", ref)
            which = named.get("secretName") or named.get("claimName") or named.get("name") or ""
            return f"{kind} {which}".strip()
    return ""


def _probes(one: Json, _: Json) -> Cells:
    for name in PROBES:
        if probe := one.get(name):
            told = (f"{key}={value}" for key, value in _flat(cast("Json", probe)))
            yield one["name"], name.removesuffix("Probe"), ", ".join(told)


def _flat(value: Json) -> Iterator[tuple[str, object]]:
    for key, one in value.items():
        if isinstance(one, Mapping):
            yield from _flat(cast("Json", one))
        else:
            yield key, one


def _ports(one: Json, _: Json) -> Cells:
    for row in one.get("ports") or ():
        port = f"{row.get('containerPort')}/{row.get('protocol', 'TCP')}"
        yield one["name"], port, str(row.get("name") or "")


CELLS = {
    "env": _env,
    "resources": _resources,
    "mounts": _mounts,
    "probes": _probes,
    "ports": _ports,
}
