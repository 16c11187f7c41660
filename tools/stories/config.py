"""Namespaces, ConfigMaps, Secrets, accounts and permissions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tools.stories.world import World

Json = dict[str, Any]

# base64 of the word "placeholder": no snapshot carries a real secret.
PLACEHOLDER = "cGxhY2Vob2xkZXI="
# Who pays for what runs in a namespace. What belongs to the cluster itself is nobody's.
TEAMS = {"shop": "storefront", "payments": "payments", "data": "data-platform"}


def make_namespace(
    world: World, name: str, created: datetime, *, level: str = "restricted"
) -> None:
    labels = {"kubernetes.io/metadata.name": name}
    labels["pod-security.kubernetes.io/enforce"] = level
    if name in TEAMS:
        labels["team"] = TEAMS[name]
    world.add(
        "cluster/namespaces",
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": world.meta("Namespace", "", name, created, labels=labels),
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"phase": "Active"},
        },
    )
    make_account(world, namespace=name, name="default", created=created)


def make_config_map(
    world: World, namespace: str, name: str, data: dict[str, str], created: datetime
) -> None:
    meta = world.meta("ConfigMap", namespace, name, created)
    world.add(
        f"{namespace}/config",
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data},
    )


def make_secret(
    world: World, namespace: str, name: str, keys: Sequence[str], created: datetime
) -> None:
    """Names of keys only; every value is the same placeholder."""
    meta = world.meta("Secret", namespace, name, created)
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "Opaque"}
    world.add(f"{namespace}/config", secret | {"data": dict.fromkeys(keys, PLACEHOLDER)})


def make_account(world: World, namespace: str, name: str, created: datetime) -> None:
    meta = world.meta("ServiceAccount", namespace, name, created)
    world.add(
        f"{namespace}/access", {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}
    )


def make_role(
    world: World, namespace: str, name: str, rules: list[Json], account: str, created: datetime
) -> None:
    """A Role and its binding to one ServiceAccount; cluster-wide when `namespace` is empty."""
    scope = "" if namespace else "Cluster"
    file = f"{namespace}/access" if namespace else "cluster/access"
    group = "rbac.authorization.k8s.io"
    role = world.meta(f"{scope}Role", namespace, name, created)
    world.add(
        file,
        {"apiVersion": f"{group}/v1", "kind": f"{scope}Role", "metadata": role, "rules": rules},
    )
    account_namespace, _, account_name = account.rpartition("/")
    subject = {"kind": "ServiceAccount", "name": account_name}
    subject["namespace"] = account_namespace or namespace
    world.add(
        file,
        {
            "apiVersion": f"{group}/v1",
            "kind": f"{scope}RoleBinding",
            "metadata": world.meta(f"{scope}RoleBinding", namespace, name, created),
            "roleRef": {"apiGroup": group, "kind": f"{scope}Role", "name": name},
            "subjects": [subject],
        },
    )


def rule(groups: str, resources: str, verbs: str) -> Json:
    """`rule("apps", "deployments replicasets", "get list")`; a dash stands for the core group."""
    return {
        "apiGroups": ["" if group == "-" else group for group in groups.split()],
        "resources": resources.split(),
        "verbs": verbs.split(),
    }
