"""What Midwatch was refused: the RBAC rules that would allow it, and what it cannot say without."""

from collections.abc import Iterable, Sequence

import yaml

from core.errors import Forbidden
from mcp_servers.backends.sentences import SENTENCES
from mcp_servers.facts.kubernetes import Cluster, NotChecked


def rules_to_add(missed: Iterable[NotChecked]) -> str:
    """All refusals as one piece of advice: per role its rules, resources of a group together."""
    roles: dict[str, dict[tuple[str, str], list[str]]] = {}
    for one in missed:
        role, _, rules = one.allow.partition("\n")
        written: list[dict[str, list[str]]] = yaml.safe_load(rules) or []
        for rule in written:
            key = (rule["apiGroups"][0], rule["verbs"][0])
            roles.setdefault(role, {}).setdefault(key, []).extend(rule["resources"])
    return "\n".join(line for role in sorted(roles) for line in (role, *_rules(roles[role])))


def _rules(rules: dict[tuple[str, str], list[str]]) -> Iterable[str]:
    for (group, verb), resources in sorted(rules.items()):
        named = ", ".join(f'"{one}"' for one in sorted(set(resources)))
        yield f'- apiGroups: ["{group}"]\n  resources: [{named}]\n  verbs: ["{verb}"]'


def refused(cluster: Cluster, kinds: Sequence[str]) -> list[NotChecked]:
    """Those of the kinds that Midwatch may not list, in the order of the kinds."""
    missed = {one.what: one for one in cluster.not_checked if one.allow}
    return [missed[kind] for kind in kinds if kind in missed]


def not_seen(name: str, namespace: str, refusals: Sequence[NotChecked]) -> Forbidden:
    """Whether there is something of this name cannot be said, because Midwatch may not look."""
    kinds = [one.what for one in refusals]
    listed = " or ".join([", ".join(kinds[:-1]), kinds[-1]] if len(kinds) > 1 else kinds)
    facts = {"name": name, "namespace": namespace, "what": listed, "rules": rules_to_add(refusals)}
    return SENTENCES.error(Forbidden, "unseen_in" if namespace else "unseen", **facts)
