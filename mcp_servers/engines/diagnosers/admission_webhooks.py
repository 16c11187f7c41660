"""Admission webhooks that cannot be called, are not trusted, or could stop a whole cluster."""

import re
from collections.abc import Iterator
from datetime import datetime

from mcp_servers.engines import citing
from mcp_servers.engines.about_objects import about_object
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.certificates import read_certificate
from mcp_servers.engines.endpoints import is_by_hand, ready_pods, selected_pods, slices_of
from mcp_servers.engines.fields import has
from mcp_servers.engines.network_policies import namespace_labels
from mcp_servers.engines.settling import is_terminating, is_young
from mcp_servers.engines.stamps import condition_since
from mcp_servers.engines.webhooks import Webhook, webhooks
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Event, Ref, Resource
from mcp_servers.facts.nearest import nearest_names

SYSTEM = "kube-system"
LONG_S = 10

# What writes a caBundle into the configuration; until it has, the bundle is empty.
INJECTORS = (
    "cert-manager.io/inject-ca-from",
    "cert-manager.io/inject-ca-from-secret",
    "cert-manager.io/inject-apiserver-ca",
    "service.beta.openshift.io/inject-cabundle",
)
_CALLED = re.compile(r'failed calling (?:admission )?webhook "([^"]+)"')
_UNTRUSTED = re.compile(r"x509|certificate (?:signed by unknown|has expired|is not valid)")


def _failed_calls(cluster: Cluster) -> dict[str, list[Event]]:
    """Events of the window that say a call failed, by the webhook's name, oldest first."""
    found: dict[str, list[Event]] = {}
    for event in cluster.ordered_events:
        if "failed calling" not in event.message or not cluster.recent(event.last_at):
            continue
        if match := _CALLED.search(event.message):
            found.setdefault(match.group(1), []).append(event)
    return found


def unreachable_webhooks(cluster: Cluster) -> Iterator[Finding]:
    """`webhook.unreachable`: nobody answers behind it, or calls to it have failed.

    A webhook called by URL cannot be looked at; then only failed calls count. So it is with one
    whose Service stands in a namespace out of sight.
    """
    calls = _failed_calls(cluster)
    for webhook in webhooks(cluster):
        if is_terminating(webhook.holder) or is_young(cluster, webhook.holder):
            continue
        failed = [one for one in calls.get(webhook.name, []) if not _UNTRUSTED.search(one.message)]
        missing = _nobody_behind(cluster, webhook)
        if missing or failed:
            yield _unreachable(cluster, webhook, missing, failed)


def _nobody_behind(cluster: Cluster, webhook: Webhook) -> list[Evidence]:
    """What shows that nothing answers; [] when something does or it cannot be seen."""
    ref = webhook.service
    if ref is None or not _in_sight(cluster, ref):
        return []
    service = cluster.get(ref)
    path = f"{webhook.path}.clientConfig.service"
    if service is None:
        return [citing.field(webhook.holder, path, f"{key(ref)} (no such Service)")]
    if is_by_hand(service) and not slices_of(cluster, service):
        return []
    ready, _ = ready_pods(cluster, service)
    if ready or (is_by_hand(service) and slices_of(cluster, service)):
        return []
    return [
        citing.field(webhook.holder, path, key(ref)),
        citing.field(service, ".spec.selector", "no ready pod behind it"),
    ]


def _in_sight(cluster: Cluster, ref: Ref) -> bool:
    """Whether objects of that namespace were looked at; one that is gone is seen to be so."""
    everywhere = len({one.namespace for one in cluster.all("Service")}) > 1
    gone = (
        everywhere
        and cluster.all("Namespace")
        and not cluster.get(Ref("Namespace", "", ref.namespace))
    )
    seen = cluster.all("Service", ref.namespace) or cluster.all("Pod", ref.namespace)
    return bool(seen or gone)


def _unreachable(
    cluster: Cluster, webhook: Webhook, missing: list[Evidence], failed: list[Event]
) -> Finding:
    ref, refusing = webhook.service, webhook.fails_closed
    closed = Severity.CRITICAL if failed else Severity.HIGH
    policy = "Fail" if refusing else "Ignore"
    known = [one.name for one in cluster.all("Service", ref.namespace)] if ref else []
    gone = ref is not None and bool(missing) and cluster.get(ref) is None
    return about_object(
        webhook.holder,
        "webhook.unreachable",
        closed if refusing else Severity.LOW,
        [
            *missing,
            *citing.events(failed, at_most=1),
            citing.field(webhook.holder, f"{webhook.path}.failurePolicy", policy),
        ],
        confidence=Confidence.CERTAIN if missing else Confidence.STRONG,
        since=_since(cluster, ref, failed),
        affected=sorted({one.about for one in failed}),
        cause_key=webhook.name,
        params={
            "webhook": webhook.name,
            "service": key(ref) if ref else "",
            "absent": key(ref) if ref and gone else "",
            "near": ", ".join(nearest_names(ref.name, known)) if ref and gone else "",
            "policy": policy,
            "scope": webhook.scope,
            "message": citing.quoted(failed[-1].message) if failed else "",
        },
        joins={"webhook": webhook.name, "service": key(ref) if ref else ""},
    )


def _since(cluster: Cluster, ref: Ref | None, failed: list[Event]) -> datetime | None:
    """When calls began to fail; without any, when the last pod behind it stopped to be ready."""
    firsts = [one.first_at for one in failed if one.first_at]
    service = cluster.get(ref) if ref else None
    pods = selected_pods(cluster, service) if service else []
    stopped = [at for pod in pods if (at := condition_since(pod, "Ready"))]
    return min(firsts, default=max(stopped, default=None))


def untrusted_webhooks(cluster: Cluster) -> Iterator[Finding]:
    """`webhook.ca_invalid`: the bundle is no certificate, has run out, or calls fail for trust.

    An empty bundle alone says nothing, because some servers have certificates that all trust; it
    counts where something was to fill it in and has not.
    """
    calls = _failed_calls(cluster)
    for webhook in webhooks(cluster):
        if is_terminating(webhook.holder) or is_young(cluster, webhook.holder):
            continue
        failed = [one for one in calls.get(webhook.name, []) if _UNTRUSTED.search(one.message)]
        wrong, ended_at = _wrong_with_bundle(cluster, webhook)
        if wrong or failed:
            yield _untrusted(webhook, wrong, ended_at, failed)


def _wrong_with_bundle(cluster: Cluster, webhook: Webhook) -> tuple[str, datetime | None]:
    bundle = webhook.ca_bundle
    if not bundle:
        waited_for = any(has(webhook.holder.annotations, name) for name in INJECTORS)
        return ("empty" if waited_for and webhook.service else "", None)
    certificate = read_certificate(bundle)
    if certificate is None:
        return ("", None)  # not ours to judge: placeholders are cut out of many copies
    expired = certificate.not_after <= cluster.now
    return ("expired", certificate.not_after) if expired else ("", None)


def _untrusted(
    webhook: Webhook, wrong: str, ended_at: datetime | None, failed: list[Event]
) -> Finding:
    said = f"{wrong or 'not trusted'}{f' at {citing.clock(ended_at)}' if ended_at else ''}"
    firsts = [one.first_at for one in failed if one.first_at]
    return about_object(
        webhook.holder,
        "webhook.ca_invalid",
        Severity.HIGH if webhook.fails_closed else Severity.MEDIUM,
        [
            citing.field(webhook.holder, f"{webhook.path}.clientConfig.caBundle", said, ended_at),
            *citing.events(failed, at_most=1),
        ],
        confidence=Confidence.CERTAIN if wrong == "expired" else Confidence.STRONG,
        since=min(firsts, default=ended_at),
        affected=sorted({one.about for one in failed}),
        cause_key=webhook.name,
        params={
            "webhook": webhook.name,
            "ended_at": citing.clock(ended_at),
            "empty": "caBundle" if wrong == "empty" else "",
            "message": citing.quoted(failed[-1].message) if failed else "",
        },
        joins={"webhook": webhook.name},
    )


def wide_webhooks(cluster: Cluster) -> Iterator[Finding]:
    """`webhook.fail_closed_wide`: when it is away, no pod starts anywhere, the system's included."""
    system = namespace_labels(cluster, SYSTEM)
    for webhook in webhooks(cluster):
        narrow = has(webhook.raw, "objectSelector", "matchLabels") or has(
            webhook.raw, "objectSelector", "matchExpressions"
        )
        if narrow or webhook.raw.get("matchConditions") or not webhook.fails_closed:
            continue
        if webhook.timeout_s >= LONG_S and webhook.is_asked_about_pods() and webhook.takes(system):
            yield _wide(webhook.holder, webhook)


def _wide(holder: Resource, webhook: Webhook) -> Finding:
    return about_object(
        holder,
        "webhook.fail_closed_wide",
        Severity.MEDIUM,
        [
            citing.field(holder, f"{webhook.path}.failurePolicy", "Fail"),
            citing.field(holder, f"{webhook.path}.namespaceSelector", f"takes {SYSTEM} too"),
        ],
        since=holder.created_at,
        cause_key=webhook.name,
        params={
            "webhook": webhook.name,
            "timeout_s": str(webhook.timeout_s),
            "scope": webhook.scope,
        },
        joins={"webhook": webhook.name},
    )
