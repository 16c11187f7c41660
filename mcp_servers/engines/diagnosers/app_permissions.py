"""Programs that the API server forbids what they need, and certificates that ran out under them."""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod, key
from mcp_servers.engines.call_failures import Target, targets
from mcp_servers.engines.endpoints import Addresses
from mcp_servers.engines.fields import rows, text, words
from mcp_servers.engines.log_signals import Line, Speaker, died_of_it, lately, speakers
from mcp_servers.facts.findings import Confidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Resource

FEWEST_LINES = 3
# Whom a Role of a namespace can be bound to by what a log says.
ACCOUNT = "system:serviceaccount:"
DIED_WITHIN = timedelta(seconds=60)

_FORBIDDEN = re.compile(
    r"is forbidden: User \\?\"(?P<user>[^\"\\]+)\\?\" cannot (?P<verb>\w+) resource \\?\"(?P<resource>[^\"\\]+)\\?\""
    r"(?: in API group \\?\"(?P<group>[^\"\\]*)\\?\")?"
    r"(?: in the namespace \\?\"(?P<namespace>[^\"\\]+)\\?\"| at the cluster scope)?"
)
_EXPIRED = re.compile(
    r"certificate (?:has |is )?expired|certificate has expired or is not yet valid|CERT_HAS_EXPIRED"
    r"|certificate expired|CertificateExpiredException|NotAfter:|SEC_ERROR_EXPIRED",
    re.IGNORECASE,
)
_PATH = re.compile(r"(/[\w.-]+(?:/[\w.-]+)+\.(?:crt|pem|cer|key|p12|jks))")


def app_permissions(cluster: Cluster) -> Iterator[Finding]:
    """`rbac.denied` and `tls.expiring`, from the lines of those who suffer them."""
    for speaker in speakers(cluster):
        lines = lately(cluster, speaker.lines)
        yield from _denied(cluster, speaker, lines)
        yield from _expired(cluster, speaker, lines)


def _counts(speaker: Speaker, lines: Sequence[Line]) -> bool:
    container = speaker.container
    died = not container.ready and any(
        died_of_it(container, one, within=DIED_WITHIN) for one in lines
    )
    return died or len(lines) >= FEWEST_LINES


def _denied(cluster: Cluster, speaker: Speaker, lines: Sequence[Line]) -> Iterator[Finding]:
    by_right: dict[tuple[str, ...], list[Line]] = {}
    for line in lines:
        match = _FORBIDDEN.search(line.text) if "is forbidden" in line.text else None
        if match:
            by_right.setdefault(tuple(one or "" for one in match.groups()), []).append(line)
    for right, said in sorted(by_right.items()):
        if _counts(speaker, said):
            yield _denied_finding(cluster, speaker, right, said)


def _denied_finding(
    cluster: Cluster, speaker: Speaker, right: tuple[str, ...], lines: Sequence[Line]
) -> Finding:
    user, verb, resource, group, namespace = right
    _, _, account = user.rpartition(":")
    near = _nearest_role(cluster, resource, verb, namespace or speaker.container.pod.namespace)
    evidence = [lines[0].cited]
    if near is not None:
        rules = "; ".join(
            f"{','.join(words(rule, 'verbs'))} on {','.join(words(rule, 'resources'))}"
            for rule in rows(near.raw, "rules")
        )
        evidence.append(citing.field(near, ".rules", rules))
    return about_pod(
        cluster,
        speaker.container.pod,
        "rbac.denied",
        Severity.HIGH,
        evidence,
        confidence=Confidence.CERTAIN,
        since=lines[0].at,
        container=speaker.container.name,
        cause_key=f"{verb} {resource}",
        fix="fix.rbac" if namespace and user.startswith(ACCOUNT) else "",
        params={
            "user": user,
            "account": account,
            "verb": verb,
            "what_resource": f"{resource}.{group}" if group else resource,
            "where": namespace,
            "near": near.name if near else "",
            "count": str(len(lines)),
            "line": citing.quoted(lines[0].text),
        },
        joins={"service_account": _account_key(user)},
    )


def _account_key(user: str) -> str:
    parts = user.split(":")
    return f"{parts[-2]}/{parts[-1]}" if user.startswith(ACCOUNT) else user


def _nearest_role(cluster: Cluster, resource: str, verb: str, namespace: str) -> Resource | None:
    """A Role that grants something on this resource, but not this verb."""
    for role in [*cluster.all("Role", namespace), *cluster.all("ClusterRole")]:
        for rule in rows(role.raw, "rules"):
            if role.name.startswith("system:") or resource not in words(rule, "resources"):
                continue
            if verb not in words(rule, "verbs"):
                return role
    return None


def _expired(cluster: Cluster, speaker: Speaker, lines: Sequence[Line]) -> Iterator[Finding]:
    said = [line for line in lines if _EXPIRED.search(line.text)]
    if not said or not _counts(speaker, said):
        return
    container = speaker.container
    path = next((match.group(1) for one in said if (match := _PATH.search(one.text))), "")
    host = next((str(one) for line in said for one in targets(line.text)), "") if not path else ""
    secret = _mounted_secret(container.pod, container.spec, path)
    namespace = container.pod.namespace
    mounted = [citing.field(container.pod, ".spec.volumes[].secret.secretName", secret)]
    yield about_pod(
        cluster,
        container.pod,
        "tls.expiring",
        Severity.HIGH if container.ready else Severity.CRITICAL,
        [said[0].cited, *(mounted if secret else [])],
        confidence=Confidence.STRONG,
        since=said[0].at,
        container=container.name,
        cause_key=secret or path or host,
        params={
            "file": path,
            "secret": secret,
            "host": host,
            "count": str(len(said)),
            "line": citing.quoted(said[0].text),
            "hosts": "",
            "used_by": "",
            "expired_at": "",
            "ends_at": "",
        },
        joins=_holder(container.pod, secret) or _whom_it_called(cluster, namespace, lines, said[0]),
    )


def _holder(pod: Resource, secret: str) -> dict[str, str]:
    return {"secret": f"{pod.namespace}/{secret}"} if secret else {}


def _whom_it_called(
    cluster: Cluster, namespace: str, lines: Sequence[Line], refused: Line
) -> dict[str, str]:
    """The host of the call and its Service: of the line itself, or of the last one soon before it
    that names any, as programs do that say whom they dial."""
    at = lines.index(refused)
    before = (one for one in reversed(lines[: at + 1]) if _soon_before(one, refused))
    named = next((found for one in before if (found := targets(one.text))), list[Target]())
    addresses = Addresses(cluster)
    services = [addresses.service(one.host, seen_from=namespace) for one in named]
    known = [one for one in services if one is not None]
    if known:
        return {"host": str(named[0]), "service": key(known[0].ref)}
    return {"host": str(named[0])} if named and targets(refused.text) else {}


def _soon_before(line: Line, refused: Line) -> bool:
    if line.log is not refused.log or line.at is None or refused.at is None:
        return line is refused
    return refused.at - line.at <= DIED_WITHIN


def _mounted_secret(pod: Resource, spec: Json, path: str) -> str:
    """The Secret whose mount holds this file."""
    for mount in rows(spec, "volumeMounts"):
        where = text(mount, "mountPath")
        if where and path.startswith(where):
            volumes = rows(pod.spec, "volumes")
            held = [one for one in volumes if text(one, "name") == text(mount, "name")]
            return text(held[0], "secret", "secretName") if held else ""
    return ""
