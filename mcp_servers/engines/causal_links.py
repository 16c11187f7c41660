"""Which finding can explain which, and what must join the two.

A link says: where `cause` and `effect` both were found and `join` holds between them, the first
explains the second. Patterns are rule ids with `*` at the end. The list follows the causal table
of the diagnosers' reference; a link never holds by rule ids alone.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from mcp_servers.engines.rule_families import (
    BEFORE_THE_START,
    CRASHES_IN_ORDER,
    DEGRADED,
    FAILS_REQUESTS,
    LOOKS_BROKEN,
    REGRESSED,
    ROLLOUT_SYMPTOMS,
    SERVICE_FAULTS,
    SERVICE_SYMPTOMS,
    SHORT_OF_ROOM,
    STOPS_A_CONTAINER,
    STOPS_A_POD,
    UNPLACEABLE,
    UNREADY_IN_ORDER,
    matches,
)


class Join(StrEnum):
    """What two findings must share."""

    CONTAINER = "container"  # one workload, and one container where both name it
    WORKLOAD = "workload"  # one workload
    SERVES = "serves"  # the effect is a Service that selects the cause's pods
    CALLED = "called"  # the effect's calls go to the cause's Service or workload
    CALLS = "calls"  # the cause's calls go to the effect's Service or workload
    ROUTED = "routed"  # the effect is an Ingress that leads to the cause
    NODE = "node"  # the effect's pods run on the node that is the cause
    ON_NODE = "on_node"  # the cause's pods run on the node that is the effect
    CLAIM = "claim"  # both name one PersistentVolumeClaim
    REFERENCE = "reference"  # the effect's workload refers to the object that is the cause
    SCALES = "scales"  # the effect is an autoscaler of the cause's workload
    AFFECTS = (
        "affects"  # the cause names the effect's workload, and one Service where both name any
    )
    SHARED = "shared"  # both name one webhook, API group, gateway, namespace or pod
    ANYWHERE = "anywhere"  # the cause serves the whole cluster
    ACCOUNT = "account"  # both name one ServiceAccount
    SCRAPED = "scraped"  # both name one scrape job
    AFFECTED = "affected"  # one is about what the other affects
    SCALED = "scaled"  # the cause is about the autoscaling of the effect's workload
    POD = "pod"  # both name one pod
    HOST = "host"  # both name one host
    GROWS = "grows"  # one workload, whose pods a further node would take
    OUTGROWN = "outgrown"  # one workload, whose pods ask for more than any node has
    PRESENTED = "presented"  # the cause is a Secret of the effect's workload, or of one it calls
    NAMED = "named"  # the effect names the cause's workload: a budget's, a route's controller


@dataclass(frozen=True, slots=True)
class Link:
    cause: str
    effect: str
    join: Join
    timed: bool = True  # whether the cause must have come first


# Conditions of a workload keep the time of an earlier rollout; on the workload itself, what is true
# of its pods now explains them whatever they say.
def _whenever(links: list[Link]) -> list[Link]:
    return [Link(one.cause, one.effect, one.join, timed=False) for one in links]


def _each(causes: tuple[str, ...], effects: tuple[str, ...], join: Join) -> list[Link]:
    return [Link(cause, effect, join) for cause in causes for effect in effects if cause != effect]


def _in_order(rules: tuple[str, ...], join: Join) -> list[Link]:
    return [
        Link(cause, effect, join)
        for position, cause in enumerate(rules)
        for effect in rules[position + 1 :]
    ]


LINKS: tuple[Link, ...] = (
    *_each(STOPS_A_CONTAINER, LOOKS_BROKEN, Join.CONTAINER),
    *_whenever(_each(STOPS_A_CONTAINER, ROLLOUT_SYMPTOMS, Join.WORKLOAD)),
    *_whenever(_each(STOPS_A_POD, ROLLOUT_SYMPTOMS, Join.WORKLOAD)),
    *_each(STOPS_A_POD, LOOKS_BROKEN, Join.WORKLOAD),
    *_in_order((*CRASHES_IN_ORDER, *ROLLOUT_SYMPTOMS), Join.WORKLOAD),
    *_in_order((*UNREADY_IN_ORDER, *ROLLOUT_SYMPTOMS), Join.WORKLOAD),
    Link("pod.config_ref.kind_mixup", "pod.config_ref.configmap_missing", Join.CONTAINER),
    Link("pod.image_pull.secret_missing", "pod.image_pull.auth", Join.WORKLOAD),
    Link("pod.memory_leak", "pod.oom_killed", Join.CONTAINER),
    Link("pod.memory_leak", "pod.memory_near_limit", Join.CONTAINER),
    Link("pod.oom_killed", "pod.memory_near_limit", Join.CONTAINER),
    *_each(REGRESSED, ("pod.memory_leak", "app.exhausted", "app.slow_queries"), Join.WORKLOAD),
    Link("app.regression_after_change", "pod.cpu_throttled", Join.WORKLOAD, timed=False),
    Link("pod.cpu_throttled", "app.regression_after_change", Join.SHARED, timed=False),
    Link("app.regression_after_change", "app.dependency_unreachable", Join.CALLED),
    # Requests fail where something sharper is broken, whatever was changed before.
    *_whenever(_each((*FAILS_REQUESTS, *STOPS_A_POD), REGRESSED, Join.AFFECTED)),
    *_whenever(_each((*FAILS_REQUESTS, *STOPS_A_POD, *SERVICE_FAULTS), REGRESSED, Join.CALLED)),
    *_whenever(_each(("netpol.blocks_flow", "netpol.blocks_dns"), REGRESSED, Join.AFFECTS)),
    # That requests fail or are slow is what users see of whatever else is found.
    *_whenever(
        _each(
            (
                *STOPS_A_CONTAINER,
                *STOPS_A_POD,
                *LOOKS_BROKEN,
                *REGRESSED,
                "app.slow_queries",
                "pod.cpu_throttled",
                "pod.memory_*",
            ),
            DEGRADED,
            Join.WORKLOAD,
        )
    ),
    *_whenever(
        _each(
            (
                *STOPS_A_CONTAINER,
                *STOPS_A_POD,
                *LOOKS_BROKEN,
                *SERVICE_FAULTS,
                *REGRESSED,
                "app.slow_queries",
                "pod.cpu_throttled",
                "pod.memory_*",
                "app.degraded",
            ),
            DEGRADED,
            Join.CALLED,
        )
    ),
    *_whenever(_each((*SERVICE_FAULTS, *REGRESSED), DEGRADED, Join.AFFECTED)),
    *_each(("netpol.blocks_flow", "netpol.blocks_dns"), DEGRADED, Join.AFFECTS),
    *_each(("node.*",), DEGRADED, Join.NODE),
    *_whenever(_each(("hpa.*", "keda.not_ready", "scaler.conflict"), DEGRADED, Join.SCALED)),
    Link("dns.server_unhealthy", "app.degraded", Join.ANYWHERE, timed=False),
    # A crash of the sidecar is why it has not started.
    *_each(CRASHES_IN_ORDER, ("pod.sidecar_unready",), Join.CONTAINER),
    Link("pod.cpu_throttled", "pod.probe.timeout", Join.CONTAINER),
    # Whoever is short of processor time answers late. Its shares are known every few minutes only.
    *_whenever(
        [
            Link("pod.cpu_throttled", "app.slow_queries", Join.CONTAINER),
            Link("pod.cpu_throttled", "app.exhausted", Join.CALLED),
            Link("pod.cpu_throttled", "app.dependency_unreachable", Join.CALLED),
        ]
    ),
    # A surge without room is why its pod waits; a refusal is why there is no room.
    *_each(
        ("deploy.surge_no_room",),
        ("pod.unschedulable.cpu", "pod.unschedulable.memory", *ROLLOUT_SYMPTOMS),
        Join.WORKLOAD,
    ),
    Link("workload.create_refused.*", "deploy.surge_no_room", Join.WORKLOAD),
    Link("pod.probe.timeout", "pod.probe.liveness_kills", Join.CONTAINER),
    Link("pod.probe.port_mismatch", "pod.probe.*", Join.CONTAINER),
    Link("pod.probe.http_status", "pod.probe.liveness_kills", Join.CONTAINER),
    Link("app.dependency_unreachable", "pod.probe.*", Join.WORKLOAD),
    Link("pod.crash_loop", "pod.probe.*", Join.CONTAINER),
    Link("pod.oom_killed", "pod.probe.*", Join.CONTAINER),
    # Connections pile up in front of something broken.
    *_each(
        (*STOPS_A_CONTAINER, *STOPS_A_POD, *LOOKS_BROKEN, *SERVICE_FAULTS),
        ("app.exhausted",),
        Join.CALLED,
    ),
    # Who waits for slow statements keeps its connections, and its callers wait too.
    *_each(("app.slow_queries",), ("app.exhausted", "app.dependency_unreachable"), Join.CALLED),
    Link("app.slow_queries", "app.slow_queries", Join.CALLED, timed=False),
    Link("app.exhausted", "app.exhausted", Join.CALLED, timed=False),
    # What an init container waits for.
    *_whenever(
        _each(
            (*STOPS_A_CONTAINER, *STOPS_A_POD, *LOOKS_BROKEN, *SERVICE_FAULTS),
            ("pod.init_blocked",),
            Join.CALLED,
        )
    ),
    *_whenever(_each(("job.*",), ("pod.init_blocked",), Join.SHARED)),
    # A caller of a caller: each waits for the next.
    Link("app.dependency_unreachable", "app.dependency_unreachable", Join.CALLED),
    # Without its setting a program falls back on another one, and calls who is not there.
    *_whenever(
        _each(
            ("app.missing_setting",),
            ("app.dependency_unreachable", "app.name_unresolved"),
            Join.CONTAINER,
        )
    ),
    # A broken workload is what its Service, its callers and its routes feel.
    *_each(
        (*STOPS_A_CONTAINER, *STOPS_A_POD, *LOOKS_BROKEN, "pod.memory_leak"),
        (*SERVICE_SYMPTOMS, "service.target_port_mismatch"),
        Join.SERVES,
    ),
    *_each(
        (*STOPS_A_CONTAINER, *STOPS_A_POD, *LOOKS_BROKEN, *SERVICE_FAULTS, "pod.memory_leak"),
        ("app.dependency_unreachable",),
        Join.CALLED,
    ),
    *_each(
        (*STOPS_A_CONTAINER, *STOPS_A_POD, *LOOKS_BROKEN, *SERVICE_FAULTS),
        ("ingress.no_address",),
        Join.ROUTED,
    ),
    *_whenever(
        _each(
            (*STOPS_A_CONTAINER, *STOPS_A_POD, *LOOKS_BROKEN), ("ingress.no_address",), Join.NAMED
        )
    ),
    Link("service.target_port_name_missing", "service.endpoints_not_ready", Join.WORKLOAD),
    *_each(
        ("netpol.blocks_flow", "netpol.blocks_dns"),
        ("app.dependency_unreachable", "app.name_unresolved", "app.exhausted"),
        Join.AFFECTS,
    ),
    # The cluster's DNS: what stops its pods is behind it, what the whole cluster feels before it.
    # What a server says in its log is its own complaint, whatever it would mean in a program's.
    *_each((*BEFORE_THE_START, *STOPS_A_POD), ("dns.server_unhealthy",), Join.WORKLOAD),
    *_whenever(_each(("dns.server_unhealthy",), (*LOOKS_BROKEN, "app.*"), Join.WORKLOAD)),
    *_whenever(_each(("dns.server_unhealthy",), SERVICE_SYMPTOMS, Join.SERVES)),
    Link("dns.server_unhealthy", "app.name_unresolved", Join.ANYWHERE),
    Link("netpol.blocks_dns", "dns.server_unhealthy", Join.AFFECTS),
    # Routes, and who is refused at their certificates.
    *_each(("tls.host_mismatch",), ("app.dependency_unreachable", *LOOKS_BROKEN), Join.AFFECTS),
    Link("gateway.not_ready", "httproute.unattached", Join.SHARED, timed=False),
    Link("tls.expiring", "tls.expiring", Join.SHARED, timed=False),
    Link("tls.expiring", "tls.expiring", Join.PRESENTED),
    # What extends the API, and what waits for it.
    *_each(
        (*STOPS_A_CONTAINER, *STOPS_A_POD, *LOOKS_BROKEN, *SERVICE_FAULTS),
        ("webhook.unreachable",),
        Join.CALLED,
    ),
    # That its pods are not ready is what an API that does not answer looks like from below.
    *_each(
        (*STOPS_A_CONTAINER, *STOPS_A_POD, "service.selector_near_miss", "service.target_port_*"),
        ("apiservice.unavailable", "crd.broken"),
        Join.CALLED,
    ),
    Link("webhook.ca_invalid", "webhook.unreachable", Join.SHARED, timed=False),
    *_each(
        ("webhook.unreachable", "webhook.ca_invalid"),
        ("workload.create_refused.webhook",),
        Join.SHARED,
    ),
    Link("apiservice.unavailable", "hpa.metrics_unavailable", Join.SHARED, timed=False),
    Link("apiservice.unavailable", "ns.stuck_terminating", Join.SHARED, timed=False),
    Link("object.finalizer_stuck", "ns.stuck_terminating", Join.SHARED, timed=False),
    # The control plane runs as pods of nodes: what ails a pod is told of its node.
    *_each((*STOPS_A_CONTAINER, *STOPS_A_POD), ("controlplane.unhealthy",), Join.SHARED),
    *_whenever(_each(("controlplane.unhealthy",), LOOKS_BROKEN, Join.SHARED)),
    # Nodes and what runs on them.
    *_each(
        (
            "node.not_ready",
            "node.flapping",
            "node.memory_pressure",
            "node.disk_pressure",
            "node.pid_or_network",
            "node.system_oom",
        ),
        (
            "pod.evicted.node_pressure",
            "pod.node_lost",
            "pod.disrupted",
            "pod.stuck_terminating",
            "pod.killed_not_oom",
            "pod.sandbox_failed",
            "pod.unschedulable.taint",
            "pod.unschedulable.cordoned",
            "volume.multi_attach",
        ),
        Join.NODE,
    ),
    Link("node.not_ready", "deploy.unavailable", Join.NODE),
    # A clock that is off, a file system that no longer takes writes, a kernel that hangs.
    *_each(
        ("node.custom_condition",),
        (
            *CRASHES_IN_ORDER,
            "app.credentials_refused",
            "pod.sandbox_failed",
            "pod.start.create_error",
        ),
        Join.NODE,
    ),
    # Whom the kernel killed for the node comes back, and looks as if it crashed. The pods were found
    # by the time of the kill.
    *_whenever(_each(("node.system_oom",), CRASHES_IN_ORDER, Join.POD)),
    # The scheduler's refusal comes first and the autoscaler's after it, yet the second decides where
    # another node would help. Where none would, there is nothing to scale up for.
    *_whenever(_each(("autoscaler.no_scale_up",), SHORT_OF_ROOM, Join.GROWS)),
    *_whenever(_each(SHORT_OF_ROOM, ("autoscaler.no_scale_up",), Join.OUTGROWN)),
    *_whenever(_each(UNPLACEABLE, ("autoscaler.no_scale_up",), Join.WORKLOAD)),
    Link("node.left_cordoned", "pod.unschedulable.cordoned", Join.NODE),
    Link("pod.memory_leak", "node.memory_pressure", Join.ON_NODE),
    Link("pod.memory_hog", "node.memory_pressure", Join.ON_NODE),
    # Storage, quotas, autoscaling.
    Link("pvc.*", "pod.unschedulable.volume", Join.CLAIM),
    Link("pvc.*", "pod.volume_mount_failed", Join.CLAIM),
    Link("pvc.*", "volume.*", Join.CLAIM),
    *_each(("pvc.access_mode",), ROLLOUT_SYMPTOMS, Join.AFFECTS),
    Link("pvc.nearly_full", "app.exhausted", Join.CLAIM),
    Link("config.changed_not_reloaded", "app.credentials_refused", Join.CONTAINER),
    # Who refuses writes it down as well: it is its callers' credentials that are wrong.
    *_whenever(
        _each(
            ("config.changed_not_reloaded", "config.secret_malformed"),
            ("app.credentials_refused",),
            Join.CALLS,
        )
    ),
    Link("app.credentials_refused", "app.credentials_refused", Join.CALLS, timed=False),
    # Configuration and identity.
    Link("rbac.dangling", "rbac.denied", Join.ACCOUNT),
    Link("config.secret_malformed", "app.credentials_refused", Join.REFERENCE),
    # What does not run is not scraped, and what is not scraped has no metrics.
    *_each(
        (*STOPS_A_CONTAINER, *STOPS_A_POD, *LOOKS_BROKEN, *SERVICE_FAULTS),
        ("alert.target_down",),
        Join.WORKLOAD,
    ),
    Link("node.*", "alert.target_down", Join.NODE),
    Link("alert.target_down", "alert.metric_absent", Join.SCRAPED),
    # A delivery is called failed when what it delivers is broken, or was refused.
    *_whenever(
        _each(
            (*STOPS_A_CONTAINER, *STOPS_A_POD, *LOOKS_BROKEN, "config.immutable"),
            ("delivery.failed",),
            Join.AFFECTED,
        )
    ),
    *_each(
        ("hpa.requests_missing", "hpa.at_max", "keda.not_ready"),
        ("app.exhausted", "pod.cpu_throttled"),
        Join.SCALED,
    ),
    Link("scaler.conflict", "service.endpoints_partial", Join.SERVES),
    Link("scaler.conflict", "hpa.at_max", Join.SCALES),
    # A StatefulSet: its old pod waits for an update that waits for it; names need its Service.
    *_whenever(
        _each(
            ("sts.revision_stuck",),
            (*STOPS_A_CONTAINER, *STOPS_A_POD, *LOOKS_BROKEN),
            Join.POD,
        )
    ),
    *_whenever([Link("sts.service_missing", "app.name_unresolved", Join.HOST)]),
    # A budget that allows nothing because pods are broken; a drain that never ends because of it.
    *_whenever(
        _each((*STOPS_A_CONTAINER, *STOPS_A_POD, *LOOKS_BROKEN), ("pdb.blocks_drain",), Join.NAMED)
    ),
    Link("pdb.blocks_drain", "node.left_cordoned", Join.ON_NODE, timed=False),
    # Runs that are slow or never end take the turns of those after them.
    *_whenever(
        _each(
            (*STOPS_A_CONTAINER, *STOPS_A_POD, "job.never_ends"),
            ("cron.overlap", "cron.missed"),
            Join.WORKLOAD,
        )
    ),
    *_whenever(_each(("cron.overlap", "cron.invalid"), ("cron.missed",), Join.WORKLOAD)),
    Link("job.never_ends", "job.deadline_exceeded", Join.WORKLOAD),
)


@cache
def links_between(cause: str, effect: str) -> tuple[Link, ...]:
    """The links by which one rule could explain the other."""
    return tuple(
        link for link in LINKS if matches(link.cause, cause) and matches(link.effect, effect)
    )
