"""Pods that could not be listed, told by the events about them."""

import re
from collections.abc import Iterator
from datetime import timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.config_references import ABSENT_OBJECT
from mcp_servers.engines.fields import whole
from mcp_servers.engines.ownership import owner_by_name, pods_by_owner
from mcp_servers.engines.pull_failures import class_of, image_parts
from mcp_servers.engines.settling import desired_replicas
from mcp_servers.facts.findings import Confidence, Finding, Fix, Severity
from mcp_servers.facts.kubernetes import Cluster, Event, Ref
from mcp_servers.facts.nearest import nearest_names

STILL_GOING_ON = timedelta(minutes=15)
_PULL = re.compile(r'Failed to pull image "([^"]+)"')
RULE = {"configmap": "pod.config_ref.configmap_missing", "secret": "pod.config_ref.secret_missing"}
KIND = {"configmap": "ConfigMap", "secret": "Secret"}


def unseen_pods(cluster: Cluster) -> Iterator[Finding]:
    """`pod.config_ref.*` and `pod.image_pull.*` of workloads whose pods are out of sight.

    Only events tell of them, so only events are cited, and only where the workload lacks
    replicas now and none of its pods was listed.
    """
    seen = pods_by_owner(cluster)
    for event in cluster.ordered_events:
        about = event.about
        if event.reason not in ("Failed", "FailedMount") or about.kind != "Pod":
            continue
        if event.last_at is None or cluster.now - event.last_at > STILL_GOING_ON:
            continue
        owner = owner_by_name(cluster, about)
        if owner == about or cluster.get(about) is not None or owner in seen:
            continue
        if _lacks_replicas(cluster, owner):
            yield from _told(cluster, event, owner)


def _lacks_replicas(cluster: Cluster, owner: Ref) -> bool:
    workload = cluster.get(owner)
    if workload is None:
        return False
    ready = whole(workload.status, "readyReplicas")
    return ready < desired_replicas(workload)


def _told(cluster: Cluster, event: Event, owner: Ref) -> Iterator[Finding]:
    for kind, name in ABSENT_OBJECT.findall(event.message):
        target = Ref(KIND[kind.lower()], owner.namespace, name)
        if cluster.get(target) is None:
            yield _reference(cluster, event, owner, target)
    if match := _PULL.search(event.message):
        yield _image(event, owner, match.group(1))


def _reference(cluster: Cluster, event: Event, owner: Ref, target: Ref) -> Finding:
    known = [one.name for one in cluster.all(target.kind, target.namespace)]
    elsewhere = [one.namespace for one in cluster.all(target.kind) if one.name == target.name]
    near = nearest_names(target.name, known)
    params = {
        "ref_kind": target.kind,
        "ref_name": target.name,
        "key": "",
        "path": f"Pod {event.about.name}",
        "near": ", ".join(near),
        "elsewhere": ", ".join(sorted(elsewhere)),
        "available": "",
        "actual_kind": "",
    }
    joins = {"ref": f"{target.kind}:{key(target)}", target.kind.lower(): key(target)}
    fix = "fix.repoint" if len(near) == 1 else ""
    return _finding(event, owner, RULE[target.kind.lower()], target.name, params, joins, fix)


def _image(event: Event, owner: Ref, image: str) -> Finding:
    params = {
        **image_parts(image),
        "message": citing.quoted(event.message),
        "previous_image": "",
        "node": "",
        "arch": "",
        "secrets": "",
        "perhaps_absent": "",
    }
    rule = f"pod.image_pull.{class_of(event.message, image) or 'unknown'}"
    return _finding(event, owner, rule, image, params, {"image": image}, "")


def _finding(
    event: Event,
    owner: Ref,
    rule: str,
    cause_key: str,
    params: dict[str, str],
    joins: dict[str, str],
    fix: str,
) -> Finding:
    return Finding(
        rule=rule,
        severity=Severity.HIGH,
        confidence=Confidence.STRONG,
        resource=owner,
        since=event.first_at,
        evidence=(citing.event(event),),
        params={"pod": event.about.name, "node": "", **params},
        affected=(event.about,),
        cause_key=cause_key,
        fix=Fix(fix, owner) if fix else None,
        joins={"pod": key(event.about), **joins},
    )
