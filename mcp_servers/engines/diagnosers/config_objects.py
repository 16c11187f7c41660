"""ConfigMaps and Secrets as objects: nobody's, too large, or not holding what they should."""

import re
from collections.abc import Iterator
from datetime import timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.config_references import references
from mcp_servers.engines.fields import rows, section, strings, text, words
from mcp_servers.engines.secret_shapes import SecretFact, secret_bytes, secret_facts
from mcp_servers.engines.settling import is_young
from mcp_servers.engines.templates import is_system_namespace, templates
from mcp_servers.engines.topology import WORKLOAD_KINDS, pod_template
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource

# The API server takes no object beyond one MiB.
MOST_BYTES = 900 * 1024

# A ConfigMap is often made some time before what will use it.
UNUSED_FOR = timedelta(hours=1)

# Made for every namespace, or kept by a program for itself.
_OWN_KEEPING = re.compile(
    r"kube-root-ca\.crt|.*ca-root-cert|openshift-service-ca\.crt|istio.*|.*(?:leader|election|lock|state|status|cache)\b.*"
    r"|extension-apiserver-authentication|cluster-info|kubeadm-config|coredns.*|midwatch.*"
)
# Labels by which people sort things. By any other, a program may look a ConfigMap up.
_SORTING = re.compile(
    r"app|name|component|tier|team|env|environment|owner|part-of|version|release|chart|heritage"
    r"|app\.kubernetes\.io/.+|helm\.sh/.+|argocd\.argoproj\.io/instance|kustomize\.toolkit\.fluxcd\.io/.+"
)
_LEADER = "control-plane.alpha.kubernetes.io/leader"
_NAMES = re.compile(r"[a-z0-9][a-z0-9.-]*")


def unused_or_empty(cluster: Cluster) -> Iterator[Finding]:
    """`config.unused_or_empty`: a ConfigMap with nothing in it, or that no template names.

    A name in an argument or a variable counts as a use: programs read ConfigMaps by the API too.
    """
    judged = [one for one in cluster.all("ConfigMap") if _may_be_stale(cluster, one)]
    for one in judged:
        if not one.raw.get("data") and not one.raw.get("binaryData"):
            yield _stale(one, "empty", citing.field(one, ".data", "nothing"))
    if not {one.what for one in cluster.not_checked} & {*WORKLOAD_KINDS, "Pod"}:
        yield from _unused(cluster, judged)


def _unused(cluster: Cluster, judged: list[Resource]) -> Iterator[Finding]:
    used = _used(cluster)
    left = [one for one in judged if one.ref not in used and one.raw.get("data")]
    named = _named_in_old_revisions(cluster, {one.namespace for one in left})
    for one in left:
        if one.ref not in named:
            yield _stale(one, "unused", citing.field(one, ".metadata.name", "named by no template"))


def _may_be_stale(cluster: Cluster, one: Resource) -> bool:
    return not (
        is_system_namespace(one.namespace)
        or _OWN_KEEPING.fullmatch(one.name)
        or _LEADER in one.annotations
        or rows(one.metadata, "ownerReferences")
        or any(not _SORTING.fullmatch(label) for label in one.labels)
        or is_young(cluster, one, UNUSED_FOR)
    )


def _used(cluster: Cluster) -> set[Ref]:
    """Every ConfigMap that a template or an add-on names."""
    used: set[Ref] = set()
    for one in templates(cluster):
        namespace = one.owner.namespace
        used |= {reference.target for reference in references(namespace, one.spec)}
        for _, container in one.containers():
            said = [text(variable, "value") for variable in rows(container, "env")]
            said += [*words(container, "command"), *words(container, "args")]
            tokens = {name for value in said for name in _NAMES.findall(value)}
            used |= {Ref("ConfigMap", namespace, name) for name in tokens}
    for kind in ("HelmRelease", "Kustomization"):
        for one in cluster.all(kind):
            sources = [
                *rows(one.spec, "valuesFrom"),
                *rows(one.spec, "postBuild", "substituteFrom"),
            ]
            used |= {Ref("ConfigMap", one.namespace, text(source, "name")) for source in sources}
    return used


def _named_in_old_revisions(cluster: Cluster, namespaces: set[str]) -> set[Ref]:
    """What a rollback would need again."""
    return {
        reference.target
        for namespace in namespaces
        for one in cluster.all("ReplicaSet", namespace)
        for reference in references(namespace, section(pod_template(one), "spec"))
    }


def _stale(one: Resource, state: str, cited: Evidence) -> Finding:
    return Finding(
        rule="config.unused_or_empty",
        severity=Severity.INFO,
        confidence=Confidence.INFERRED if state == "unused" else Confidence.CERTAIN,
        resource=one.ref,
        since=one.created_at,
        evidence=(cited,),
        params={"state": state},
    )


def too_large(cluster: Cluster) -> Iterator[Finding]:
    """`config.too_large`: near the size that the API server refuses."""
    sizes = [(one, _bytes(one)) for one in cluster.all("ConfigMap")]
    sizes += [(one, secret_bytes(one)) for one in cluster.all("Secret")]
    for one, size in sizes:
        if size > MOST_BYTES:
            said = f"{size // 1024} KiB"
            yield Finding(
                rule="config.too_large",
                severity=Severity.LOW,
                confidence=Confidence.CERTAIN,
                resource=one.ref,
                since=one.created_at,
                evidence=(citing.field(one, ".data", f"{said} in all"),),
                params={"size": said},
            )


def _bytes(one: Resource) -> int:
    plain = sum(len(value.encode()) for value in strings(one.raw, "data").values())
    binary = sum(len(value) * 3 // 4 for value in strings(one.raw, "binaryData").values())
    return plain + binary


def secret_malformed(cluster: Cluster) -> Iterator[Finding]:
    """`config.secret_malformed`: a key that its type promises is not there, or a value that no
    consumer expects. It is a fault where somebody uses it."""
    faulty = [(one, facts) for one in cluster.all("Secret") if (facts := secret_facts(one))]
    used = _secrets_used(cluster) if faulty else {}
    for one, facts in faulty:
        if not is_young(cluster, one):
            yield _malformed(one, facts, used.get(one.ref, set()))


def _secrets_used(cluster: Cluster) -> dict[Ref, set[str]]:
    """The keys of each Secret that templates use; "" for all of it."""
    used: dict[Ref, set[str]] = {}
    for one in templates(cluster):
        for reference in references(one.owner.namespace, one.spec):
            used.setdefault(reference.target, set()).add(reference.key)
    return used


def _malformed(one: Resource, facts: list[SecretFact], keys: set[str]) -> Finding:
    matters = any(
        "" in keys or fact.key in keys or (keys and fact.fact == "missing") for fact in facts
    )
    return Finding(
        rule="config.secret_malformed",
        severity=Severity.MEDIUM if matters else Severity.LOW,
        confidence=Confidence.CERTAIN,
        resource=one.ref,
        since=one.created_at,
        evidence=tuple(citing.field(one, f".data[{fact.key}]", fact.fact) for fact in facts),
        params={
            "keys": ", ".join(fact.key for fact in facts),
            "state": ", ".join(dict.fromkeys(fact.fact for fact in facts)),
            "type": text(one.raw, "type"),
        },
        joins={"secret": f"{one.namespace}/{one.name}"},
    )
