"""Which tools a client lists: a few that it starts with, and whole servers by name.

A model reads the schema of every tool it is offered, with each question. So a client that asks for nothing
is offered the few that most questions need; a listing never says what may be called, permissions do.
"""

from collections.abc import Collection, Iterable

from api.mcp_gateway.sentences import SENTENCES
from core.errors import Invalid
from mcp_servers.client import ToolSpec

FIRST = "default"
EVERY = "all"
# `ask` is one of them too: twelve in all.
FIRST_TOOLS = frozenset(
    {
        "alerting_list",
        "autofix_plan",
        "budgets_spend",
        "knowledge_search",
        "kubernetes_get_logs",
        "kubernetes_get_object",
        "kubernetes_list_pods",
        "kubernetes_what_changed",
        "prometheus_query_range",
        "rca_investigate",
        "rca_list_findings",
    }
)


def toolsets_named(text: str, servers: Collection[str]) -> frozenset[str]:
    """`text` is names with commas between; empty: the first few. Raises `Invalid` for an unknown name."""
    named = frozenset(part.strip() for part in text.split(",") if part.strip())
    known = {FIRST, EVERY, *servers}
    for one in sorted(named - known):
        raise SENTENCES.error(Invalid, "no_toolset", name=one, known=", ".join(sorted(known)))
    return named or frozenset({FIRST})


def listed(specs: Iterable[ToolSpec], toolsets: frozenset[str]) -> list[ToolSpec]:
    """Those of the tools that the toolsets hold, in their order."""
    return [
        one
        for one in specs
        if EVERY in toolsets
        or one.server in toolsets
        or (FIRST in toolsets and one.name in FIRST_TOOLS)
    ]


def has_ask(toolsets: frozenset[str]) -> bool:
    return bool(toolsets & {FIRST, EVERY})
