"""One object in full, without its noise and without what is secret in it."""

from typing import Annotated, Any, cast

import yaml
from pydantic import BaseModel, Field

from core.principal import Principal
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.facts.kubernetes import Json, Resource

Kind = Annotated[str, Field(description="e.g. Service, deploy, certificates.cert-manager.io.")]
Namespace = Annotated[str, Field(description="Empty: wherever the only one is.")]

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
TEXT_CHARACTERS = 16_000

# Tried in turn until the text fits: characters kept of one string, items of one list.
BOUNDS = ((2_000, 100), (400, 30), (120, 8), (40, 2))


class ObjectInFull(BaseModel):
    kind: str
    namespace: str
    name: str
    resource_version: str
    shortened: bool = Field(description="Whether long texts or lists were cut.")
    object: dict[str, Any] = Field(description="Without managedFields; Secrets without values.")

    def as_text(self) -> str:
        head = "(long texts and lists are cut)\n" if self.shortened else ""
        return head + _yaml(self.object)


async def kubernetes_get_object(
    kind: Kind,
    name: str,
    namespace: Namespace = "",
    *,
    cluster: Kubernetes,
    caller: Principal,
) -> ObjectInFull:
    """Show one object in full: spec, limits, env, selectors, conditions. Secrets show only keys."""
    found = await cluster.seen_by(caller).get(kind, name, namespace=namespace)
    shown, shortened = _fitting(_cleaned(found))
    return ObjectInFull(
        kind=found.kind,
        namespace=found.namespace,
        name=found.name,
        resource_version=str(found.metadata.get("resourceVersion") or ""),
        shortened=shortened,
        object=shown,
    )


def _cleaned(resource: Resource) -> Json:
    metadata = {key: value for key, value in resource.metadata.items() if key != "managedFields"}
    notes = {key: value for key, value in resource.annotations.items() if key != LAST_APPLIED}
    if notes or "annotations" in metadata:
        metadata["annotations"] = notes
    raw = {**resource.raw, "metadata": metadata}
    if resource.kind != "Secret":
        return raw
    return {
        key: _without_values(value) if key in ("data", "stringData") else value
        for key, value in raw.items()
    }


def _without_values(data: Any) -> dict[str, str]:
    """The keys of a Secret and how long each value is, in base64 as it is stored."""
    values = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
    return {key: f"(hidden, {len(str(value))} characters)" for key, value in values.items()}


def _fitting(tree: Json) -> tuple[Json, bool]:
    if len(_yaml(tree)) <= TEXT_CHARACTERS:
        return tree, False
    shown = tree
    for characters, items in BOUNDS:
        shown = cast("Json", _cut(tree, characters, items))
        if len(_yaml(shown)) <= TEXT_CHARACTERS:
            break
    return shown, True


def _cut(value: Any, characters: int, items: int) -> Any:
    if isinstance(value, str) and len(value) > characters:
        return f"{value[:characters]}… ({len(value) - characters} more characters)"
    if isinstance(value, dict):
        tree = cast("Json", value)
        kept = {key: _cut(one, characters, items) for key, one in list(tree.items())[:items]}
        return kept | ({"…": f"{len(tree) - items} more"} if len(tree) > items else {})
    if isinstance(value, list):
        every = cast("list[Any]", value)
        kept = [_cut(one, characters, items) for one in every[:items]]
        return [*kept, f"… {len(every) - items} more"] if len(every) > items else kept
    return value


def _yaml(tree: Json) -> str:
    return yaml.dump(
        tree, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=10_000
    )
