"""Operators that the Operator Lifecycle Manager cannot install, resolve or keep."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.add_ons import Complaint, complaint, unmet
from mcp_servers.engines.fields import rows, text
from mcp_servers.engines.settling import is_terminating
from mcp_servers.facts.findings import Confidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Resource, moment

# An installation takes minutes; an upgrade that waits for its turn takes longer.
INSTALLS_WITHIN = timedelta(minutes=10)
UPGRADES_WITHIN = timedelta(minutes=30)
V1_SETTLES_WITHIN = timedelta(minutes=5)

# Phases in which a ClusterServiceVersion hands over to its successor.
_HANDING_OVER = ("Succeeded", "Replacing", "Deleting")


def olm_v0(cluster: Cluster) -> Iterator[Finding]:
    """`olm.v0_unhealthy`: versions, subscriptions, install plans, catalogs and groups."""
    for kind, look in (
        ("ClusterServiceVersion", _version),
        ("Subscription", _subscription),
        ("InstallPlan", _plan),
        ("CatalogSource", _catalog),
    ):
        for one in cluster.all(kind):
            if _is_of(one, "operators.coreos.com") and (found := look(cluster, one)):
                yield _finding(one, "olm.v0_unhealthy", found, _severity(one, found))
    yield from _groups(cluster)


def olm_v1(cluster: Cluster) -> Iterator[Finding]:
    """`olm.v1_unhealthy`: catalogs that do not serve, extensions that are not installed."""
    for kind, look in (("ClusterCatalog", _v1_catalog), ("ClusterExtension", _v1_extension)):
        for one in cluster.all(kind):
            if not is_terminating(one) and (found := look(one)):
                waited = max(
                    found.since or one.created_at or cluster.now, one.created_at or cluster.now
                )
                if cluster.now - waited >= V1_SETTLES_WITHIN:
                    yield _finding(one, "olm.v1_unhealthy", found, Severity.MEDIUM)


def _is_of(one: Resource, group: str) -> bool:
    """Whether an object is of this API group: other add-ons have Subscriptions too."""
    return text(one.raw, "apiVersion").partition("/")[0] in (group, "")


def _version(cluster: Cluster, one: Resource) -> Complaint | None:
    phase = text(one.status, "phase")
    since = moment(one.status.get("lastTransitionTime"))
    # A copy in another namespace repeats what its original says.
    if phase in _HANDING_OVER or is_terminating(one) or text(one.status, "reason") == "Copied":
        return None
    found = complaint(one, ".status.phase", phase or "no phase", text(one.status, "message"), since)
    return found if phase == "Failed" or found.lasts(cluster, INSTALLS_WITHIN) else None


def _subscription(cluster: Cluster, one: Resource) -> Complaint | None:
    state = text(one.status, "state")
    since = _subscribed_at(one)
    if state not in ("", "UpgradePending", "UpgradeFailed"):
        return None
    told = [text(row, "message") for row in rows(one.status, "conditions") if _says_no(row)]
    found = complaint(one, ".status.state", state or "no state", " ".join(told), since)
    return found if found.lasts(cluster, UPGRADES_WITHIN) else None


def _says_no(row: dict[str, object]) -> bool:
    """Conditions of a Subscription name what is wrong: True is the bad one."""
    return row.get("status") == "True" and row.get("type") != "InstallPlanPending"


def _subscribed_at(one: Resource) -> datetime | None:
    """When it came into this state, as far as it says."""
    return moment(one.status.get("lastUpdated")) or one.created_at


def _plan(cluster: Cluster, one: Resource) -> Complaint | None:
    phase = text(one.status, "phase")
    if phase == "Complete":
        return None
    told = [text(row, "message") for row in rows(one.status, "conditions") if row.get("message")]
    found = complaint(one, ".status.phase", phase or "no phase", " ".join(told), one.created_at)
    if phase in ("Failed", "RequiresApproval"):
        return found
    return found if found.lasts(cluster, INSTALLS_WITHIN) else None


def _catalog(cluster: Cluster, one: Resource) -> Complaint | None:
    state = text(one.status, "connectionState", "lastObservedState")
    since = moment(text(one.status, "connectionState", "lastConnect")) or one.created_at
    if state == "READY" or not text(one.spec, "sourceType"):
        return None
    path = ".status.connectionState.lastObservedState"
    found = complaint(one, path, state or "no state", text(one.status, "message"), since)
    return found if found.lasts(cluster, INSTALLS_WITHIN) else None


def _severity(one: Resource, found: Complaint) -> Severity:
    """A plan that waits for a person does so because a person wanted it."""
    return Severity.INFO if found.state == "RequiresApproval" else Severity.MEDIUM


def _groups(cluster: Cluster) -> Iterator[Finding]:
    by_namespace: dict[str, list[Resource]] = {}
    for one in cluster.all("OperatorGroup"):
        by_namespace.setdefault(one.namespace, []).append(one)
    for groups in by_namespace.values():
        if len(groups) > 1:
            names = ", ".join(one.name for one in groups)
            said = "more than one OperatorGroup in the namespace: no operator is installed here"
            found = complaint(groups[-1], ".metadata.name", names, said)
            yield _finding(groups[-1], "olm.v0_unhealthy", found, Severity.MEDIUM)


def _v1_catalog(one: Resource) -> Complaint | None:
    if found := unmet(one, "Serving"):
        return found
    image = text(one.spec, "source", "image", "ref")
    resolved = text(one.status, "resolvedSource", "image", "ref")
    if image and "@" not in resolved:
        path = ".status.resolvedSource.image.ref"
        return complaint(one, path, "not resolved to a digest", f"the image is {image}")
    return None


def _v1_extension(one: Resource) -> Complaint | None:
    if found := unmet(one, "Installed"):
        return found
    progress = one.condition("Progressing") or {}
    reason = text(progress, "reason")
    if not reason or reason == "Succeeded":
        return None
    since = moment(progress.get("lastTransitionTime"))
    said = text(progress, "message")
    return complaint(one, ".status.conditions[Progressing].reason", reason, said, since)


def _finding(one: Resource, rule: str, found: Complaint, severity: Severity) -> Finding:
    spec = [citing.field(one, ".spec.name", one.spec["name"])] if text(one.spec, "name") else []
    return Finding(
        rule=rule,
        severity=severity,
        confidence=Confidence.CERTAIN,
        resource=one.ref,
        since=found.since,
        evidence=(found.cited, *spec),
        params={"said": found.state, "message": found.message},
        cause_key=found.state,
    )
