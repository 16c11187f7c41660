"""Pods with more power over their node than their work needs, and namespaces that would let any in."""

import re
from collections.abc import Iterator

from mcp_servers.engines import citing
from mcp_servers.engines.fields import rows, section, text, words
from mcp_servers.engines.settling import is_terminating
from mcp_servers.engines.templates import Template, is_system_namespace, templates
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Fix, Severity
from mcp_servers.facts.kubernetes import Cluster, Json

ENFORCE = "pod-security.kubernetes.io/enforce"
PLACES_CITED = 6

# Agents that look after nodes cannot do it without the node; people install them as DaemonSets.
_NODE_AGENT = re.compile(
    r"calico|cilium|flannel|weave|antrea|multus|kube-proxy|kube-router|canal|ovn|csi|ebs|efs|cloud-node|node-local"
    r"|device-plugin|nvidia|gpu|amd|sriov|node-exporter|node-problem|node-feature|fluent|filebeat|promtail|vector"
    r"|alloy|logging|log-?agent|collector|datadog|dynatrace|newrelic|beyla|parca|pyroscope|falco|sysdig|tetragon"
    r"|trivy|speaker|kured|longhorn|rook|openebs|linstor|ceph|spire|istio-cni|ztunnel|ingress|haproxy|node-agent"
)
# What the Baseline level of Pod Security lets a container add.
_BASELINE = frozenset(
    {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
     "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}
)  # fmt: skip
# Whoever reads these paths of a node has the node, or what its other pods hold.
_SENSITIVE = re.compile(
    r"/$|/(?:etc|root|boot|dev|proc|sys|home)(?:/|$)|/(?:var/)?run/(?:docker|containerd|crio|cri-dockerd)"
    r"|/(?:var/)?run$|/var$|/var/lib$|/var/lib/(?:kubelet|docker|containerd|etcd)(?:/|$)"
)


def privileged(cluster: Cluster) -> Iterator[Finding]:
    """`sec.privileged`: the node's namespaces, its files, or the kernel's powers in a pod."""
    for one in _of_people(cluster):
        if not _is_node_agent(one) and (found := list(_powers(one))):
            yield _finding(one, "sec.privileged", Severity.HIGH, found)


def root_or_escalation(cluster: Cluster) -> Iterator[Finding]:
    """`sec.root_or_escalation`: nothing keeps the process from being root, or from becoming it."""
    for one in _of_people(cluster):
        apart = _is_windows(one.spec) or one.spec.get("hostUsers") is False
        if not apart and (found := list(_unhardened(one))):
            yield _finding(one, "sec.root_or_escalation", Severity.LOW, found, "fix.harden")


def psa_missing(cluster: Cluster) -> Iterator[Finding]:
    """`sec.psa_missing`: a namespace with workloads and no Pod Security level that is enforced."""
    inhabited = {one.owner.namespace for one in templates(cluster)}
    for namespace in cluster.all("Namespace"):
        exempt = is_system_namespace(namespace.name) or is_terminating(namespace)
        if namespace.name in inhabited and not exempt and ENFORCE not in namespace.labels:
            cited = citing.field(namespace, ".metadata.labels", f"none is {ENFORCE}")
            yield Finding(
                rule="sec.psa_missing",
                severity=Severity.LOW,
                confidence=Confidence.CERTAIN,
                resource=namespace.ref,
                since=namespace.created_at,
                evidence=(cited,),
            )


def _of_people(cluster: Cluster) -> Iterator[Template]:
    for one in templates(cluster):
        if not is_system_namespace(one.owner.namespace):
            yield one


def _is_node_agent(one: Template) -> bool:
    if one.owner.kind != "DaemonSet":
        return False
    images = [text(container, "image") for _, container in one.containers()]
    return any(_NODE_AGENT.search(name) for name in (one.owner.name, *images))


def _is_windows(spec: Json) -> bool:
    asked = text(spec, "os", "name") or text(spec, "nodeSelector", "kubernetes.io/os")
    return asked == "windows"


def _powers(one: Template) -> Iterator[Evidence]:
    for field in ("hostPID", "hostIPC", "hostNetwork"):
        if one.spec.get(field) is True:
            yield citing.field(one.owner, f"{one.path}.{field}", "true")
    for path, container in one.containers():
        allowed = section(container, "securityContext")
        if allowed.get("privileged") is True:
            yield citing.field(one.owner, f"{path}.securityContext.privileged", "true")
        added = [name.removeprefix("CAP_") for name in words(allowed, "capabilities", "add")]
        if beyond := sorted(set(added) - _BASELINE):
            where = f"{path}.securityContext.capabilities.add"
            yield citing.field(one.owner, where, ", ".join(beyond))
    yield from _host_paths(one)


def _host_paths(one: Template) -> Iterator[Evidence]:
    written = {
        text(mount, "name")
        for _, container in one.containers()
        for mount in rows(container, "volumeMounts")
        if mount.get("readOnly") is not True
    }
    for volume in rows(one.spec, "volumes"):
        path, name = text(volume, "hostPath", "path"), text(volume, "name")
        if path and (name in written or _SENSITIVE.match(path)):
            how = "written" if name in written else "read only"
            where = f"{one.path}.volumes[{name}].hostPath.path"
            yield citing.field(one.owner, where, f"{path} ({how})")


def _unhardened(one: Template) -> Iterator[Evidence]:
    of_pod = section(one.spec, "securityContext")
    for path, container in one.containers():
        own = section(container, "securityContext")
        merged = {**of_pod, **{key: value for key, value in own.items() if value is not None}}
        where = f"{path}.securityContext"
        if merged.get("runAsUser") == 0:
            yield citing.field(one.owner, f"{where}.runAsUser", "0")
        elif merged.get("runAsNonRoot") is not True and not merged.get("runAsUser"):
            yield citing.field(one.owner, f"{where}.runAsNonRoot", "not set")
        if own.get("allowPrivilegeEscalation") is not False:
            yield citing.field(one.owner, f"{where}.allowPrivilegeEscalation", "not false")


def _finding(
    one: Template, rule: str, severity: Severity, found: list[Evidence], fix: str = ""
) -> Finding:
    said = dict.fromkeys(item.text for item in found)
    return Finding(
        rule=rule,
        severity=severity,
        confidence=Confidence.CERTAIN,
        resource=one.owner.ref,
        since=one.owner.created_at,
        evidence=tuple(found),
        params={"fields": ", ".join(list(said)[:PLACES_CITED])},
        fix=Fix(fix, one.owner.ref) if fix and one.owner.kind != "Pod" else None,
    )
