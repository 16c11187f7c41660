"""An image that does not arrive on the node, and why."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod, key
from mcp_servers.engines.containers import Container, containers
from mcp_servers.engines.fields import rows, text
from mcp_servers.engines.log_signals import Line, last_words
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.pull_failures import class_of, illegal_part, image_parts
from mcp_servers.engines.revisions import can_roll_back, previous_container
from mcp_servers.engines.settling import live_pods
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Event, Ref, Resource

WAITING = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "RegistryUnavailable",
    }
)
PULL_REASONS = ("Failed", "BackOff", "InspectFailed", "ErrImageNeverPull", "Pulling")
UNRETRIEVED = "FailedToRetrieveImagePullSecret"

FIXES = {"arch": "fix.node_selector"}

_MISSING_TOO = re.compile(r"does not exist|not found", re.IGNORECASE)
_SECRET_NAMES = re.compile(
    r"secrets? \(([^)]*)\)|secret[s]? \"?([\w.-]+(?:/[\w.-]+)?)\"? not found"
)


def image_pull(cluster: Cluster) -> Iterator[Finding]:
    """`pod.image_pull.*`: one finding for each container whose image does not arrive."""
    for pod in live_pods(cluster):
        for container in containers(pod):
            if container.waiting_reason in WAITING:
                yield _finding(cluster, container)
            elif line := _wrong_platform(cluster, container):
                yield _platform_finding(cluster, container, line)


def _finding(cluster: Cluster, container: Container) -> Finding:
    pod, image = container.pod, container.image
    events = _pull_events(cluster, container)
    kind, said, at = _judged(container, events)
    owner = top_owner(cluster, pod)
    rolls_back = kind in ("not_found", "invalid_name") and can_roll_back(cluster, owner)
    return about_pod(
        cluster,
        pod,
        f"pod.image_pull.{kind}",
        Severity.HIGH,
        _evidence(cluster, container, events, kind),
        since=_since(pod, events, at),
        container=container.name,
        cause_key=image,
        fix="fix.rollback" if rolls_back else FIXES.get(kind, ""),
        params=_params(cluster, container, said),
        joins={"image": image},
    )


def _pull_events(cluster: Cluster, container: Container) -> list[Event]:
    """What was said about this container's image; events about another container are not ours."""
    return [
        event
        for event in cluster.events_about(container.pod, *PULL_REASONS)
        if _is_about(event, container) and "restarting failed container" not in event.message
    ]


def _is_about(event: Event, container: Container) -> bool:
    if event.field_path:
        return event.field_path.endswith(f"{{{container.name}}}")
    return not container.image or container.image in event.message or "image" in event.message


def _judged(container: Container, events: Sequence[Event]) -> tuple[str, str, datetime | None]:
    """The sub-rule, the words that decided it and when they were first said."""
    stated = {"InvalidImageName": "invalid_name", "ErrImageNeverPull": "never_present"}
    if kind := stated.get(container.waiting_reason):
        return kind, container.waiting_message, None
    said = [(event.message, event.first_at) for event in events]
    for message, at in [(container.waiting_message, None), *reversed(said)]:
        if kind := class_of(message, container.image):
            return kind, message, at
    return "unknown", container.waiting_message or (said[-1][0] if said else ""), None


def _since(pod: Resource, events: Sequence[Event], said_at: datetime | None) -> datetime | None:
    failed = [event.first_at for event in events if event.reason != "Pulling" and event.first_at]
    return min([*failed, *([said_at] if said_at else [])], default=None) or pod.created_at


def _evidence(
    cluster: Cluster, container: Container, events: Sequence[Event], kind: str
) -> list[Evidence]:
    pod = container.pod
    telling = [one for one in events if class_of(one.message, container.image) == kind]
    path = f"{container.path}.state.waiting.reason"
    evidence = [
        citing.field(pod, f"{container.spec_path}.image", container.image),
        *citing.events(telling or events, at_most=1),
        citing.field(pod, path, container.waiting_reason),
    ]
    if kind == "never_present":
        policy = text(container.spec, "imagePullPolicy") or "Never"
        evidence.append(citing.field(pod, f"{container.spec_path}.imagePullPolicy", policy))
    if container.waiting_message and not telling:
        message_path = f"{container.path}.state.waiting.message"
        evidence.append(citing.field(pod, message_path, container.waiting_message))
    before = text(previous_container(cluster, top_owner(cluster, pod), container.name), "image")
    if before and before != container.image:
        owner = cluster.get(top_owner(cluster, pod)) or pod
        evidence.append(
            citing.field(owner, f"(revision before) {container.spec_path}.image", before)
        )
    return evidence


def _params(cluster: Cluster, container: Container, said: str) -> dict[str, str]:
    pod, image = container.pod, container.image
    before = text(previous_container(cluster, top_owner(cluster, pod), container.name), "image")
    return {
        **image_parts(image),
        "message": citing.quoted(said),
        "previous_image": before if before != image else "",
        "node": text(pod.spec, "nodeName"),
        "nodes": _nodes_that_fail(cluster, container),
        "what": illegal_part(image)[0],
        "illegal": illegal_part(image)[1],
        "arch": _arch_of_node(cluster, pod),
        "secrets": ", ".join(pull_secrets(cluster, pod)),
        "perhaps_absent": image if _MISSING_TOO.search(said) else "",
    }


def _nodes_that_fail(cluster: Cluster, container: Container) -> str:
    """How many nodes wait for an image of this registry, of how many: one node or the registry."""
    failing = cluster.derived("nodes that wait for a registry", lambda: _waiting_nodes(cluster))
    nodes, every = failing.get(image_parts(container.image)["registry"], set()), cluster.all("Node")
    return f"{len(nodes)}/{len(every)}" if nodes and len(nodes) <= len(every) else ""


def _waiting_nodes(cluster: Cluster) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for pod in live_pods(cluster):
        for one in containers(pod):
            if one.waiting_reason in WAITING and text(pod.spec, "nodeName"):
                registry = image_parts(one.image)["registry"]
                found.setdefault(registry, set()).add(text(pod.spec, "nodeName"))
    return found


def _arch_of_node(cluster: Cluster, pod: Resource) -> str:
    node = cluster.get(Ref("Node", "", text(pod.spec, "nodeName")))
    return text(node.labels, "kubernetes.io/arch") if node else ""


def pull_secrets(cluster: Cluster, pod: Resource) -> list[str]:
    """The names of the pull Secrets a pod uses, its own and its ServiceAccount's."""
    account_name = text(pod.spec, "serviceAccountName") or "default"
    account = cluster.get(Ref("ServiceAccount", pod.namespace, account_name))
    own = [text(one, "name") for one in rows(pod.spec, "imagePullSecrets")]
    lent = [text(one, "name") for one in rows(account.raw, "imagePullSecrets")] if account else []
    return [name for name in dict.fromkeys([*own, *lent]) if name]


def _wrong_platform(cluster: Cluster, container: Container) -> Line | Evidence | None:
    """The image arrived, but its program is built for another kind of processor."""
    for end in container.terminations:
        if "exec format error" in end.message and cluster.recent(end.finished_at):
            return citing.field(container.pod, f"{end.path}.message", end.message, end.finished_at)
    if container.ready or not container.terminations:
        return None
    said = last_words(cluster, container)
    return next((line for line in said if "exec format error" in line.text), None)


def _platform_finding(cluster: Cluster, container: Container, seen: Line | Evidence) -> Finding:
    evidence = seen.cited if isinstance(seen, Line) else seen
    image_path = f"{container.spec_path}.image"
    return about_pod(
        cluster,
        container.pod,
        "pod.image_pull.arch",
        Severity.HIGH,
        [evidence, citing.field(container.pod, image_path, container.image)],
        container=container.name,
        cause_key=container.image,
        fix=FIXES["arch"],
        params=_params(cluster, container, evidence.text),
        joins={"image": container.image},
    )


def pull_secret_missing(cluster: Cluster) -> Iterator[Finding]:
    """`pod.image_pull.secret_missing`: a pull Secret that a pod names is not in its namespace."""
    for pod in live_pods(cluster):
        events = cluster.events_about(pod, UNRETRIEVED)
        named = {name for event in events for name in _secrets_in(event.message)}
        absent = [name for name in pull_secrets(cluster, pod) if _is_absent(cluster, pod, name)]
        for name in sorted({*absent, *(one for one in named if _is_absent(cluster, pod, one))}):
            yield _secret_finding(cluster, pod, name, events)


def _secrets_in(message: str) -> list[str]:
    found = [one or other for one, other in _SECRET_NAMES.findall(message)]
    names = [name.strip().rsplit("/", 1)[-1] for group in found for name in group.split(",")]
    return [name for name in names if name]


def _is_absent(cluster: Cluster, pod: Resource, name: str) -> bool:
    if cluster.get(Ref("Secret", pod.namespace, name)) is not None:
        return False
    reported = cluster.events_about(pod, UNRETRIEVED)
    return bool(cluster.all("Secret")) or any(name in event.message for event in reported)


def _secret_finding(cluster: Cluster, pod: Resource, name: str, events: Sequence[Event]) -> Finding:
    failing = any(one.waiting_reason in WAITING for one in containers(pod))
    holders = sorted(one.namespace for one in cluster.all("Secret") if one.name == name)
    images = sorted({one.image for one in containers(pod) if one.waiting_reason in WAITING})
    secret = Ref("Secret", pod.namespace, name)
    return about_pod(
        cluster,
        pod,
        "pod.image_pull.secret_missing",
        Severity.HIGH if failing else Severity.LOW,
        [
            *citing.events(events, at_most=1),
            citing.field(
                pod, ".spec.imagePullSecrets", f"{name} (no such Secret in {pod.namespace})"
            ),
        ],
        confidence=Confidence.CERTAIN if events else Confidence.STRONG,
        since=min((one.first_at for one in events if one.first_at), default=pod.created_at),
        cause_key=name,
        params={"secret": name, "elsewhere": ", ".join(holders), "image": ", ".join(images)},
        joins={"secret": key(secret)},
    )
