"""Diagnosers: one symptom family a file, each a pure function from a cluster to findings.

They never import each other. `ALL` is the order in which they are asked; it carries no meaning.

Join keys that findings carry for the ranking (several values are sorted, with commas between;
objects are `namespace/name`, or the bare name when cluster-scoped):

- every finding about a pod: `pod`, `node`, `replicaset`, `revision`
- `service`, `host` (`checkout:8080` as the log says it): app.dependency_unreachable,
  app.name_unresolved, service.*, ingress.*
- `workload` (`Deployment shop/checkout`): what a Service selects, or would have selected
- `node`: node.*, pod.evicted.*, pod.node_lost, pod.stuck_terminating, pod.unschedulable.cordoned
- `ref` (`ConfigMap:shop/app`), `configmap`, `secret`: pod.config_ref.*, image_pull.secret_missing;
  `secret` also app.credentials_refused, tls.expiring, config.secret_malformed
- `image`: pod.image_pull.*
- `claim`: pvc.*, pod.unschedulable.volume
- `quota`, `webhook`, `service_account`, `priority_class`: workload.create_refused.*
- `webhook` also webhook.*; `api` (a group) apiservice.unavailable, hpa.metrics_unavailable,
  ns.stuck_terminating; `namespace` ns.stuck_terminating, object.finalizer_stuck
- `gateway` gateway.not_ready, httproute.unattached; `ingress` ingress.class_missing, .host_conflict
- `scrape_job`: alert.target_down, alert.metric_absent
- `service_account`: rbac.denied, rbac.dangling
- `target` (`Deployment shop/checkout`): hpa.*, keda.*, scaler.*, workload.scaled_to_zero; `hpa`,
  `job`, `policy` of hpa.*, job.* and cron.overlap, netpol.*
- `workload`: also what a disruption budget guards, in pdb.blocks_drain; `node` there is the one
  that waits for it
- `workload`: also the controllers of an Ingress's class, in ingress.no_address
- `quota`: also quota.near_limit; `configmap`, `secret`: also config.changed_not_reloaded
- `claim`: also pod.volume_mount_failed, and app.exhausted where it is space that ran out
- `host`: also sts.service_missing, where somebody asked for a name under the missing Service
"""

from mcp_servers.engines.diagnosers.absent_metrics import metric_absent
from mcp_servers.engines.diagnosers.access_grants import (
    anonymous_binding,
    dangling,
    default_sa_token,
    wildcard_rbac,
)
from mcp_servers.engines.diagnosers.admission_webhooks import (
    unreachable_webhooks,
    untrusted_webhooks,
    wide_webhooks,
)
from mcp_servers.engines.diagnosers.alert_pipeline import config_invalid, unrouted, watchdog
from mcp_servers.engines.diagnosers.alert_quality import flapping, silence_unsafe
from mcp_servers.engines.diagnosers.api_extensions import (
    api_services,
    custom_kinds,
    deprecated_apis,
)
from mcp_servers.engines.diagnosers.app_dependencies import dependencies
from mcp_servers.engines.diagnosers.app_permissions import app_permissions
from mcp_servers.engines.diagnosers.app_resources import app_resources
from mcp_servers.engines.diagnosers.app_settings import missing_setting
from mcp_servers.engines.diagnosers.autoscaler_limits import autoscaler_limits
from mcp_servers.engines.diagnosers.autoscaling import autoscaling
from mcp_servers.engines.diagnosers.bare_pods import bare_pods
from mcp_servers.engines.diagnosers.blocked_flows import blocked_flows, idle_policies
from mcp_servers.engines.diagnosers.claim_states import shared_claims, stuck_claims, stuck_resizes
from mcp_servers.engines.diagnosers.cluster_dns import cluster_dns
from mcp_servers.engines.diagnosers.config_objects import (
    secret_malformed,
    too_large,
    unused_or_empty,
)
from mcp_servers.engines.diagnosers.config_refs import config_refs
from mcp_servers.engines.diagnosers.container_start import container_start
from mcp_servers.engines.diagnosers.control_plane import control_plane, event_floods
from mcp_servers.engines.diagnosers.cordoned_nodes import left_cordoned
from mcp_servers.engines.diagnosers.cpu_throttling import cpu_throttling
from mcp_servers.engines.diagnosers.crash_loop import crash_loop, exit_nonzero, exit_zero_loop
from mcp_servers.engines.diagnosers.create_refused import create_refused
from mcp_servers.engines.diagnosers.cron_jobs import cron_jobs
from mcp_servers.engines.diagnosers.cron_runs import cron_runs
from mcp_servers.engines.diagnosers.daemon_sets import daemon_sets
from mcp_servers.engines.diagnosers.degradations import degradations
from mcp_servers.engines.diagnosers.deletions import stuck_namespaces, stuck_objects
from mcp_servers.engines.diagnosers.deliveries import deliveries
from mcp_servers.engines.diagnosers.disrupted_pods import disrupted
from mcp_servers.engines.diagnosers.disruption_budgets import disruption_budgets
from mcp_servers.engines.diagnosers.dns_policies import dns_policies
from mcp_servers.engines.diagnosers.ended_pods import deadline_exceeded, node_admission_failed
from mcp_servers.engines.diagnosers.ending_certificates import ending_certificates
from mcp_servers.engines.diagnosers.endless_jobs import endless_jobs
from mcp_servers.engines.diagnosers.evictions import evictions
from mcp_servers.engines.diagnosers.failed_jobs import failed_jobs, retrying_jobs
from mcp_servers.engines.diagnosers.gateways import gateways, loose_routes, route_backends
from mcp_servers.engines.diagnosers.held_pods import (
    finalizer_stuck,
    readiness_gate_unmet,
    resize_stuck,
    scheduling_gated,
)
from mcp_servers.engines.diagnosers.image_pull import image_pull, pull_secret_missing
from mcp_servers.engines.diagnosers.immutable_fields import immutable_fields
from mcp_servers.engines.diagnosers.ingress_addresses import ingress_addresses
from mcp_servers.engines.diagnosers.ingress_backends import ingress_backends
from mcp_servers.engines.diagnosers.ingress_certificates import ingress_certificates
from mcp_servers.engines.diagnosers.ingress_rules import host_conflicts, ingress_classes
from mcp_servers.engines.diagnosers.init_blocked import init_blocked
from mcp_servers.engines.diagnosers.instructions import instructions
from mcp_servers.engines.diagnosers.keda import keda
from mcp_servers.engines.diagnosers.killed import killed_not_oom, native_crash, restart_storm
from mcp_servers.engines.diagnosers.lost_pods import node_lost, stuck_terminating
from mcp_servers.engines.diagnosers.memory_trends import memory_trends
from mcp_servers.engines.diagnosers.new_errors import new_errors
from mcp_servers.engines.diagnosers.node_conditions import not_ready, pid_or_network, pressure
from mcp_servers.engines.diagnosers.node_risks import (
    custom_conditions,
    flapping_nodes,
    old_kubelets,
    overcommitted_nodes,
)
from mcp_servers.engines.diagnosers.oom_killed import oom_killed
from mcp_servers.engines.diagnosers.operators import olm_v0, olm_v1
from mcp_servers.engines.diagnosers.own_refusals import forbidden_self
from mcp_servers.engines.diagnosers.past_oom_kills import past_oom_kills
from mcp_servers.engines.diagnosers.plain_credentials import secret_in_plain
from mcp_servers.engines.diagnosers.pod_hardening import (
    privileged,
    psa_missing,
    root_or_escalation,
)
from mcp_servers.engines.diagnosers.policy_reports import policy_violations
from mcp_servers.engines.diagnosers.probes import probes
from mcp_servers.engines.diagnosers.quotas import near_quotas
from mcp_servers.engines.diagnosers.refused_hosts import refused_hosts
from mcp_servers.engines.diagnosers.regressions import regressions
from mcp_servers.engines.diagnosers.rollouts import paused, progress_deadline, unavailable
from mcp_servers.engines.diagnosers.scaled_to_zero import scaled_to_zero
from mcp_servers.engines.diagnosers.scaler_conflicts import scaler_conflicts
from mcp_servers.engines.diagnosers.scrape_targets import target_down
from mcp_servers.engines.diagnosers.selector_overlaps import selector_overlaps
from mcp_servers.engines.diagnosers.service_endpoints import service_endpoints
from mcp_servers.engines.diagnosers.service_exposure import (
    external_names,
    local_traffic,
    pending_balancers,
)
from mcp_servers.engines.diagnosers.service_ports import service_ports
from mcp_servers.engines.diagnosers.service_selectors import service_selectors
from mcp_servers.engines.diagnosers.sidecars import sidecar_unready
from mcp_servers.engines.diagnosers.single_points import single_points
from mcp_servers.engines.diagnosers.slow_queries import slow_queries
from mcp_servers.engines.diagnosers.stale_configuration import stale_configuration
from mcp_servers.engines.diagnosers.stalled_starts import sandbox_failed, volume_mount_failed
from mcp_servers.engines.diagnosers.stateful_sets import stateful_sets
from mcp_servers.engines.diagnosers.surges import surges
from mcp_servers.engines.diagnosers.suspended_jobs import suspended_jobs
from mcp_servers.engines.diagnosers.system_oom import system_oom
from mcp_servers.engines.diagnosers.unschedulable import (
    no_scale_up,
    scheduler_absent,
    unschedulable,
)
from mcp_servers.engines.diagnosers.unseen_pods import unseen_pods
from mcp_servers.engines.diagnosers.volume_attachments import volume_attachments
from mcp_servers.engines.diagnosers.volume_claims import volume_claims
from mcp_servers.engines.diagnosers.volume_usage import volume_usage
from mcp_servers.engines.diagnosers.volumes import default_classes, left_volumes
from mcp_servers.engines.diagnosers.workload_habits import workload_habits

ALL = (
    oom_killed,
    past_oom_kills,
    memory_trends,
    cpu_throttling,
    crash_loop,
    exit_zero_loop,
    exit_nonzero,
    killed_not_oom,
    native_crash,
    restart_storm,
    image_pull,
    pull_secret_missing,
    config_refs,
    unseen_pods,
    container_start,
    init_blocked,
    sidecar_unready,
    sandbox_failed,
    volume_mount_failed,
    scheduling_gated,
    unschedulable,
    scheduler_absent,
    no_scale_up,
    probes,
    evictions,
    disrupted,
    node_lost,
    stuck_terminating,
    not_ready,
    pressure,
    pid_or_network,
    system_oom,
    left_cordoned,
    flapping_nodes,
    custom_conditions,
    overcommitted_nodes,
    old_kubelets,
    control_plane,
    api_services,
    custom_kinds,
    deprecated_apis,
    unreachable_webhooks,
    untrusted_webhooks,
    wide_webhooks,
    stuck_namespaces,
    stuck_objects,
    event_floods,
    unavailable,
    progress_deadline,
    paused,
    surges,
    create_refused,
    scaled_to_zero,
    failed_jobs,
    retrying_jobs,
    suspended_jobs,
    cron_jobs,
    autoscaling,
    deadline_exceeded,
    node_admission_failed,
    finalizer_stuck,
    readiness_gate_unmet,
    resize_stuck,
    bare_pods,
    stateful_sets,
    daemon_sets,
    selector_overlaps,
    workload_habits,
    single_points,
    autoscaler_limits,
    keda,
    scaler_conflicts,
    disruption_budgets,
    endless_jobs,
    cron_runs,
    volume_claims,
    shared_claims,
    stuck_resizes,
    stuck_claims,
    volume_usage,
    volume_attachments,
    left_volumes,
    default_classes,
    service_selectors,
    service_endpoints,
    service_ports,
    pending_balancers,
    external_names,
    local_traffic,
    ingress_backends,
    ingress_classes,
    host_conflicts,
    ingress_addresses,
    ingress_certificates,
    ending_certificates,
    refused_hosts,
    gateways,
    loose_routes,
    route_backends,
    dns_policies,
    blocked_flows,
    idle_policies,
    cluster_dns,
    dependencies,
    missing_setting,
    app_resources,
    app_permissions,
    slow_queries,
    new_errors,
    regressions,
    degradations,
    instructions,
    secret_malformed,
    immutable_fields,
    too_large,
    unused_or_empty,
    stale_configuration,
    near_quotas,
    forbidden_self,
    dangling,
    privileged,
    root_or_escalation,
    psa_missing,
    default_sa_token,
    wildcard_rbac,
    anonymous_binding,
    secret_in_plain,
    policy_violations,
    olm_v0,
    olm_v1,
    deliveries,
    target_down,
    config_invalid,
    unrouted,
    silence_unsafe,
    flapping,
    metric_absent,
    watchdog,
)
