"""What scales a workload: HorizontalPodAutoscalers, KEDA's ScaledObjects, VerticalPodAutoscalers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mcp_servers.engines.fields import rows, section, text
from mcp_servers.engines.quantities import quantity
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource

HPA, KEDA, VPA = "HorizontalPodAutoscaler", "ScaledObject", "VerticalPodAutoscaler"
# Where each kind names what it scales.
_TARGETS = {HPA: "scaleTargetRef", KEDA: "scaleTargetRef", VPA: "targetRef"}


def target_of(scaler: Resource) -> Ref:
    """What an autoscaler scales; KEDA leaves the kind away when it is a Deployment."""
    path = _TARGETS.get(scaler.kind, "scaleTargetRef")
    kind = text(scaler.spec, path, "kind") or ("Deployment" if scaler.kind == KEDA else "")
    return Ref(kind, scaler.namespace, text(scaler.spec, path, "name"))


def scalers_by_target(cluster: Cluster) -> Mapping[Ref, list[Resource]]:
    """Every autoscaler in sight under what it scales."""
    return cluster.derived("scalers by target", lambda: _by_target(cluster))


def measured_by(cluster: Cluster, target: Ref, resource: str) -> Resource | None:
    """The HorizontalPodAutoscaler that sets what is used of a resource against what is requested."""
    for scaler in scalers_by_target(cluster).get(target, []):
        measured = [
            text(metric, part, "name")
            for metric in rows(scaler.spec, "metrics")
            for part in ("resource", "containerResource")
        ]
        if scaler.kind == HPA and resource in measured:
            return scaler
    return None


def _by_target(cluster: Cluster) -> Mapping[Ref, list[Resource]]:
    found: dict[Ref, list[Resource]] = {}
    for kind in _TARGETS:
        for scaler in cluster.all(kind):
            found.setdefault(target_of(scaler), []).append(scaler)
    return found


@dataclass(frozen=True, slots=True)
class Reading:
    """One metric of an HPA as its status has it: `cpu 94 of 70`."""

    name: str
    current: str
    target: str

    @property
    def is_above(self) -> bool:
        now, wanted = quantity(self.current), quantity(self.target)
        return now is not None and wanted is not None and now > wanted

    @property
    def ratio(self) -> float:
        """Present value to target; 0 where one of them is no quantity."""
        now, wanted = quantity(self.current), quantity(self.target)
        return float(now / wanted) if now is not None and wanted else 0.0


def readings(scaler: Resource) -> Iterator[Reading]:
    """Each metric with its present value against its target, where the status has both."""
    present = {_name(one): _part(one, "current") for one in rows(scaler.status, "currentMetrics")}
    for metric in rows(scaler.spec, "metrics"):
        name, target = _name(metric), _part(metric, "target")
        current = present.get(name, {})
        for field in ("averageUtilization", "averageValue", "value"):
            if text(target, field) and text(current, field):
                yield Reading(name, text(current, field), text(target, field))
                break


def _source(metric: Json) -> Json:
    """The one part of a metric that is named after its type: resource, pods, object, external."""
    kind = text(metric, "type")
    return section(metric, kind[:1].lower() + kind[1:])


def _name(metric: Json) -> str:
    source = _source(metric)
    container = text(source, "container")
    name = text(source, "name") or text(source, "metric", "name")
    return f"{name} of {container}" if container else name


def _part(metric: Json, part: str) -> Json:
    return section(_source(metric), part)
