"""PersistentVolumeClaims that ask for more than they have been given."""

from typing import Any

from sandbox.kubernetes_api.fields import at
from sandbox.kubernetes_api.quantities import quantity
from sandbox.store import Key, Store

Json = dict[str, Any]

FIXED = (
    "only dynamically provisioned pvc can be resized and "
    "the storageclass that provisions the pvc must support resize"
)
_CLASSES = "storageclasses.storage.k8s.io"


def may_grow(store: Store, claim: Json, before: Json) -> bool:
    """Whether the claim asks for no more than before, or its class lets it."""
    if _asked(claim) <= _asked(before):
        return True
    found = store.get(Key(_CLASSES, "", str(at(claim, "spec", "storageClassName") or "")))
    return bool(at(found, "allowVolumeExpansion"))


def _asked(claim: Json) -> Any:
    return quantity(at(claim, "spec", "resources", "requests", "storage") or 0)
