"""An OpenCost as far as its allocation API goes: it reads a window as that does and answers in its shape.

Written after its documentation (docs: integrations/api); amounts are of the test's making.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from tests.backends.loopback import Asked

GIB = 2**30


def pod(
    namespace: str, controller: str, name: str, *, cpu: float, ram: float, hours: float, **more: Any
) -> tuple[str, dict[str, Any]]:
    """One row of `aggregate=namespace,controllerKind,controller,pod`: prices of 0.03 and 0.004."""
    kind = more.get("kind", "deployment")
    costs = {"cpuCost": cpu * hours * 0.03, "ramCost": ram * hours * 0.004}
    others = {"gpuCost": 0, "pvCost": more.get("pv", 0.0), "loadBalancerCost": 0, "networkCost": 0}
    row: dict[str, Any] = {
        "name": f"{namespace}/{kind}/{controller}/{name}",
        "properties": {
            "cluster": "cluster-one",
            "namespace": namespace,
            "controllerKind": kind,
            "controller": controller,
            "pod": name,
            "labels": more.get("labels", {}),
            "namespaceLabels": more.get("home", {}),
        },
        "minutes": hours * 60,
        "cpuCoreRequestAverage": cpu,
        "cpuCoreUsageAverage": cpu / 2,
        "cpuCoreHours": cpu * hours,
        "ramByteRequestAverage": ram * GIB,
        "ramByteUsageAverage": ram * GIB,
        "ramByteHours": ram * GIB * hours,
        "gpuHours": 0,
        **costs,
        "cpuCostAdjustment": 0,
        "ramCostAdjustment": 0,
        **others,
        "sharedCost": 0,
        "externalCost": 0,
    }
    return row["name"], {**row, "totalCost": sum(costs.values()) + sum(others.values())}


def idle(cpu: float, ram: float) -> tuple[str, dict[str, Any]]:
    row: dict[str, Any] = {
        "name": "__idle__",
        "properties": {"cluster": "cluster-one"},
        "minutes": 0,
    }
    return "__idle__", {**row, "cpuCost": cpu, "ramCost": ram, "totalCost": cpu + ram}


def opencost(
    rows: Callable[[float], Sequence[tuple[str, dict[str, Any]]]],
) -> Callable[[Asked], tuple[int, Any]]:
    """Answers with what the hours of the asked window cost; without a window as OpenCost refuses it."""

    def answer(asked: Asked) -> tuple[int, Any]:
        if asked.path != "/allocation/compute":
            return 404, {"code": 404, "message": "no such path"}
        try:
            start, end = map(datetime.fromisoformat, asked.query["window"].split(","))
        except (KeyError, ValueError):
            return 400, {"code": 400, "message": "Invalid 'window' parameter"}
        found = dict(rows((end - start).total_seconds() / 3600))
        if asked.query.get("includeIdle") != "true":
            found.pop("__idle__", None)
        return 200, {"code": 200, "data": [found]}

    return answer
