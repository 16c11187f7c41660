"""What Midwatch itself was not allowed to read, with the rule that would allow it."""

from collections.abc import Iterator

from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity, Source
from mcp_servers.facts.kubernetes import Cluster, NotChecked, Ref


def forbidden_self(cluster: Cluster) -> Iterator[Finding]:
    """`access.forbidden_self`: one finding for each role that lacks something; never a fault."""
    by_role: dict[str, list[NotChecked]] = {}
    for one in cluster.not_checked:
        heading, _, rules = one.allow.partition("\n")
        if rules:
            by_role.setdefault(heading, []).append(one)
    for heading, refused in sorted(by_role.items()):
        yield _finding(heading, refused)


def _finding(heading: str, refused: list[NotChecked]) -> Finding:
    kinds = list(dict.fromkeys(one.what for one in refused))
    return Finding(
        rule="access.forbidden_self",
        severity=Severity.INFO,
        confidence=Confidence.CERTAIN,
        resource=_role(heading),
        since=None,
        evidence=tuple(Evidence(Source.OBJECT, one.what, one.why) for one in refused),
        params={"kinds": ", ".join(kinds)},
    )


def _role(heading: str) -> Ref:
    """The role that the advice names: `Add to Midwatch's Role in namespace shop:`."""
    _, inside, namespace = heading.rstrip(":").partition(" in namespace ")
    kind = "Role" if inside else "ClusterRole"
    return Ref(kind, namespace, "midwatch")
