"""OpenCost's allocation API: what a cluster's workloads cost where OpenCost works that out."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from mcp_servers.backends.http_api import HttpApi
from mcp_servers.backends.retrying import PATIENCE, Patience
from mcp_servers.facts.kubernetes import Ref
from mcp_servers.facts.money import NOTHING, Allocated, Amounts

# One row a pod, so that labels are those of the pod and not what its neighbours share with it.
BY = "namespace,controllerKind,controller,pod"
# It asks Prometheus for the whole window when nobody asked before.
LEAST_TIMEOUT_S = 60.0
GIB = 2.0**30
KINDS = {
    "deployment": "Deployment",
    "statefulset": "StatefulSet",
    "daemonset": "DaemonSet",
    "replicaset": "ReplicaSet",
    "job": "Job",
    "cronjob": "CronJob",
    "rollout": "Rollout",
}
IDLE = "__idle__"
Json = Mapping[str, Any]


@dataclass(frozen=True)
class OpenCost:
    """One OpenCost, whose amounts are in `currency`: its API does not say which it is."""

    currency: str
    _api: HttpApi

    @classmethod
    def connect(
        cls, url: str, currency: str, timeout_s: float, *, patience: Patience = PATIENCE
    ) -> Self:
        """Nothing is asked of it yet. `url` is its root, as http://opencost.opencost:9003."""
        timeout_s = max(timeout_s, LEAST_TIMEOUT_S)
        return cls(
            currency, HttpApi.at(url, name="OpenCost", timeout_s=timeout_s, patience=patience)
        )

    @property
    def url(self) -> str:
        return self._api.url

    async def close(self) -> None:
        await self._api.close()

    async def allocated(self, start: datetime, end: datetime) -> list[Allocated]:
        """Every row of a window, idle included; the same pod in several sets is several rows."""
        window = f"{start:%Y-%m-%dT%H:%M:%SZ},{end:%Y-%m-%dT%H:%M:%SZ}"
        asked = {"window": window, "aggregate": BY, "accumulate": "true", "includeIdle": "true"}
        found = await self._api.get("/allocation/compute", asked)
        try:
            sets = [one for one in found["data"] or () if one]
            return [_row(name, raw) for one in sets for name, raw in one.items()]
        except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError) as error:
            raise self._api.stranger() from error


def _row(name: str, raw: Json) -> Allocated:
    about: Json = raw.get("properties") or {}
    cpu, memory, gpu = (_cost(raw, part) for part in ("cpu", "ram", "gpu"))
    total = Decimal(str(raw["totalCost"]))
    hours = _number(raw, "minutes") / 60
    asked = Amounts(_number(raw, "cpuCoreRequestAverage"), _number(raw, "ramByteRequestAverage"))
    used = Amounts(_number(raw, "cpuCoreUsageAverage"), _number(raw, "ramByteUsageAverage"))
    return Allocated(
        workload=None if name.startswith(IDLE) else _workload(name, about),
        labels=tuple(
            sorted({**_labels(about, "namespaceLabels"), **_labels(about, "labels")}.items())
        ),
        cpu=cpu,
        memory=memory,
        gpu=gpu,
        other=total - cpu - memory - gpu,  # volumes, balancers, network, what it shared and added
        unused=cpu * _beyond(asked.cpu, used.cpu) + memory * _beyond(asked.memory, used.memory),
        taken=Amounts(
            _number(raw, "cpuCoreHours"),
            _number(raw, "ramByteHours") / GIB,
            _number(raw, "gpuHours"),
        ),
        hours=hours,
    )


def _workload(name: str, about: Json) -> Ref:
    """What has no controller is a pod; what has no namespace keeps OpenCost's name of it."""
    namespace = str(about.get("namespace") or "")
    controller, kind = str(about.get("controller") or ""), str(about.get("controllerKind") or "")
    if controller and not controller.startswith("__"):
        return Ref(KINDS.get(kind.lower(), kind.capitalize() or "Workload"), namespace, controller)
    pod = str(about.get("pod") or "")
    if pod and not pod.startswith("__"):
        return Ref("Pod", namespace, pod)
    return Ref("Other", "" if namespace.startswith("__") else namespace, name.split("/")[0])


def _labels(about: Json, part: str) -> dict[str, str]:
    told: Json = about.get(part) or {}
    return {str(key): str(value) for key, value in told.items()}


def _cost(raw: Json, part: str) -> Decimal:
    return _decimal(raw, f"{part}Cost") + _decimal(raw, f"{part}CostAdjustment")


def _decimal(raw: Json, key: str) -> Decimal:
    found = Decimal(str(raw.get(key) or 0))
    return found if found.is_finite() else NOTHING


def _number(raw: Json, key: str) -> float:
    found = float(raw.get(key) or 0)
    return found if math.isfinite(found) else 0.0


def _beyond(asked: float, used: float) -> Decimal:
    """Of what was taken, the larger of both, the share that was not used."""
    return Decimal(str((asked - used) / asked)) if asked > max(used, 0.0) else NOTHING
