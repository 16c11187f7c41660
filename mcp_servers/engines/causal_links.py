"""Which finding can explain which, and what must join the two.

A link says: where `cause` and `effect` both were found and `join` holds between them, the first
explains the second. Patterns are rule ids with `*` at the end. The list follows the causal table
of the diagnosers' reference; a link never holds by rule ids alone.
"""

from functools import cache

from mcp_servers.engines.causal_joins import Join, Link, each, in_order, whenever
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

LINKS: tuple[Link, ...] = (
    *each(STOPS_A_CONTAINER, LOOKS_BROKEN, Join.CONTAINER),
    *whenever(each(STOPS_A_CONTAINER, ROLLOUT_SYMPTOMS, Join.WORKLOAD)),
    *whenever(each(STOPS_A_POD, ROLLOUT_SYMPTOMS, Join.WORKLOAD)),
    *each(STOPS_A_POD, LOOKS_BROKEN, Join.WORKLOAD),
    *in_order((*CRASHES_IN_ORDER, *ROLLOUT_SYMPTOMS), Join.WORKLOAD),
    *in_order((*UNREADY_IN_ORDER, *ROLLOUT_SYMPTOMS), Join.WORKLOAD),
    Link("pod.config_ref.kind_mixup", "pod.config_ref.configmap_missing", Join.CONTAINER),
    Link("pod.image_pull.secret_missing", "pod.image_pull.auth", Join.WORKLOAD),
    Link("pod.memory_leak", "pod.oom_killed", Join.CONTAINER),
    Link("pod.memory_leak", "pod.memory_near_limit", Join.CONTAINER),
    Link("pod.oom_killed", "pod.memory_near_limit", Join.CONTAINER),
    *each(REGRESSED, ("pod.memory_leak", "app.exhausted", "app.slow_queries"), Join.WORKLOAD),
    Link("app.regression_after_change", "pod.cpu_throttled", Join.WORKLOAD, timed=False),
    Link("pod.cpu_throttled", "app.regression_after_change", Join.SHARED, timed=False),
    Link("app.regression_after_change", "app.dependency_unreachable", Join.CALLED),
    # Requests fail where something sharper is broken, whatever was changed before.
    *whenever(each((*FAILS_REQUESTS, *STOPS_A_POD), REGRESSED, Join.AFFECTED)),
    *whenever(each((*FAILS_REQUESTS, *STOPS_A_POD, *SERVICE_FAULTS), REGRESSED, Join.CALLED)),
    *whenever(each(("netpol.blocks_flow", "netpol.blocks_dns"), REGRESSED, Join.AFFECTS)),
    # That requests fail or are slow is what users see of whatever else is found.
    *whenever(
        each(
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
    *whenever(
        each(
            (
                *STOPS_A_CONTAINER,
                *STOPS_A_POD,
                *LOOKS_BROKEN,
                *SERVICE_FAULTS,
                *REGRESSED,
                "app.slow_queries",
                "pod.cpu_throttled",
                "pod.memory_*",
            ),
            DEGRADED,
            Join.CALLED,
        )
    ),
    *whenever(each((*SERVICE_FAULTS, *REGRESSED), DEGRADED, Join.AFFECTED)),
    *each(("netpol.blocks_flow", "netpol.blocks_dns"), DEGRADED, Join.AFFECTS),
    *each(("node.*",), DEGRADED, Join.NODE),
    *whenever(each(("hpa.*", "keda.not_ready", "scaler.conflict"), DEGRADED, Join.SCALED)),
    Link("dns.server_unhealthy", "app.degraded", Join.ANYWHERE, timed=False),
    # Who calls someone that fails requests fails them too, hop by hop.
    Link("app.degraded", "app.degraded", Join.CALLED, timed=False),
    Link("app.regression_after_change", "app.degraded", Join.LOADED, timed=False),
    # A crash of the sidecar is why it has not started.
    *each(CRASHES_IN_ORDER, ("pod.sidecar_unready",), Join.CRASHED),
    # Whom the kubelet ends for its probe does not crash: how the probe fails is the reason.
    *whenever(each(("pod.probe.http_status", "pod.probe.timeout"), CRASHES_IN_ORDER, Join.PROBED)),
    Link("pod.cpu_throttled", "pod.probe.timeout", Join.CONTAINER),
    # Whoever is short of processor time answers late. Its shares are known every few minutes only.
    *whenever(
        [
            Link("pod.cpu_throttled", "app.slow_queries", Join.CONTAINER),
            Link("pod.cpu_throttled", "app.exhausted", Join.CALLED),
            Link("pod.cpu_throttled", "app.dependency_unreachable", Join.CALLED),
        ]
    ),
    # A surge without room is why its pod waits; a refusal is why there is no room.
    *each(
        ("deploy.surge_no_room",),
        ("pod.unschedulable.cpu", "pod.unschedulable.memory", *ROLLOUT_SYMPTOMS),
        Join.WORKLOAD,
    ),
    Link("workload.create_refused.*", "deploy.surge_no_room", Join.WORKLOAD),
    Link("pod.probe.timeout", "pod.probe.liveness_kills", Join.CONTAINER),
    Link("pod.probe.port_mismatch", "pod.probe.*", Join.CONTAINER),
    Link("pod.probe.http_status", "pod.probe.liveness_kills", Join.CONTAINER),
    Link("app.dependency_unreachable", "pod.probe.*", Join.WORKLOAD),
    Link("pod.crash_loop", "pod.probe.*", Join.CRASHED),
    Link("pod.oom_killed", "pod.probe.*", Join.CONTAINER),
    # Connections pile up in front of something broken.
    *each(
        (*STOPS_A_CONTAINER, *STOPS_A_POD, *LOOKS_BROKEN, *SERVICE_FAULTS),
        ("app.exhausted",),
        Join.CALLED,
    ),
    # Who waits for slow statements keeps its connections, and its callers wait too.
    *each(("app.slow_queries",), ("app.exhausted", "app.dependency_unreachable"), Join.CALLED),
    Link("app.slow_queries", "app.slow_queries", Join.CALLED, timed=False),
    Link("app.exhausted", "app.exhausted", Join.CALLED, timed=False),
    # What an init container waits for.
    *whenever(
        each(
            (*STOPS_A_CONTAINER, *STOPS_A_POD, *LOOKS_BROKEN, *SERVICE_FAULTS),
            ("pod.init_blocked",),
            Join.CALLED,
        )
    ),
    *whenever(each(("job.*",), ("pod.init_blocked",), Join.SHARED)),
    # A caller of a caller: each waits for the next.
    Link("app.dependency_unreachable", "app.dependency_unreachable", Join.CALLED),
    # A name that stands for no host; a name that stands for pods, of which none is ready.
    *whenever(
        each(
            ("service.external_name",),
            ("app.name_unresolved", "app.dependency_unreachable", "pod.init_blocked", *DEGRADED),
            Join.CALLED,
        )
    ),
    *each(
        (*STOPS_A_CONTAINER, *STOPS_A_POD, *LOOKS_BROKEN, *SERVICE_FAULTS),
        ("app.name_unresolved",),
        Join.HEADLESS,
    ),
    # Without its setting a program falls back on another one, and calls who is not there.
    *whenever(
        each(
            ("app.missing_setting",),
            ("app.dependency_unreachable", "app.name_unresolved"),
            Join.CONTAINER,
        )
    ),
    # A broken workload is what its Service, its callers and its routes feel.
    *each(
        (*STOPS_A_CONTAINER, *STOPS_A_POD, *LOOKS_BROKEN, "pod.memory_leak"),
        (*SERVICE_SYMPTOMS, "service.target_port_mismatch"),
        Join.SERVES,
    ),
    *each(
        (*STOPS_A_CONTAINER, *STOPS_A_POD, *LOOKS_BROKEN, *SERVICE_FAULTS, "pod.memory_leak"),
        ("app.dependency_unreachable",),
        Join.CALLED,
    ),
    *each(
        (*STOPS_A_CONTAINER, *STOPS_A_POD, *LOOKS_BROKEN, *SERVICE_FAULTS),
        ("ingress.no_address",),
        Join.ROUTED,
    ),
    *whenever(
        each((*STOPS_A_CONTAINER, *STOPS_A_POD, *LOOKS_BROKEN), ("ingress.no_address",), Join.NAMED)
    ),
    Link("service.target_port_name_missing", "service.endpoints_not_ready", Join.WORKLOAD),
    *each(
        ("netpol.blocks_flow", "netpol.blocks_dns"),
        ("app.dependency_unreachable", "app.name_unresolved", "app.exhausted"),
        Join.AFFECTS,
    ),
    # The cluster's DNS: what stops its pods is behind it, what the whole cluster feels before it.
    # What a server says in its log is its own complaint, whatever it would mean in a program's.
    *each((*BEFORE_THE_START, *STOPS_A_POD), ("dns.server_unhealthy",), Join.WORKLOAD),
    *whenever(each(("dns.server_unhealthy",), (*LOOKS_BROKEN, "app.*"), Join.WORKLOAD)),
    *whenever(each(("dns.server_unhealthy",), SERVICE_SYMPTOMS, Join.SERVES)),
    Link("dns.server_unhealthy", "app.name_unresolved", Join.ANYWHERE),
    Link("netpol.blocks_dns", "dns.server_unhealthy", Join.AFFECTS),
    # Routes, and who is refused at their certificates.
    *each(("tls.host_mismatch",), ("app.dependency_unreachable", *LOOKS_BROKEN), Join.AFFECTS),
    Link("gateway.not_ready", "httproute.unattached", Join.SHARED, timed=False),
    Link("tls.expiring", "tls.expiring", Join.SHARED, timed=False),
    Link("tls.expiring", "tls.expiring", Join.PRESENTED),
    # What extends the API, and what waits for it.
    *each(
        (*STOPS_A_CONTAINER, *STOPS_A_POD, *LOOKS_BROKEN, *SERVICE_FAULTS),
        ("webhook.unreachable",),
        Join.CALLED,
    ),
    # That its pods are not ready is what an API that does not answer looks like from below.
    *each(
        (*STOPS_A_CONTAINER, *STOPS_A_POD, "service.selector_near_miss", "service.target_port_*"),
        ("apiservice.unavailable", "crd.broken"),
        Join.CALLED,
    ),
    Link("webhook.ca_invalid", "webhook.unreachable", Join.SHARED, timed=False),
    *each(
        ("webhook.unreachable", "webhook.ca_invalid"),
        ("workload.create_refused.webhook",),
        Join.SHARED,
    ),
    Link("apiservice.unavailable", "hpa.metrics_unavailable", Join.SHARED, timed=False),
    Link("apiservice.unavailable", "ns.stuck_terminating", Join.SHARED, timed=False),
    Link("object.finalizer_stuck", "ns.stuck_terminating", Join.SHARED, timed=False),
    # The control plane runs as pods of nodes: what ails a pod is told of its node.
    *each((*STOPS_A_CONTAINER, *STOPS_A_POD), ("controlplane.unhealthy",), Join.SHARED),
    *whenever(each(("controlplane.unhealthy",), LOOKS_BROKEN, Join.SHARED)),
    # Nodes and what runs on them.
    *each(
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
    *each(
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
    *whenever(each(("node.system_oom",), CRASHES_IN_ORDER, Join.POD)),
    # The scheduler's refusal comes first and the autoscaler's after it, yet the second decides where
    # another node would help. Where none would, there is nothing to scale up for.
    *whenever(each(("autoscaler.no_scale_up",), SHORT_OF_ROOM, Join.GROWS)),
    *whenever(each(SHORT_OF_ROOM, ("autoscaler.no_scale_up",), Join.OUTGROWN)),
    *whenever(each(UNPLACEABLE, ("autoscaler.no_scale_up",), Join.WORKLOAD)),
    Link("node.left_cordoned", "pod.unschedulable.cordoned", Join.NODE),
    Link("pod.memory_leak", "node.memory_pressure", Join.ON_NODE),
    Link("pod.memory_hog", "node.memory_pressure", Join.ON_NODE),
    # Storage, quotas, autoscaling.
    Link("pvc.*", "pod.unschedulable.volume", Join.CLAIM),
    Link("pvc.*", "pod.volume_mount_failed", Join.CLAIM),
    Link("pvc.*", "volume.*", Join.CLAIM),
    *each(("pvc.access_mode",), ROLLOUT_SYMPTOMS, Join.AFFECTS),
    Link("pvc.nearly_full", "app.exhausted", Join.CLAIM),
    *whenever(each(("pvc.*",), ("sts.ordinal_blocked",), Join.CLAIM)),
    # What ran out on the other side, as its answers say.
    *whenever(
        [
            Link("pvc.nearly_full", "app.exhausted", Join.ECHOED),
            Link("app.exhausted", "app.exhausted", Join.ECHOED),
        ]
    ),
    # More space was asked for, and did not come.
    Link("pvc.resize_stuck", "pvc.nearly_full", Join.CLAIM, timed=False),
    Link("config.changed_not_reloaded", "app.credentials_refused", Join.CONTAINER),
    # Who refuses writes it down as well: it is its callers' credentials that are wrong.
    *whenever(
        each(
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
    *each(
        (*STOPS_A_CONTAINER, *STOPS_A_POD, *LOOKS_BROKEN, *SERVICE_FAULTS),
        ("alert.target_down",),
        Join.WORKLOAD,
    ),
    Link("node.*", "alert.target_down", Join.NODE),
    Link("alert.target_down", "alert.metric_absent", Join.SCRAPED),
    # A delivery is called failed when what it delivers is broken, or was refused.
    *whenever(
        each(
            (*STOPS_A_CONTAINER, *STOPS_A_POD, *LOOKS_BROKEN, "config.immutable"),
            ("delivery.failed",),
            Join.AFFECTED,
        )
    ),
    *each(
        ("hpa.requests_missing", "hpa.at_max", "keda.not_ready"),
        ("app.exhausted", "pod.cpu_throttled"),
        Join.SCALED,
    ),
    Link("scaler.conflict", "service.endpoints_partial", Join.SERVES),
    Link("scaler.conflict", "hpa.at_max", Join.SCALES),
    # A StatefulSet: its old pod waits for an update that waits for it; names need its Service.
    *whenever(
        each(
            ("sts.revision_stuck",),
            (*STOPS_A_CONTAINER, *STOPS_A_POD, *LOOKS_BROKEN),
            Join.POD,
        )
    ),
    *whenever([Link("sts.service_missing", "app.name_unresolved", Join.HOST)]),
    # A budget that allows nothing because pods are broken; a drain that never ends because of it.
    *whenever(
        each((*STOPS_A_CONTAINER, *STOPS_A_POD, *LOOKS_BROKEN), ("pdb.blocks_drain",), Join.NAMED)
    ),
    Link("pdb.blocks_drain", "node.left_cordoned", Join.ON_NODE, timed=False),
    # Runs that are slow or never end take the turns of those after them.
    *whenever(
        each(
            (*STOPS_A_CONTAINER, *STOPS_A_POD, "job.never_ends"),
            ("cron.overlap", "cron.missed"),
            Join.WORKLOAD,
        )
    ),
    *whenever(each(("cron.overlap", "cron.invalid"), ("cron.missed",), Join.WORKLOAD)),
    Link("job.never_ends", "job.deadline_exceeded", Join.WORKLOAD),
)


@cache
def links_between(cause: str, effect: str) -> tuple[Link, ...]:
    """The links by which one rule could explain the other."""
    return tuple(
        link for link in LINKS if matches(link.cause, cause) and matches(link.effect, effect)
    )
