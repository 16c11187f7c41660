"""Which object a series is about, by its labels."""

import math
from collections.abc import Mapping, Sequence

from mcp_servers.engines.ownership import owner_chain
from mcp_servers.facts.kubernetes import Cluster, Ref
from mcp_servers.facts.metrics import Series

# Labels that hold the name of an object, where it is not the kind in small letters.
LABELS = {"Job": "job_name"}


def measured_objects(cluster: Cluster, kind: str, series: Sequence[Series]) -> Mapping[Ref, Series]:
    """Objects of a kind with the series that measures them; of several the highest now.

    A series names the object in a label, or one of the object's pods.
    """
    highest: dict[Ref, Series] = {}
    for one in series:
        ref = _about(cluster, kind, one)
        if ref and _now(one) > (_now(highest[ref]) if ref in highest else -math.inf):
            highest[ref] = one
    return highest


def _now(one: Series) -> float:
    value = one.points[-1][1] if one.points else math.nan
    return -math.inf if math.isnan(value) else value


def _about(cluster: Cluster, kind: str, one: Series) -> Ref | None:
    namespace = one.label("namespace")
    name = one.label(LABELS.get(kind, kind.lower()))
    named = [Ref(kind, place, name) for place in (namespace, "")]
    pod = cluster.get(Ref("Pod", namespace, one.label("pod")))
    owners = owner_chain(cluster, pod) if pod else ()
    return next((ref for ref in (*named, *owners) if ref.kind == kind and cluster.get(ref)), None)
