"""Workloads that two hands scale at once, each undoing what the other did."""

from collections import Counter
from collections.abc import Iterator, Sequence

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.fields import rows, section, text, whole, words
from mcp_servers.engines.scalers import HPA, KEDA, VPA, scalers_by_target
from mcp_servers.engines.settling import is_terminating
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Event, Ref, Resource, moment

# VPA modes that change pods; "Off" only advises and "Initial" touches new pods alone.
ACTS = frozenset({"", "Auto", "Recreate", "InPlaceOrRecreate"})
BOTH = ("cpu", "memory")
# Who writes manifests from a repository, by a part of the field manager's name.
GITOPS = ("argocd", "kustomize-controller", "helm-controller", "flux", "fleet", "config-sync")
RESCALED = "SuccessfulRescale"
# So many rescales to one size within the window are a fight and no adjustment.
OSCILLATES = 3


def scaler_conflicts(cluster: Cluster) -> Iterator[Finding]:
    """`scaler.conflict`: two autoscalers of one workload, or one and a repository."""
    for target, scalers in scalers_by_target(cluster).items():
        active = sorted(
            (one for one in scalers if not is_terminating(one)), key=lambda one: one.ref
        )
        yield from _between(cluster, target, active)
        yield from _with_a_repository(cluster, target, active)


def _between(cluster: Cluster, target: Ref, scalers: Sequence[Resource]) -> Iterator[Finding]:
    if not target.name:
        return
    across = _across(scalers)
    if len(across) > 1:
        cited = [_points_to(one, target) for one in across]
        yield _finding(cluster, target, across, "replicas", cited, Severity.HIGH)
    for scaler in across:
        for vertical in (one for one in scalers if one.kind == VPA):
            if shared := _shared(scaler, vertical):
                cited = [_points_to(one, target) for one in (scaler, vertical)]
                named = ", ".join(shared)
                pair = [scaler, vertical]
                yield _finding(cluster, target, pair, named, cited, Severity.HIGH)


def _across(scalers: Sequence[Resource]) -> list[Resource]:
    """Those that set the number of replicas; a ScaledObject's own HPA is its hand, not a rival."""
    keda = {one.name for one in scalers if one.kind == KEDA}
    return [
        one
        for one in scalers
        if one.kind == KEDA or (one.kind == HPA and not _is_hand_of(one, keda))
    ]


def _is_hand_of(scaler: Resource, keda: set[str]) -> bool:
    owners = [one for one in rows(scaler.metadata, "ownerReferences") if text(one, "kind") == KEDA]
    labelled = text(scaler.labels, "scaledobject.keda.sh/name") in keda
    return bool(owners) or labelled or scaler.name in {f"keda-hpa-{name}" for name in keda}


def _shared(scaler: Resource, vertical: Resource) -> list[str]:
    """The resources that both act on: the one scales by them, the other changes their requests."""
    if text(vertical.spec, "updatePolicy", "updateMode") not in ACTS or scaler.kind != HPA:
        return []
    policies = rows(vertical.spec, "resourcePolicy", "containerPolicies")
    acting = [one for one in policies if text(one, "mode") != "Off"]
    listed = [words(one, "controlledResources") or list(BOTH) for one in acting]
    controlled = {name for names in listed for name in names} if policies else set(BOTH)
    metrics = rows(scaler.spec, "metrics")
    sources = [section(one, kind) for one in metrics for kind in ("resource", "containerResource")]
    measured = {
        text(one, "name") for one in sources if text(one, "target", "type") == "Utilization"
    }
    return sorted(measured & controlled)


def _points_to(scaler: Resource, target: Ref) -> Evidence:
    field = "targetRef" if scaler.kind == VPA else "scaleTargetRef"
    return citing.field(scaler, f".spec.{field}", f"{target.kind} {target.name}")


def _with_a_repository(
    cluster: Cluster, target: Ref, scalers: Sequence[Resource]
) -> Iterator[Finding]:
    """A manifest that writes the replicas again with each sync; a fault where it shows."""
    workload, across = cluster.get(target), _across(scalers)
    if workload is None or not across:
        return
    for entry in rows(workload.metadata, "managedFields"):
        manager = text(entry, "manager")
        pins = "f:replicas" in section(entry, "fieldsV1", "f:spec")
        if not pins or not any(word in manager.lower() for word in GITOPS):
            continue
        at = moment(entry.get("time"))
        path = f".metadata.managedFields[{manager}].fieldsV1.f:spec.f:replicas"
        fought = _the_same_step_again(cluster, scalers)
        cited = [
            citing.field(workload, path, whole(workload.spec, "replicas"), at),
            *(_points_to(one, target) for one in across[:1]),
            *citing.events(fought, at_most=1),
        ]
        severity = Severity.HIGH if fought else Severity.LOW
        yield _finding(cluster, target, across[:1], "replicas", cited, severity, by=manager)


def _the_same_step_again(cluster: Cluster, scalers: Sequence[Resource]) -> list[Event]:
    """Rescales to one size, time after time: somebody takes each of them back."""
    rescaled = [event for one in scalers for event in cluster.events_about(one, RESCALED)]
    lately = [one for one in rescaled if cluster.recent(one.last_at)]
    times = Counter[str]()
    for event in lately:
        times[event.message] += event.count
    return [one for one in lately if times[one.message] >= OSCILLATES]


def _named(scaler: Resource) -> str:
    """Its kind and name; of a ScaledObject also the HPA by whose hand it scales."""
    hand = text(scaler.status, "hpaName") if scaler.kind == KEDA else ""
    return f"{scaler.kind} {scaler.name}" + (f" ({HPA} {hand})" if hand else "")


def _finding(
    cluster: Cluster,
    target: Ref,
    scalers: Sequence[Resource],
    over: str,
    cited: Sequence[Evidence],
    severity: Severity,
    *,
    by: str = "",
) -> Finding:
    """Told about the workload; the fight begins when the younger of the two is there."""
    births = [one.created_at for one in scalers if one.created_at]
    times = [one.at for one in cited if one.at] if by else births
    names = [_named(one) for one in scalers]
    rescaled = [event for one in scalers for event in cluster.events_about(one, RESCALED)]
    return Finding(
        rule="scaler.conflict",
        severity=severity,
        confidence=Confidence.CERTAIN if not by else Confidence.STRONG,
        resource=target,
        since=max(births, default=None) if not by else min(times, default=None),
        evidence=tuple(dict.fromkeys([*cited, *citing.events(rescaled, at_most=2)])),
        params={"scalers": ", ".join([*names, *([by] if by else [])]), "over": over},
        affected=tuple(one.ref for one in scalers),
        cause_key=",".join([*names, by]),
        joins={
            "target": str(target),
            "hpa": ",".join(sorted(key(one.ref) for one in scalers)),
        },
    )
