"""What the quotas of each namespace say is used: counted once, then kept up with every change."""

from typing import Any

from sandbox.kubernetes_api.admission import quotas
from sandbox.kubernetes_api.admission.quotas import Amounts
from sandbox.kubernetes_api.fields import at, section
from sandbox.kubernetes_api.quantities import quantity, written
from sandbox.store import Change, Key, Store

Json = dict[str, Any]

QUOTAS = "resourcequotas"


class Ledger:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._used: dict[Key, Amounts] = {}

    def note(self, change: Change) -> None:
        """Bring the quotas of the namespace of a change up to date."""
        key = change.key
        if key.resource == QUOTAS and not self._is_new(change):
            return
        for quota in self._store.list(QUOTAS, key.namespace) if key.namespace else ():
            self._settle(quota, change)

    def _is_new(self, change: Change) -> bool:
        """Whether a quota must be counted; the status that is written here does not matter."""
        known = section(change.before, "spec")
        if change.type == "MODIFIED" and known == section(change.now, "spec"):
            return False
        self._used.pop(change.key, None)
        return True

    def _settle(self, quota: Json, change: Change) -> None:
        key = Key(QUOTAS, change.key.namespace, quota["metadata"]["name"])
        used = self._used.get(key)
        if used is None:
            used = counted(self._store, quota)
        elif quotas.counted(change.key.resource, section(quota, "spec", "hard")):
            used = _moved(used, quota, change)
        self._used[key] = used
        told = {name: written(amount, name) for name, amount in used.items()}
        hard = section(quota, "spec", "hard")
        status = {**section(quota, "status"), "hard": hard, "used": told}
        if status != at(quota, "status"):
            self._store.put(key, {**quota, "status": status})


def known(store: Store, quota: Json) -> Amounts:
    """What a quota's status says is used; counted when it says nothing of what it bounds now."""
    hard, status = section(quota, "spec", "hard"), section(quota, "status")
    told = section(status, "used")
    if section(status, "hard") != hard or told.keys() != hard.keys():
        return counted(store, quota)
    return {name: quantity(amount) for name, amount in told.items()}


def counted(store: Store, quota: Json) -> Amounts:
    """What all that a quota could count amounts to."""
    names = [str(name) for name in section(quota, "spec", "hard")]
    namespace = quota["metadata"]["namespace"]
    simple = {name.removeprefix("count/") for name in names}
    resources = simple | {"pods", "services", "persistentvolumeclaims"}
    objects = {
        resource: store.list(resource, namespace)
        for resource in resources
        if quotas.counted(resource, names)
    }
    return quotas.used_by(quota, objects)


def _moved(used: Amounts, quota: Json, change: Change) -> Amounts:
    after = None if change.type == "DELETED" else change.now
    moved = dict(used)
    for one, sign in ((after, 1), (change.before, -1)):
        if one is None or not quotas.covers(quota, change.key.resource, one):
            continue
        for name, amount in quotas.usage(change.key.resource, one).items():
            if name in moved:
                moved[name] += sign * amount
    return moved
