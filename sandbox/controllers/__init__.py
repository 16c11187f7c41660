"""A write has consequences: what controllers, the scheduler and kubelets make of it.

A snapshot is a picture of a cluster, often of a broken one, and it stays as it is: objects that were
loaded are looked at only after something happened to them or to what they depend on.
"""

from functools import partial

from sandbox.controllers import (
    autoscalers,
    budgets,
    claims,
    collecting,
    cron_jobs,
    daemon_sets,
    deployments,
    endpoints,
    jobs,
    namespaces,
    nodes,
    pods,
    protection,
    replica_sets,
    stateful_sets,
)
from sandbox.controllers.behaviour import Behaviours
from sandbox.controllers.collecting import GARBAGE
from sandbox.controllers.fault_routes import fault_routes
from sandbox.controllers.faults import Faults
from sandbox.controllers.kubelet.program_logs import learn_wordings
from sandbox.controllers.learning import learn
from sandbox.controllers.loop import Controllers, Reconcile
from sandbox.controllers.namespaces import NAMESPACES
from sandbox.controllers.object_families import QUOTAS
from sandbox.controllers.object_metrics import ObjectMetrics
from sandbox.controllers.ownership import Ownership
from sandbox.controllers.protection import CLAIM_PROTECTION, VOLUME_PROTECTION
from sandbox.controllers.timing import Now, Timing
from sandbox.controllers.traffic import Traffic
from sandbox.controllers.world import (
    AUTOSCALERS,
    BUDGETS,
    CLAIMS,
    CRON_JOBS,
    DAEMON_SETS,
    DEPLOYMENTS,
    JOBS,
    NODES,
    PODS,
    REPLICA_SETS,
    SERVICES,
    STATEFUL_SETS,
    Json,
    World,
)
from sandbox.journal import Journal
from sandbox.series import SeriesStore
from sandbox.store import Store

__all__ = ["Controllers", "Faults", "controllers_of", "fault_routes"]


def controllers_of(
    store: Store,
    series: SeriesStore,
    now: Now,
    *,
    journal: Journal | None = None,
    reactions: Json | None = None,
    speed: float = 1,
    reacts: bool = True,
) -> Controllers:
    """Controllers over a store that holds a snapshot. Raises `Invalid` for unreadable reactions.

    `reacts` False: only those that see deletions through.
    """
    world = World(
        store,
        Timing(now, speed),
        Behaviours.told_by(reactions or {}),
        series=series,
        journal=journal or Journal(),
    )
    learn(world, series)
    deleting: dict[str, Reconcile] = {
        GARBAGE: partial(collecting.reconcile, Ownership(store)),
        NAMESPACES: namespaces.reconcile,
        CLAIM_PROTECTION: protection.reconcile_claim,
        VOLUME_PROTECTION: protection.reconcile_volume,
    }
    if not reacts:
        return Controllers(world, deleting)
    learn_wordings(world)
    metrics, traffic = ObjectMetrics(world), Traffic(world)
    world.failing_calls = traffic.failing_calls
    reacting: dict[str, Reconcile | None] = {
        PODS: pods.reconcile,
        REPLICA_SETS: replica_sets.reconcile,
        DEPLOYMENTS: deployments.reconcile,
        SERVICES: traffic.following(endpoints.reconcile),
        BUDGETS: budgets.reconcile,
        STATEFUL_SETS: stateful_sets.reconcile,
        DAEMON_SETS: daemon_sets.reconcile,
        JOBS: jobs.reconcile,
        CRON_JOBS: cron_jobs.reconcile,
        AUTOSCALERS: autoscalers.reconcile,
        CLAIMS: claims.reconcile,
        NODES: nodes.reconcile,
        QUOTAS: None,
    }
    followed = {name: metrics.following(one) for name, one in reacting.items()}
    return Controllers(world, deleting | followed)
