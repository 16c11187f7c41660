"""Claims, volumes and classes, and text as Secrets keep it."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.kubernetes_api.defaulting.filling import filled, within
from sandbox.kubernetes_api.fields import section

Json = dict[str, Any]


def encoded(texts: Mapping[str, Any]) -> Json:
    return {key: base64.b64encode(str(text or "").encode()).decode() for key, text in texts.items()}


def claim(one: Json) -> Json:
    spec = filled(section(one, "spec"), {"volumeMode": "Filesystem"})
    return filled({**one, "spec": spec}, {"status": {"phase": "Pending"}})


def _volume(one: Json) -> Json:
    more = {"volumeMode": "Filesystem", "persistentVolumeReclaimPolicy": "Retain"}
    spec = filled(section(one, "spec"), more)
    spec = within(spec, "hostPath", lambda path: filled(path, {"type": ""}))
    return filled({**one, "spec": spec}, {"status": {"phase": "Pending"}})


def _class(one: Json) -> Json:
    return filled(one, {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"})


KINDS: Mapping[str, Callable[[Json], Json]] = {
    "persistentvolumeclaims": claim,
    "persistentvolumes": _volume,
    "storageclasses.storage.k8s.io": _class,
}
