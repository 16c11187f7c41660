"""`fix.rbac`, `fix.quota` and `fix.harden`: rights, room and hardening, only ever proposed."""

import copy
import math
from fractions import Fraction

from mcp_servers.engines.fields import rows, section, strings, text, words
from mcp_servers.engines.fixes.amounts import memory_up, written
from mcp_servers.engines.fixes.drafting import Case, Outcome, named
from mcp_servers.engines.fixes.editing import every_container, subsection, template_in, workload
from mcp_servers.engines.grants import grants
from mcp_servers.engines.quantities import quantity
from mcp_servers.facts.fixes import Advice, Proposal
from mcp_servers.facts.kubernetes import Json, Ref, Resource

# Rights by which a holder takes more, and reading of which gives all credentials away.
RISING = frozenset({"escalate", "bind", "impersonate", "*"})
ACCOUNT = "system:serviceaccount:"
GROWTH = Fraction(3, 2)
BINARY = ("memory", "storage")


def grant_verb(case: Case) -> Outcome:
    """One verb on one resource: in the Role that the account has, else as a Role of its own."""
    user, verb, resource = (case.told(one) for one in ("user", "verb", "what_resource"))
    namespace = case.told("where")
    if not user.startswith(ACCOUNT) or not namespace:
        return case.advice("right_is_cluster_wide", verb=verb, resource=resource)
    name, _, group = resource.partition(".")
    if verb in RISING or "*" in (name, group) or (name == "secrets" and verb in ("list", "watch")):
        return case.advice("right_too_wide", verb=verb, resource=resource)
    account = Ref("ServiceAccount", *user.removeprefix(ACCOUNT).split(":", 1))
    held = _role_of(case, account, namespace, name)
    params = {"verb": verb, "resource": resource, "account": account.name, "place": namespace}
    if held is not None:
        return case.proposal(held, _with_verb(held, name, verb), "always_proposed", **params)
    made = _new_role(account, namespace, verb, name, group)
    target = Ref("Role", namespace, made["items"][0]["metadata"]["name"])
    return Proposal(case.fix, case.rule, target, None, made, "always_proposed", params)


def _role_of(case: Case, account: Ref, namespace: str, resource: str) -> Resource | None:
    """A Role of this namespace, bound to the account, that already grants something on it."""
    for grant in grants(case.cluster):
        role = grant.role
        if role is None or role.kind != "Role" or role.namespace != namespace:
            continue
        holds = any(
            text(one, "kind") == "ServiceAccount" and text(one, "name") == account.name
            for one in grant.subjects
        )
        if holds and any(
            words(rule, "resources") == [resource] for rule in rows(role.raw, "rules")
        ):
            return role
    return None


def _with_verb(role: Resource, resource: str, verb: str) -> Json:
    after = copy.deepcopy(role.raw)
    for rule in rows(after, "rules"):
        if words(rule, "resources") == [resource] and verb not in words(rule, "verbs"):
            rule["verbs"] = [*words(rule, "verbs"), verb]
            break
    return after


def _new_role(account: Ref, namespace: str, verb: str, resource: str, group: str) -> Json:
    name = f"{account.name}-{verb}-{resource.replace('/', '-')}"[:63]
    api, place = "rbac.authorization.k8s.io", {"name": name, "namespace": namespace}
    rule = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
    subject = {"kind": "ServiceAccount", "name": account.name, "namespace": account.namespace}
    role = {"apiVersion": f"{api}/v1", "kind": "Role", "metadata": place, "rules": [rule]}
    binding = {
        "apiVersion": f"{api}/v1",
        "kind": "RoleBinding",
        "metadata": dict(place),
        "subjects": [subject],
        "roleRef": {"apiGroup": api, "kind": "Role", "name": name},
    }
    return {"apiVersion": "v1", "kind": "List", "items": [role, binding]}


def raise_quota(case: Case) -> Outcome:
    """Half as much again of what is nearly used up or was asked for in vain."""
    quota = _quota(case)
    if quota is None:
        return case.advice("not_in_sight")
    hard = strings(quota.spec, "hard")
    short = [name for name in hard if _is_short(quota, name)] or list(hard)
    grown = {name: _grown(name, hard[name]) for name in short}
    after = copy.deepcopy(quota.raw)
    subsection(after, "spec", "hard").update(grown)
    shown = named(f"{name} {hard[name]} → {grown[name]}" for name in short)
    return case.proposal(quota, after, "always_proposed", amounts=shown)


def _quota(case: Case) -> Resource | None:
    if case.target.kind == "ResourceQuota":
        return case.cluster.get(case.target)
    name, namespace = case.told("quota"), case.target.namespace
    return case.cluster.get(Ref("ResourceQuota", namespace, name))


def _is_short(quota: Resource, name: str) -> bool:
    used = quantity(strings(quota.status, "used").get(name))
    most = quantity(strings(quota.spec, "hard").get(name))
    return used is not None and most is not None and used * 10 >= most * 9


def _grown(name: str, value: str) -> str:
    amount = (quantity(value) or Fraction(0)) * GROWTH
    if any(word in name for word in BINARY):
        return written("memory", memory_up(amount))
    if "cpu" in name:
        return written("cpu", amount)
    return str(math.ceil(amount))


def harden(case: Case) -> Outcome:
    """What the Restricted level asks of a container, where nothing says otherwise.

    A program that must be root will not start with it: a person tries it first.
    """
    owner = workload(case)
    if isinstance(owner, Advice):
        return owner
    after = copy.deepcopy(owner.raw)
    template = template_in(after)
    pod = subsection(template, "spec", "securityContext")
    pod.setdefault("runAsNonRoot", True)
    pod.setdefault("seccompProfile", {"type": "RuntimeDefault"})
    for spec in every_container(template):
        context = subsection(spec, "securityContext")
        context["allowPrivilegeEscalation"] = False
        if not section(context, "capabilities"):
            context["capabilities"] = {"drop": ["ALL"]}
    return case.proposal(owner, after, "harden_proposed")
