"""What was to be delivered from a repository or a chart and did not arrive: Argo CD, Flux, Helm."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.add_ons import Complaint, complaint, unmet
from mcp_servers.engines.fields import rows, section, text, whole, words
from mcp_servers.engines.settling import is_terminating
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource, moment
from mcp_servers.facts.nearest import nearest_names

OUT_OF_SYNC_FOR = timedelta(minutes=30)
PENDING_FOR = timedelta(minutes=10)
SETTLES_WITHIN = timedelta(minutes=5)

FLUX = ("Kustomization", "HelmRelease", "GitRepository", "HelmRepository", "HelmChart", "OCIRepository")  # fmt: skip
# What Flux says while it still works on it, or waits for something else of its own.
_UNDER_WAY = ("Progressing", "ProgressingWithRetry", "DependencyNotReady")
_IN_CLUSTER = ("", "https://kubernetes.default.svc")
_RELEASE = re.compile(r"sh\.helm\.release\.v1\.(?P<name>.+)\.v(?P<revision>\d+)$")


def deliveries(cluster: Cluster) -> Iterator[Finding]:
    """`delivery.failed`, about what a person would change: the application, never its objects."""
    namespaces = {one.name for one in cluster.all("Namespace")}
    for one in cluster.all("Application"):
        # Another project has Applications too.
        if not is_terminating(one) and not text(one.raw, "apiVersion").startswith("app.k8s.io/"):
            yield from _of_argo(cluster, one, namespaces)
    for kind in FLUX:
        for one in cluster.all(kind):
            if one.spec.get("suspend") is not True and not is_terminating(one):
                yield from _of_flux(cluster, one, namespaces)
    yield from _of_helm(cluster)


def _of_argo(cluster: Cluster, one: Resource, namespaces: set[str]) -> Iterator[Finding]:
    wanted = text(one.spec, "destination", "namespace")
    here = text(one.spec, "destination", "server") in _IN_CLUSTER
    makes_it = "CreateNamespace=true" in words(one.spec, "syncPolicy", "syncOptions")
    if wanted and here and namespaces and wanted not in namespaces and not makes_it:
        found = complaint(one, ".spec.destination.namespace", f"no namespace {wanted}")
        near = nearest_names(wanted, namespaces)
        yield _finding(one, found, _revision_of_argo(one), near=near[0] if near else "")
        return
    operation = section(one.status, "operationState")
    if text(operation, "phase") in ("Failed", "Error"):
        at = moment(operation.get("finishedAt"))
        state, said = f"sync {text(operation, 'phase')}", text(operation, "message")
        found = complaint(one, ".status.operationState.phase", state, said, at)
        yield _finding(one, found, _revision_of_argo(one))
    elif found := _argo_state(cluster, one, operation.get("finishedAt")):
        yield _finding(one, found, _revision_of_argo(one), affected=_ill(one))


def _argo_state(cluster: Cluster, one: Resource, synced_at: object) -> Complaint | None:
    health = section(one.status, "health")
    if text(health, "status") == "Degraded":
        since = moment(health.get("lastTransitionTime"))
        return complaint(one, ".status.health.status", "Degraded", text(health, "message"), since)
    if text(one.status, "sync", "status") != "OutOfSync" or not _syncs_itself(one):
        return None
    since = moment(synced_at) or one.created_at
    found = complaint(one, ".status.sync.status", "OutOfSync", "", since)
    return found if found.lasts(cluster, OUT_OF_SYNC_FOR) else None


def _syncs_itself(one: Resource) -> bool:
    """Without automation, or in a closed window, being behind is somebody's decision."""
    closed = any(text(row, "type") == "SyncWindow" for row in rows(one.status, "conditions"))
    return bool(section(one.spec, "syncPolicy").get("automated") is not None) and not closed


def _ill(one: Resource) -> tuple[Ref, ...]:
    """The application's objects that are not healthy."""
    return tuple(
        sorted(
            Ref(text(row, "kind"), text(row, "namespace"), text(row, "name"))
            for row in rows(one.status, "resources")
            if text(row, "health", "status") in ("Degraded", "Missing", "Progressing")
        )
    )


def _revision_of_argo(one: Resource) -> str:
    return text(one.status, "sync", "revision")


def _of_flux(cluster: Cluster, one: Resource, namespaces: set[str]) -> Iterator[Finding]:
    found = unmet(one, "Ready")
    ready = one.condition("Ready") or {}
    if found is None or ready.get("status") != "False" or text(ready, "reason") in _UNDER_WAY:
        return
    if not found.lasts(cluster, SETTLES_WITHIN):
        return
    wanted = text(one.spec, "targetNamespace")
    lost = bool(wanted and namespaces) and wanted not in namespaces
    near = nearest_names(wanted, namespaces) if lost else []
    revision = text(one.status, "lastAttemptedRevision") or text(one.status, "lastAppliedRevision")
    yield _finding(one, found, revision, near=near[0] if near else "", affected=_made_by(one))


def _made_by(one: Resource) -> tuple[Ref, ...]:
    """What a Kustomization keeps: `namespace_name_group_kind` in its inventory."""
    found: list[Ref] = []
    for entry in rows(one.status, "inventory", "entries"):
        parts = text(entry, "id").split("_")
        if len(parts) >= 4:
            found.append(Ref(parts[-1], parts[0], "_".join(parts[1:-2])))
    return tuple(sorted(found))


def _of_helm(cluster: Cluster) -> Iterator[Finding]:
    """The newest revision of each release, which Helm keeps in a Secret whose labels say how it went."""
    newest: dict[tuple[str, str], tuple[int, Resource]] = {}
    for one in cluster.all("Secret"):
        match = _RELEASE.match(one.name) if text(one.raw, "type") == "helm.sh/release.v1" else None
        if match:
            place, revision = (one.namespace, match["name"]), int(match["revision"])
            if revision > newest.get(place, (0, one))[0]:
                newest[place] = (revision, one)
    for (_, name), (revision, one) in sorted(newest.items(), key=lambda item: item[0]):
        status = one.labels.get("status", "")
        at = _modified(one) or one.created_at
        found = complaint(one, ".metadata.labels[status]", status, f"release {name}", at)
        pending = status.startswith("pending-") and found.lasts(cluster, PENDING_FOR)
        if status == "failed" or pending:
            yield _finding(one, found, f"revision {revision}", release=name)


def _modified(one: Resource) -> datetime | None:
    at = whole(one.labels, "modifiedAt") or whole(one.labels, "createdAt")
    return datetime.fromtimestamp(at, tz=one.created_at.tzinfo) if at and one.created_at else None


def _finding(
    one: Resource,
    found: Complaint,
    revision: str,
    *,
    near: str = "",
    release: str = "",
    affected: tuple[Ref, ...] = (),
) -> Finding:
    cited: list[Evidence] = [found.cited]
    if found.message and found.message not in found.cited.text:
        cited.append(citing.field(one, ".status.message", found.message, found.since))
    return Finding(
        rule="delivery.failed",
        severity=Severity.HIGH,
        confidence=Confidence.CERTAIN,
        resource=Ref("HelmRelease", one.namespace, release) if release else one.ref,
        since=found.since,
        evidence=tuple(cited),
        params={
            "said": found.state,
            "message": found.message,
            "revision": revision[:60],
            "near": near,
        },
        affected=affected,
        cause_key=found.state,
    )
