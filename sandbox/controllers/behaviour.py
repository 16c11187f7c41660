"""What a container does once it is started: told by reactions.yaml and faults, else learned.

A pod that was in trouble when the picture was taken has a cause that the picture does not show.
Whoever replaces it by the same containers gets the same trouble; another image, command,
environment or configuration ends it, and where a probe told of the trouble, another probe too.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, Self

from core.errors import Invalid
from sandbox.fields import at, entries, section, texts, values
from sandbox.quantities import quantity

Json = dict[str, Any]

PROBES = ("readinessProbe", "livenessProbe", "startupProbe")


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A well behaved container: it starts, stays, listens where it should and fits its limit."""

    working_set_bytes: float = 0
    killed_after_s: float = 20
    exit_code: int | None = None
    exit_after_s: float = 5
    ready: bool = True
    listens: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A container as reactions name it."""

    workload: str
    namespace: str
    container: str
    image: str


@dataclass(frozen=True, slots=True)
class Reaction:
    """Which containers behave otherwise, and how; "" stands for any."""

    changes: Callable[[Behaviour], Behaviour]
    workload: str = ""
    namespace: str = ""
    container: str = ""
    images: tuple[str, ...] = ()

    def concerns(self, place: Place) -> bool:
        return (
            self.workload in {"", place.workload}
            and self.namespace in {"", place.namespace}
            and self.container in {"", place.container}
            and (not self.images or _any_matches(place.image, self.images))
        )


@dataclass
class Behaviours:
    """Later ones of `reactions` have the last word; faults come and go at their end."""

    images: set[str] = field(default_factory=set[str])
    missing: set[str] = field(default_factory=set[str])
    learned: dict[str, Behaviour] = field(default_factory=dict[str, Behaviour])
    reactions: list[Reaction] = field(default_factory=list[Reaction])

    @classmethod
    def told_by(cls, told: Json) -> Self:
        """From the content of reactions.yaml. Raises `Invalid` for what it does not understand."""
        if unknown := set(told) - {"images", "containers"}:
            raise Invalid(f"reactions.yaml: unknown {', '.join(sorted(unknown))}.")
        reactions = [reaction_of(one) for one in entries(told, "containers")]
        return cls(images=set(texts(told, "images")), reactions=reactions)

    def image_exists(self, image: str) -> bool:
        return image not in self.missing and _any_matches(image, self.images)

    def of(self, place: Place, *fingerprints: str) -> Behaviour:
        """What the first known of these fingerprints does, as reactions change it."""
        known = (self.learned[one] for one in fingerprints if one in self.learned)
        found = next(known, Behaviour())
        for reaction in self.reactions:
            if reaction.concerns(place):
                found = reaction.changes(found)
        return found


_FIELDS = {
    "target", "namespace", "container", "image", "working_set", "killed_after_s", "exit", "ready",
    "listens",
}  # fmt: skip


def reaction_of(told: Json) -> Reaction:
    """One entry of `containers` in reactions.yaml."""
    if unknown := set(told) - _FIELDS:
        raise Invalid(f"reactions.yaml: unknown field {', '.join(sorted(unknown))}.")
    fields = _behaviour_fields(told)
    return Reaction(
        changes=lambda before: replace(before, **fields),
        workload=str(told.get("target") or "").lower(),
        namespace=str(told.get("namespace") or ""),
        container=str(told.get("container") or ""),
        images=(str(told["image"]),) if told.get("image") else (),
    )


def _behaviour_fields(told: Json) -> Json:
    fields: Json = {}
    if "working_set" in told:
        amount = quantity(told["working_set"])
        if amount is None:
            raise Invalid(f"reactions.yaml: working_set {told['working_set']!r} is no quantity.")
        fields["working_set_bytes"] = float(amount)
    if "killed_after_s" in told:
        fields["killed_after_s"] = _seconds(told["killed_after_s"])
    if exits := section(told, "exit"):
        fields["exit_code"] = int(_seconds(exits.get("code", 1)))
        fields["exit_after_s"] = _seconds(exits.get("after_s", 5))
    if "ready" in told:
        fields["ready"] = bool(told["ready"])
    if "listens" in told:
        ports = values(told, "listens")
        fields["listens"] = frozenset(port for port in ports if isinstance(port, int))
    return fields


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Invalid(f"reactions.yaml: {value!r} is no number.")
    return float(value)


def fingerprint(
    namespace: str, container: Json, config_versions: Iterable[str], *, probed: bool = False
) -> str:
    """Equal for containers that do the same: of the same image, command and configuration.

    `probed`: and are asked the same by their probes.
    """
    fields = ("image", "command", "args", "env", "envFrom", *(PROBES if probed else ()))
    parts = [container.get(name) for name in fields]
    return repr((namespace, container.get("name"), parts, sorted(config_versions)))


def on_machine(mark: str, machine: str) -> str:
    """The fingerprint of a container that does otherwise on machines of one architecture."""
    return f"{mark} on {machine}"


def config_references(pod_spec: Json, container: Json) -> list[tuple[str, str, str, bool]]:
    """What a container's environment needs: resource, name, key ("" for all), whether it may lack."""
    found = [
        (resource, str(told.get("name")), str(told.get("key") or ""), bool(told.get("optional")))
        for variable in entries(container, "env")
        for source, resource in _KEY_SOURCES
        if (told := section(variable, "valueFrom", source))
    ]
    found += [
        (resource, str(told.get("name")), "", bool(told.get("optional")))
        for whole in entries(container, "envFrom")
        for source, resource in _WHOLE_SOURCES
        if (told := section(whole, source))
    ]
    return found


def volume_references(pod_spec: Json) -> list[tuple[str, str, str, str, bool]]:
    """What a pod's volumes need: volume, resource, name, key ("" for all), whether it may lack."""
    found: list[tuple[str, str, str, str, bool]] = []
    for volume in entries(pod_spec, "volumes"):
        name = str(volume.get("name"))
        sources = [volume, *entries(volume, "projected", "sources")]
        for source in sources:
            for field_name, resource, by in _VOLUME_SOURCES:
                told = section(source, field_name)
                if not told.get(by):
                    continue
                optional = bool(told.get("optional"))
                keys = [str(item.get("key")) for item in entries(told, "items")] or [""]
                found += [(name, resource, str(told[by]), key, optional) for key in keys]
    return found


_KEY_SOURCES = (("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets"))
_WHOLE_SOURCES = (("configMapRef", "configmaps"), ("secretRef", "secrets"))
_VOLUME_SOURCES = (
    ("configMap", "configmaps", "name"),
    ("secret", "secrets", "secretName"),
    ("secret", "secrets", "name"),
)


def memory_limit(container: Json) -> float | None:
    amount = quantity(at(container, "resources", "limits", "memory"))
    return None if amount is None else float(amount)


def _any_matches(image: str, patterns: Iterable[str]) -> bool:
    return any(image == pattern or fnmatchcase(image, pattern) for pattern in patterns)
