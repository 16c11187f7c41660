"""Rule ids by what they tell of: what stops a container, what a broken workload looks like, and so on.

Patterns are rule ids with `*` at the end.
"""

# What stops a container from running or being ready, sharpest first.
STOPS_A_CONTAINER = (
    "pod.oom_killed",
    "pod.native_crash",
    "pod.image_pull.*",
    "pod.config_ref.*",
    "pod.start.*",
    "pod.probe.port_mismatch",
    "pod.probe.startup_budget",
    "pod.probe.liveness_kills",
    "pod.exit_zero_loop",
    "pod.volume_mount_failed",
    "pod.sandbox_failed",
    "volume.*",
    "app.missing_setting",
    "app.credentials_refused",
    "app.name_unresolved",
    "app.dependency_unreachable",
    "app.exhausted",
    "rbac.denied",
    "tls.expiring",
    "tls.host_mismatch",
)

# Of these, what needs no word of the program itself.
BEFORE_THE_START = (
    "pod.oom_killed",
    "pod.image_pull.*",
    "pod.config_ref.*",
    "pod.volume_mount_failed",
    "pod.sandbox_failed",
    "volume.*",
)

# What keeps a pod from existing or from a node.
STOPS_A_POD = (
    "pod.unschedulable.*",
    "pod.scheduler_absent",
    "pod.scheduling_gated",
    "pod.evicted.*",
    "pod.disrupted",
    "pod.node_lost",
    "pod.stuck_terminating",
    "pod.finalizer_stuck",
    "pod.node_admission_failed",
    "pod.readiness_gate_unmet",
    "pod.init_blocked",
    "workload.create_refused.*",
    "workload.scaled_to_zero",
    "custom.cause",
)

# Why no node takes a pod: what more room would help against, and what it would not.
SHORT_OF_ROOM = (
    "pod.unschedulable.cpu",
    "pod.unschedulable.memory",
    "pod.unschedulable.extended",
    "pod.unschedulable.node_full",
)
UNPLACEABLE = (
    "pod.unschedulable.taint",
    "pod.unschedulable.node_selector",
    "pod.unschedulable.pod_affinity",
    "pod.unschedulable.topology_spread",
    "pod.unschedulable.volume",
    "pod.unschedulable.host_port",
)

# What a workload looks like when one of the above is true of it: symptoms, in falling depth.
LOOKS_BROKEN = (
    "pod.crash_loop",
    "pod.exit_nonzero",
    "pod.killed_not_oom",
    "pod.restart_storm",
    "pod.init_blocked",
    "pod.sidecar_unready",
    "pod.probe.readiness_failing",
    "pod.probe.http_status",
    "pod.probe.timeout",
    "deploy.unavailable",
    "deploy.progress_deadline",
    "sts.ordinal_blocked",
    "ds.unready",
    "job.failed",
    "job.retrying",
    "custom.symptom",
)

# Rules that describe what users see; they are a root only where nothing sharper was found.
SYMPTOM_RULES = (
    *LOOKS_BROKEN,
    "service.endpoints_not_ready",
    "service.endpoints_partial",
    "service.no_pods",
    "app.dependency_unreachable",
    "app.name_unresolved",
    "app.degraded",
    "ingress.no_address",
    "hpa.metrics_unavailable",
    "alert.target_down",
    "alert.metric_absent",
)

# A crash explains what comes after it, never what is beside it.
CRASHES_IN_ORDER = ("pod.crash_loop", "pod.exit_nonzero", "pod.killed_not_oom", "pod.restart_storm")
UNREADY_IN_ORDER = (
    "pod.init_blocked",
    "pod.sidecar_unready",
    "pod.probe.http_status",
    "pod.probe.timeout",
    "pod.probe.readiness_failing",
    "pod.probe.liveness_kills",
)
ROLLOUT_SYMPTOMS = (
    "deploy.progress_deadline",
    "deploy.unavailable",
    "sts.ordinal_blocked",
    "ds.unready",
)

# What somebody switched off on purpose is no fault, and yet the answer to "why does it not run".
SWITCHED_OFF = ("cron.suspended", "job.suspended")

REGRESSED = ("app.regression_after_change",)
DEGRADED = ("app.degraded",)
FAILS_REQUESTS = tuple(
    one for one in (*STOPS_A_CONTAINER, *LOOKS_BROKEN) if one not in ("app.exhausted",)
)

SERVICE_SYMPTOMS = ("service.endpoints_not_ready", "service.endpoints_partial", "service.no_pods")
SERVICE_FAULTS = (
    "service.selector_near_miss",
    "service.target_port_name_missing",
    "service.target_port_mismatch",
    *SERVICE_SYMPTOMS,
)


def matches(pattern: str, rule: str) -> bool:
    """Whether a rule id is meant by a pattern: the same, or under its `*`."""
    return rule == pattern or (pattern.endswith("*") and rule.startswith(pattern[:-1]))


def is_symptom(rule: str) -> bool:
    return any(matches(pattern, rule) for pattern in SYMPTOM_RULES)
