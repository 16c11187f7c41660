"""Services that ConfigMaps tell a program to call, as an nginx.conf or an application.yaml does."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from mcp_servers.engines.call_failures import targets
from mcp_servers.engines.fields import strings
from mcp_servers.engines.hosts import hosts_in, is_address, service_named
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource

# A longer text in a ConfigMap is data rather than settings.
SETTINGS_CHARACTERS = 64 * 1024
# A cheap look that lets most lines of a file go.
_MAY_NAME_A_HOST = re.compile(r"://|\w:\d\d|port", re.IGNORECASE)


def configured_calls(
    cluster: Cluster, references: Iterable[tuple[Ref, Ref]]
) -> Iterator[tuple[Ref, Ref]]:
    """(workload, Service) for the addresses in ConfigMaps that one workload alone refers to.

    One that several share lists what each of them might call; nobody can tell who calls whom.
    """
    pairs = sorted({one for one in references if one[1].kind == "ConfigMap"})
    readers = Counter(config for _, config in pairs)
    for workload, ref in pairs:
        config = cluster.get(ref) if readers[ref] == 1 else None
        for service in dict.fromkeys(
            one for _, one in (addresses_in(cluster, config, workload.namespace) if config else ())
        ):
            yield workload, service


def addresses_in(cluster: Cluster, config: Resource, namespace: str) -> list[tuple[str, Ref]]:
    """(key, Service) for the addresses in a ConfigMap, as seen from a namespace."""
    found: list[tuple[str, Ref]] = []
    for key, value in strings(config.raw, "data").items():
        if len(value) <= SETTINGS_CHARACTERS:
            named = (service_named(host, namespace) for host in _hosts(key, value))
            found += [(key, one) for one in dict.fromkeys(named) if cluster.get(one)]
    return found


def _hosts(key: str, value: str) -> Iterator[str]:
    """A setting of one line is read as a variable is; a file, for hosts with a port or a scheme."""
    if "\n" not in value.strip():
        yield from hosts_in(value) if is_address(key, value) else ()
        return
    for line in dict.fromkeys(filter(_MAY_NAME_A_HOST.search, value.splitlines())):
        yield from (one.host.lower() for one in targets(line))
