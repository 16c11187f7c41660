"""Bindings that give away too much, to anybody, or nothing at all."""

from collections.abc import Iterator

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.fields import rows, text, words
from mcp_servers.engines.grants import (
    Grant,
    account_of,
    grants,
    is_built_in_role,
    subject_named,
)
from mcp_servers.engines.templates import Template, is_system_namespace, templates
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from mcp_servers.facts.nearest import nearest_names

# What everybody may learn of any cluster; kubeadm lets joining nodes read the cluster's address.
PUBLIC_ROLES = frozenset(
    {"system:public-info-viewer", "system:discovery", "system:basic-user", "system:service-account-issuer-discovery",
     "kubeadm:bootstrap-signer-clusterinfo"}
)  # fmt: skip
ANYBODY = ("system:anonymous", "system:unauthenticated")
# Verbs by which a holder gives itself more than it was given.
RISING = frozenset({"escalate", "bind", "impersonate"})
READING = frozenset({"get", "list", "watch"})


def anonymous_binding(cluster: Cluster) -> Iterator[Finding]:
    """`sec.anonymous_binding`: rights for whoever reaches the API, without any credential."""
    for grant in grants(cluster):
        anybody = [one for one in grant.subjects if text(one, "name") in ANYBODY]
        if anybody and grant.role_ref.name not in PUBLIC_ROLES:
            yield _finding(
                grant,
                "sec.anonymous_binding",
                Severity.CRITICAL,
                [_subject_field(grant, one) for one in anybody],
                params={"subjects": ", ".join(text(one, "name") for one in anybody)},
            )


def wildcard_rbac(cluster: Cluster) -> Iterator[Finding]:
    """`sec.wildcard_rbac`: everything, or the power to take it, for what is not the system's."""
    for grant in grants(cluster):
        role = grant.role
        if role is None or grant.is_built_in:
            continue
        whole = role.name == "cluster-admin"
        if is_built_in_role(role) and not whole:
            continue
        subjects = [one for one in grant.subjects if _is_outsider(one, grant, admin=whole)]
        found = [(n, rule) for n, rule in enumerate(rows(role.raw, "rules")) if _is_wide(rule)]
        if subjects and found:
            yield _wide(grant, subjects, found)


def _wide(grant: Grant, subjects: list[Json], found: list[tuple[int, Json]]) -> Finding:
    role, cited = grant.role, list[Evidence]()
    if role is not None:
        cited = [citing.field(role, f".rules[{n}]", _rule_named(rule)) for n, rule in found]
    cited += [_subject_field(grant, one) for one in subjects]
    grave = any(_is_grave(rule) for _, rule in found)
    params = {
        "rules": "; ".join(_rule_named(rule) for _, rule in found[:3]),
        "subjects": ", ".join(subject_named(one) for one in subjects),
    }
    severity = Severity.HIGH if grave else Severity.MEDIUM
    return _finding(grant, "sec.wildcard_rbac", severity, cited, params=params)


def _is_outsider(subject: Json, grant: Grant, *, admin: bool) -> bool:
    """Whether a subject is nobody of the system. That people are cluster-admin is ordinary."""
    account = account_of(subject, grant.binding)
    if account is not None:
        return not is_system_namespace(account.namespace)
    return not admin and not text(subject, "name").startswith(("system:", "kubeadm:"))


def _is_wide(rule: Json) -> bool:
    verbs, resources = set(words(rule, "verbs")), words(rule, "resources")
    return bool(resources) and ("*" in verbs or "*" in resources or bool(verbs & RISING))


def _is_grave(rule: Json) -> bool:
    """Reading everything, and everything on one's own kinds, are less than the two together."""
    verbs, resources = set(words(rule, "verbs")), set(words(rule, "resources"))
    return bool(verbs & RISING) or ("*" in resources and not verbs <= READING)


def _rule_named(rule: Json) -> str:
    groups = ",".join(one or "core" for one in words(rule, "apiGroups"))
    verbs, resources = ",".join(words(rule, "verbs")), ",".join(words(rule, "resources"))
    return f"{verbs} on {resources}" + (f" of {groups}" if groups else "")


def dangling(cluster: Cluster) -> Iterator[Finding]:
    """`rbac.dangling`: a binding to a role that is not there, or for an account that is not.

    An account is only missed in a namespace of which any account is in sight.
    """
    accounts: dict[str, set[str]] = {}
    for account in cluster.all("ServiceAccount"):
        accounts.setdefault(account.namespace, set()).add(account.name)
    used = {(one.owner.namespace, one.service_account) for one in templates(cluster)}
    refused = {one.what for one in cluster.not_checked}
    for grant in grants(cluster):
        if grant.is_built_in or grant.role_ref.name.startswith("system:"):
            continue
        if grant.role is None and grant.role_ref.kind not in refused:
            yield from _without_role(cluster, grant)
        for subject in grant.subjects:
            account = account_of(subject, grant.binding)
            there = accounts.get(account.namespace) if account else None
            if account and there and account.name not in {*there, "default"}:
                yield _without_account(grant, subject, account, there, used)


def _without_role(cluster: Cluster, grant: Grant) -> Iterator[Finding]:
    ref = grant.role_ref
    roles = cluster.all(ref.kind, ref.namespace) if ref.namespace else cluster.all(ref.kind)
    if not roles and ref.kind == "ClusterRole":
        return  # every cluster has ClusterRoles: what is in sight is only part of it
    near = nearest_names(ref.name, [one.name for one in roles])
    accounts = [account_of(one, grant.binding) for one in grant.subjects]
    yield _finding(
        grant,
        "rbac.dangling",
        Severity.MEDIUM,
        [citing.field(grant.binding, ".roleRef.name", f"{ref.name} (no such {ref.kind})")],
        params={"missing": str(ref), "near": near[0] if near else ""},
        joins={"service_account": ",".join(sorted({key(one) for one in accounts if one}))},
        cause_key=str(ref),
    )


def _without_account(
    grant: Grant, subject: Json, account: Ref, there: set[str], used: set[tuple[str, str]]
) -> Finding:
    """A leftover, unless an account of nearly that name is there, or workloads run as this one."""
    near = nearest_names(account.name, there - {"default"})
    like = [Ref("ServiceAccount", account.namespace, name) for name in near]
    meant = bool(near) or (account.namespace, account.name) in used
    return _finding(
        grant,
        "rbac.dangling",
        Severity.MEDIUM if meant else Severity.LOW,
        [_subject_field(grant, subject, "no such ServiceAccount")],
        params={"missing": str(account), "near": near[0] if near else ""},
        joins={"service_account": ",".join(sorted({key(account), *(key(one) for one in like)}))},
        cause_key=str(account),
    )


def default_sa_token(cluster: Cluster) -> Iterator[Finding]:
    """`sec.default_sa_token`: pods that carry the token of the account everybody shares."""
    carriers: dict[str, list[Template]] = {}
    for one in templates(cluster):
        if one.service_account == "default" and _token_is_mounted(cluster, one):
            carriers.setdefault(one.owner.namespace, []).append(one)
    bound = _grants_to_default(cluster)
    for namespace, found in sorted(carriers.items()):
        if not is_system_namespace(namespace):
            yield _default_token(namespace, found, bound.get(namespace, []))


def _token_is_mounted(cluster: Cluster, one: Template) -> bool:
    asked = one.spec.get("automountServiceAccountToken")
    if asked is None:
        account = cluster.get(Ref("ServiceAccount", one.owner.namespace, "default"))
        asked = account.raw.get("automountServiceAccountToken") if account else None
    return asked is not False


def _grants_to_default(cluster: Cluster) -> dict[str, list[Grant]]:
    """Bindings by the namespace whose default account they name."""
    bound: dict[str, list[Grant]] = {}
    for grant in grants(cluster):
        for subject in grant.subjects:
            account = account_of(subject, grant.binding)
            name = text(subject, "name")
            if account and account.name == "default":
                bound.setdefault(account.namespace, []).append(grant)
            elif name.startswith("system:serviceaccounts:") and not grant.is_built_in:
                bound.setdefault(name.rpartition(":")[2], []).append(grant)
    return bound


def _default_token(namespace: str, found: list[Template], bound: list[Grant]) -> Finding:
    cited = [
        citing.field(one.owner, f"{one.path}.serviceAccountName", "default, its token mounted")
        for one in found[:3]
    ]
    names = [f"{one.binding.kind} {one.binding.name} ({one.role_ref})" for one in bound]
    return Finding(
        rule="sec.default_sa_token",
        severity=Severity.MEDIUM if bound else Severity.INFO,
        confidence=Confidence.CERTAIN,
        resource=Ref("ServiceAccount", namespace, "default"),
        since=None,
        evidence=(
            *(citing.field(one.binding, ".roleRef.name", one.role_ref.name) for one in bound[:3]),
            *cited,
        ),
        params={"bindings": ", ".join(names[:3]), "workloads": str(len(found))},
        affected=tuple(sorted(one.owner.ref for one in found)),
    )


def _subject_field(grant: Grant, subject: Json, note: str = "") -> Evidence:
    said = subject_named(subject) + (f" ({note})" if note else "")
    return citing.field(grant.binding, f".subjects[{text(subject, 'name')}]", said)


def _finding(
    grant: Grant,
    rule: str,
    severity: Severity,
    evidence: list[Evidence],
    *,
    params: dict[str, str],
    joins: dict[str, str] | None = None,
    cause_key: str = "",
) -> Finding:
    return Finding(
        rule=rule,
        severity=severity,
        confidence=Confidence.CERTAIN,
        resource=grant.binding.ref,
        since=grant.binding.created_at,
        evidence=tuple(evidence),
        params={"role": str(grant.role_ref), **params},
        cause_key=cause_key,
        joins=joins or {},
    )
