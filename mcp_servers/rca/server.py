"""The rca server: every diagnoser, the ranking, the incidents they found, and the same over files."""

from core.principal import Permission
from mcp_servers.access import Gate, ToolServer, publish
from mcp_servers.backends import Backends
from mcp_servers.rca.dependency_graph import rca_dependency_graph
from mcp_servers.rca.diagnose import rca_list_findings
from mcp_servers.rca.drafts import rca_draft_page
from mcp_servers.rca.incidents import rca_get_incident, rca_list_incidents
from mcp_servers.rca.investigate import rca_investigate
from mcp_servers.rca.log_files import rca_log_patterns
from mcp_servers.rca.metric_anomalies import rca_metric_anomalies, rca_table_anomalies
from mcp_servers.rca.rank_table import rca_rank_table
from mcp_servers.rca.rule_folder import RuleFolder
from mcp_servers.rca.rule_list import rca_list_custom_rules
from mcp_servers.rca.study import Hands
from mcp_servers.rca.summaries import rca_error_summary, rca_event_patterns

# A table of 60 components with 10 metrics and 2,000 rows is about 12 MB of CSV.
MOST_FILE_BYTES = 64 * 1024 * 1024


def hands_of(backends: Backends) -> Hands:
    """Raises `Invalid` on a malformed rule file."""
    rules = RuleFolder(backends.rules_folder)
    return Hands(backends.kubernetes, backends.prometheus, backends.alertmanager, rules)


def build(backends: Backends, gate: Gate) -> ToolServer:
    server = ToolServer("rca", gate, home=backends.kubernetes.cluster_name, beyond=False)
    hands = hands_of(backends)
    incidents = backends.incidents
    for tool in (
        rca_list_findings,
        rca_dependency_graph,
        rca_metric_anomalies,
        rca_event_patterns,
        rca_error_summary,
    ):
        publish(server, tool, needs=Permission.INCIDENTS_READ, hands=hands)
    for tool in (rca_investigate, rca_draft_page):
        publish(server, tool, needs=Permission.INCIDENTS_READ, hands=hands, incidents=incidents)
    for tool in (rca_list_incidents, rca_get_incident):
        publish(server, tool, needs=Permission.INCIDENTS_READ, incidents=incidents)
    publish(server, rca_list_custom_rules, needs=Permission.INCIDENTS_READ, rules=hands.rules)
    publish(server, rca_rank_table, needs=Permission.INCIDENTS_READ, takes_bytes=MOST_FILE_BYTES)
    for tool in (rca_log_patterns, rca_table_anomalies):
        publish(
            server,
            tool,
            needs=Permission.INCIDENTS_READ,
            takes_bytes=MOST_FILE_BYTES,
            gives_characters=MOST_FILE_BYTES,
        )
    return server
