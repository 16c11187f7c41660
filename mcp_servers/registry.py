"""Name → server: the list of what is built. Each is loaded when it is built, which is when it is used."""

from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING

from mcp_servers.backends import Backends

if TYPE_CHECKING:
    from mcp_servers.access import Gate, ToolServer
    from mcp_servers.backends.foreign import ForeignServer


def _kubernetes(backends: Backends, gate: "Gate") -> "ToolServer":
    from mcp_servers.kubernetes.server import build

    return build(backends, gate)


def _prometheus(backends: Backends, gate: "Gate") -> "ToolServer":
    from mcp_servers.prometheus.server import build

    return build(backends, gate)


def _rca(backends: Backends, gate: "Gate") -> "ToolServer":
    from mcp_servers.rca.server import build

    return build(backends, gate)


def _autofix(backends: Backends, gate: "Gate") -> "ToolServer":
    """Repairs are judged by the diagnosers that found the fault."""
    from mcp_servers.autofix.server import build
    from mcp_servers.rca.looking import Looking
    from mcp_servers.rca.server import hands_of

    return build(backends, gate, looker=Looking(hands_of(backends)))


def _alerting(backends: Backends, gate: "Gate") -> "ToolServer":
    from mcp_servers.alerting.server import build

    return build(backends, gate)


def _channels(backends: Backends, gate: "Gate") -> "ToolServer":
    from mcp_servers.channels.server import build

    return build(backends, gate)


def _knowledge(backends: Backends, gate: "Gate") -> "ToolServer":
    from mcp_servers.knowledge.server import build

    return build(backends, gate)


def _budgets(backends: Backends, gate: "Gate") -> "ToolServer":
    from mcp_servers.budgets.server import build

    return build(backends, gate)


def _forecast(backends: Backends, gate: "Gate") -> "ToolServer":
    from mcp_servers.forecast.server import build

    return build(backends, gate)


def _foreign(backends: Backends, gate: "Gate") -> "ToolServer":
    from mcp_servers.foreign.server import build

    return build(backends, gate)


def _proxy(backends: Backends, of: "ForeignServer", gate: "Gate") -> "ToolServer":
    from mcp_servers.foreign.server import build_proxy

    return build_proxy(backends, gate, of=of)


BUILDERS: "dict[str, Callable[[Backends, Gate], ToolServer]]" = {
    "kubernetes": _kubernetes,
    "prometheus": _prometheus,
    "rca": _rca,
    "autofix": _autofix,
    "alerting": _alerting,
    "channels": _channels,
    "knowledge": _knowledge,
    "budgets": _budgets,
    "forecast": _forecast,
}


def building(
    backends: Backends, only: Collection[str]
) -> "dict[str, Callable[[Gate], ToolServer]]":
    """How to build those of `only`, and where there are servers of others those, and what tells of them."""
    ours = {name: partial(build, backends) for name, build in BUILDERS.items() if name in only}
    if not backends.foreign:
        return ours
    theirs = {one.address.name: partial(_proxy, backends, one) for one in backends.foreign}
    return ours | {"foreign": partial(_foreign, backends)} | theirs


def at_start(backends: Backends) -> frozenset[str]:
    """The servers that read files of the operator as they are built: a mistake there is told at once."""
    rules = {"rca", "autofix"} if backends.rules_folder else set[str]()
    policy = {"autofix"} if backends.fixes and backends.fixes.policy_file else set[str]()
    return frozenset(rules | policy)
