"""Workloads whose pods the API server refuses to create, so that there is no pod to look at."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.fields import text, whole
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.settling import desired_replicas
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Fix, Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Resource, moment
from mcp_servers.facts.nearest import nearest_names

MAKERS = ("ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job", "ReplicationController")

# The sharpest words first: "forbidden" stands in most of these messages, and what a webhook denies
# it may put in the words of any other.
_SAID: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("webhook", re.compile(r"admission webhook|failed calling webhook", re.IGNORECASE)),
    ("quota", re.compile(r"exceeded quota", re.IGNORECASE)),
    (
        "limits_required",
        re.compile(
            r"must specify (?:limits|requests)|failed quota"
            r"|(?:minimum|maximum) [\w./-]+ usage per|limit to request ratio per|must be less than or equal to \w+ limit",
            re.IGNORECASE,
        ),
    ),
    ("pod_security", re.compile(r"violates PodSecurity", re.IGNORECASE)),
    (
        "identity",
        re.compile(
            r"service ?account .*not found|no PriorityClass|priority class .*not found",
            re.IGNORECASE,
        ),
    ),
)
_QUOTA = re.compile(r"(?:exceeded|failed) quota: ([\w.-]+)")
_NUMBERS = re.compile(r"(requested|used|limited): (.*?)(?=, (?:requested|used|limited): |$)")
_MUST = re.compile(r"(must specify .+|(?:minimum|maximum) .+)")
_LEVEL = re.compile(r'violates PodSecurity "([^"]+)": (.+)')
_WEBHOOK = re.compile(r'webhook "([^"]+)"')
_ACCOUNT = re.compile(r'serviceaccount "([\w.:-]+)" not found', re.IGNORECASE)
_PRIORITY = re.compile(r"PriorityClass with name ([\w.-]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """One refused creation as it stands now."""

    maker: Resource
    message: str
    first_at: datetime | None
    count: int
    evidence: tuple[Evidence, ...]


def create_refused(cluster: Cluster) -> Iterator[Finding]:
    """`workload.create_refused.*`: pods that are wanted and may not be made, by who refuses."""
    makers = [maker for kind in MAKERS for maker in cluster.all(kind)]
    for maker in (*makers, *_makers_out_of_sight(cluster)):
        refusal = _refusal(cluster, maker)
        if refusal is not None and not _got_through(cluster, maker, refusal):
            yield _finding(cluster, refusal)


def _makers_out_of_sight(cluster: Cluster) -> Iterator[Resource]:
    """Makers that only their events tell of, unless the workload above has all it wants."""
    about = {event.about for event in cluster.ordered_events if event.reason == "FailedCreate"}
    for ref in sorted(about):
        if ref.kind not in MAKERS or cluster.get(ref) is not None:
            continue
        maker = Resource(
            {"kind": ref.kind, "metadata": {"namespace": ref.namespace, "name": ref.name}}
        )
        owner = cluster.get(top_owner(cluster, maker))
        if owner is not None and (_made(owner) or 0) < _wanted(owner):
            yield maker


def _refusal(cluster: Cluster, maker: Resource) -> _Refusal | None:
    events = cluster.events_about(maker, "FailedCreate")
    condition = maker.condition("ReplicaFailure") or {}
    stated = condition if condition.get("status") == "True" else Json()
    if not events and not stated:
        return None
    message = text(stated, "message") or events[-1].message
    since = moment(stated.get("lastTransitionTime"))
    path = ".status.conditions[ReplicaFailure].message"
    cited = [citing.field(maker, path, message, since)] if stated else []
    firsts = [one.first_at for one in events if one.first_at] + ([since] if since else [])
    times = sum(one.count for one in events)
    evidence = (*citing.events(events, at_most=1), *cited)
    return _Refusal(maker, message, min(firsts, default=None), times, evidence)


def _got_through(cluster: Cluster, maker: Resource, refusal: _Refusal) -> bool:
    """A later creation that worked, or nothing more to create."""
    created = [
        one.last_at for one in cluster.events_about(maker, "SuccessfulCreate") if one.last_at
    ]
    refused = [one.last_at for one in cluster.events_about(maker, "FailedCreate") if one.last_at]
    if created and refused and max(created) > max(refused):
        return True
    wanted, made = _wanted(maker), _made(maker)
    return made is not None and made >= wanted


def _wanted(maker: Resource) -> int:
    if maker.kind == "DaemonSet":
        return whole(maker.status, "desiredNumberScheduled", default=1)
    return (
        whole(maker.spec, "parallelism", default=1)
        if maker.kind == "Job"
        else desired_replicas(maker)
    )


def _made(maker: Resource) -> int | None:
    """How many pods it has of those it wants; of a Deployment those of the present template."""
    if maker.kind == "Deployment":
        return whole(maker.status, "updatedReplicas")
    field = {"DaemonSet": "currentNumberScheduled", "Job": "active"}.get(maker.kind, "replicas")
    if maker.kind == "Job" and whole(maker.status, "succeeded"):
        return whole(maker.spec, "parallelism", default=1)
    return whole(maker.status, field) if field in maker.status else None


def _finding(cluster: Cluster, refusal: _Refusal) -> Finding:
    maker = refusal.maker
    kind = next((kind for kind, shape in _SAID if shape.search(refusal.message)), "other")
    owner = top_owner(cluster, maker)
    details, joins = _details(cluster, maker, kind, refusal.message)
    made = _made(maker)
    fixable = kind == "limits_required" or (kind == "identity" and bool(details.get("near")))
    fix = {
        "limits_required": "fix.resources",
        "identity": "fix.repoint",
        "pod_security": "fix.harden",
    }
    offered = fix.get(kind, "") if fixable or kind == "pod_security" else ""
    return Finding(
        rule=f"workload.create_refused.{kind}",
        severity=Severity.HIGH,
        confidence=Confidence.CERTAIN,
        resource=owner,
        since=refusal.first_at,
        evidence=refusal.evidence,
        params={
            **NOTHING_KNOWN,
            **details,
            "maker": f"{maker.kind} {maker.name}",
            "message": citing.quoted(refusal.message),
            "count": str(refusal.count) if refusal.count else "",
            "made": str(made) if made is not None else "",
            "wanted": str(_wanted(maker)),
        },
        affected=(maker.ref,),
        cause_key=details.get("quota") or details.get("webhook") or details.get("missing", ""),
        fix=Fix(offered, owner) if offered else None,
        joins={**({"replicaset": key(maker.ref)} if maker.kind == "ReplicaSet" else {}), **joins},
    )


# Every text of this family may ask for any of these.
_DETAILS = (
    "quota", "requested", "used", "limited", "requirement", "level", "violations", "webhook",
    "unreachable", "missing", "missing_kind", "near",
)  # fmt: skip
NOTHING_KNOWN = dict.fromkeys(_DETAILS, "")
Details = tuple[dict[str, str], dict[str, str]]


def _details(cluster: Cluster, maker: Resource, kind: str, message: str) -> Details:
    match kind:
        case "quota" | "limits_required":
            return _quota(message)
        case "pod_security":
            stated = _LEVEL.search(message)
            level, violations = stated.groups() if stated else ("", "")
            return {"level": level, "violations": citing.shortened(violations)}, {}
        case "webhook":
            stated = _WEBHOOK.search(message)
            name = stated.group(1) if stated else ""
            unreachable = "true" if "failed calling webhook" in message else ""
            return {"webhook": name, "unreachable": unreachable}, {"webhook": name}
        case "identity":
            return _identity(cluster, maker, message)
        case _:
            return {}, {}


def _quota(message: str) -> Details:
    stated, must = _QUOTA.search(message), _MUST.search(message)
    numbers = {name: value.strip(" .") for name, value in _NUMBERS.findall(message)}
    requirement = citing.shortened(must.group(1)) if must else ""
    name = stated.group(1) if stated else ""
    return {**numbers, "quota": name, "requirement": requirement}, {"quota": name} if name else {}


def _identity(cluster: Cluster, maker: Resource, message: str) -> Details:
    account, priority = _ACCOUNT.search(message), _PRIORITY.search(message)
    if account:
        name = account.group(1).rsplit(":", 1)[-1]
        known = [one.name for one in cluster.all("ServiceAccount", maker.namespace)]
        near = ", ".join(nearest_names(name, known))
        details = {"missing": name, "missing_kind": "ServiceAccount", "near": near}
        return details, {"service_account": f"{maker.namespace}/{name}"}
    name = priority.group(1) if priority else ""
    near = ", ".join(nearest_names(name, [one.name for one in cluster.all("PriorityClass")]))
    return {"missing": name, "missing_kind": "PriorityClass", "near": near}, {
        "priority_class": name
    }
