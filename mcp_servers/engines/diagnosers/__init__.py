"""Diagnosers: one symptom family a file, each a pure function from a cluster to findings.

They never import each other. `ALL` is the order in which they are asked; it carries no meaning.

Join keys that findings carry for the ranking (several values are sorted, with commas between;
objects are `namespace/name`, or the bare name when cluster-scoped):

- every finding about a pod: `pod`, `node`, `replicaset`, `revision`
- `service`, `host` (`checkout:8080` as the log says it): app.dependency_unreachable,
  app.name_unresolved, service.*, ingress.*
- `workload` (`Deployment shop/checkout`): what a Service selects, or would have selected
- `node`: node.*, pod.evicted.*, pod.node_lost, pod.stuck_terminating, pod.unschedulable.cordoned
- `ref` (`ConfigMap:shop/app`), `configmap`, `secret`: pod.config_ref.*, image_pull.secret_missing
- `image`: pod.image_pull.*
- `claim`: pvc.*, pod.unschedulable.volume
- `quota`, `webhook`, `service_account`, `priority_class`: workload.create_refused.*
- `target` (`Deployment shop/checkout`): hpa.*, workload.scaled_to_zero
"""

from mcp_servers.engines.diagnosers.app_dependencies import dependencies
from mcp_servers.engines.diagnosers.config_refs import config_refs
from mcp_servers.engines.diagnosers.crash_loop import crash_loop, exit_nonzero, exit_zero_loop
from mcp_servers.engines.diagnosers.evictions import evictions
from mcp_servers.engines.diagnosers.image_pull import image_pull, pull_secret_missing
from mcp_servers.engines.diagnosers.node_conditions import not_ready, pid_or_network, pressure
from mcp_servers.engines.diagnosers.oom_killed import oom_killed
from mcp_servers.engines.diagnosers.rollouts import paused, progress_deadline, unavailable
from mcp_servers.engines.diagnosers.service_endpoints import service_endpoints
from mcp_servers.engines.diagnosers.service_selectors import service_selectors

ALL = (
    oom_killed,
    crash_loop,
    exit_zero_loop,
    exit_nonzero,
    image_pull,
    pull_secret_missing,
    config_refs,
    evictions,
    not_ready,
    pressure,
    pid_or_network,
    unavailable,
    progress_deadline,
    paused,
    service_selectors,
    service_endpoints,
    dependencies,
)
