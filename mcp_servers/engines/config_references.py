"""Every ConfigMap and Secret that a pod needs, with the path that names it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mcp_servers.engines.fields import rows, section, text
from mcp_servers.facts.kubernetes import Json, Ref

# The same reference is written differently for environment, volumes and projections.
_ENV_KEYS = (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef"))
_ENV_WHOLE = (("ConfigMap", "configMapRef"), ("Secret", "secretRef"))


# How the kubelet says that one leads nowhere.
ABSENT_OBJECT = re.compile(r"(configmap|secret)s? \"([\w.-]+)\" not found", re.IGNORECASE)
ABSENT_KEY = re.compile(
    r"couldn't find key (?P<key>\S+) in (?P<kind>ConfigMap|Secret) (?:[\w.-]+/)?(?P<name>[\w.-]+)"
    r"|references non-existent (?P<kind2>config|secret) key: (?P<key2>\S+)"
)


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """One use of a ConfigMap or Secret; `key` is "" when all of it is used."""

    target: Ref
    key: str
    path: str
    container: str = ""
    optional: bool = False


def references(namespace: str, spec: Json) -> list[Reference]:
    """The references of a pod spec, optional ones included."""
    found = [*_in_containers(namespace, spec), *_in_volumes(namespace, spec)]
    return [one for one in found if one.target.name]


def _in_containers(namespace: str, spec: Json) -> Iterator[Reference]:
    for kind in ("initContainers", "containers"):
        for container in rows(spec, kind):
            name = text(container, "name")
            for n, variable in enumerate(rows(container, "env")):
                path = f".spec.{kind}[{name}].env[{text(variable, 'name') or n}].valueFrom"
                yield from _keyed(namespace, section(variable, "valueFrom"), path, name)
            for n, source in enumerate(rows(container, "envFrom")):
                path = f".spec.{kind}[{name}].envFrom[{n}]"
                yield from _whole(namespace, source, path, name)


def _keyed(namespace: str, source: Json, path: str, container: str) -> Iterator[Reference]:
    for kind, field in _ENV_KEYS:
        if ref := section(source, field):
            target = Ref(kind, namespace, text(ref, "name"))
            optional = ref.get("optional") is True
            yield Reference(target, text(ref, "key"), f"{path}.{field}", container, optional)


def _whole(namespace: str, source: Json, path: str, container: str) -> Iterator[Reference]:
    for kind, field in _ENV_WHOLE:
        if ref := section(source, field):
            target = Ref(kind, namespace, text(ref, "name"))
            yield Reference(target, "", f"{path}.{field}", container, ref.get("optional") is True)


def _in_volumes(namespace: str, spec: Json) -> Iterator[Reference]:
    for volume in rows(spec, "volumes"):
        path = f".spec.volumes[{text(volume, 'name')}]"
        yield from _source(namespace, volume, path, ("name", "secretName"))
        for n, source in enumerate(rows(volume, "projected", "sources")):
            inner = f"{path}.projected.sources[{n}]"
            yield from _source(namespace, source, inner, ("name", "name"))


def _source(
    namespace: str, holder: Json, path: str, named_by: tuple[str, str]
) -> Iterator[Reference]:
    for kind, field, name in zip(
        ("ConfigMap", "Secret"), ("configMap", "secret"), named_by, strict=True
    ):
        if ref := section(holder, field):
            target = Ref(kind, namespace, text(ref, name))
            optional = ref.get("optional") is True
            yield Reference(target, "", f"{path}.{field}", optional=optional)
            for item in rows(ref, "items"):
                key = text(item, "key")
                yield Reference(target, key, f"{path}.{field}.items[{key}]", optional=optional)
