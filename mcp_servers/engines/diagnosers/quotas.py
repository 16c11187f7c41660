"""Quotas of namespaces that are nearly used up."""

from collections.abc import Iterator
from fractions import Fraction

from mcp_servers.engines import citing
from mcp_servers.engines.about_objects import about_object
from mcp_servers.engines.fields import strings
from mcp_servers.engines.quantities import quantity
from mcp_servers.facts.findings import Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Resource


def near_quotas(cluster: Cluster) -> Iterator[Finding]:
    """`quota.near_limit`: of something little is left; nothing was refused by that alone."""
    share = Fraction(cluster.threshold("quota.near_limit.percent")) / 100
    for quota in cluster.all("ResourceQuota"):
        near = sorted(_near(quota, share))
        if near:
            yield _finding(quota, near)


def _near(quota: Resource, share: Fraction) -> Iterator[tuple[str, str, str]]:
    """What is near: its name, how much is used and how much may be. Of nothing nothing is left."""
    used = strings(quota.status, "used")
    for name, hard in strings(quota.status, "hard").items():
        most, taken = quantity(hard), quantity(used.get(name, "0"))
        if most and taken is not None and taken >= most * share:
            yield name, used[name], hard


def _finding(quota: Resource, near: list[tuple[str, str, str]]) -> Finding:
    numbers = ", ".join(f"{name} {used}/{hard}" for name, used, hard in near)
    return about_object(
        quota,
        "quota.near_limit",
        Severity.MEDIUM,
        [
            citing.field(quota, f".status.used[{name}]", f"{used} of {hard}")
            for name, used, hard in near[:4]
        ],
        params={"numbers": numbers},
        joins={"quota": quota.name},
    )
