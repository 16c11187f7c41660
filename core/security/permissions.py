"""Roles and what they permit."""

from collections.abc import Mapping

from core.errors import Forbidden, Invalid
from core.principal import Permission, Principal
from core.security.sentences import SENTENCES
from core.storage.records import UserRow

READ = frozenset(
    {
        Permission.CLUSTER_READ,
        Permission.METRICS_READ,
        Permission.INCIDENTS_READ,
        Permission.KNOWLEDGE_READ,
        Permission.ALERTS_READ,
        Permission.CHANNELS_READ,
    }
)
USE = READ | {
    Permission.LOGS_READ,
    Permission.CHAT_USE,
    Permission.FOREIGN_USE,
    Permission.FIXES_PLAN,
}
MANAGE = USE | {
    Permission.USAGE_READ,
    Permission.AUDIT_READ,
    Permission.FIXES_APPROVE,
    Permission.FIXES_APPLY,
    Permission.KNOWLEDGE_MANAGE,
    Permission.COSTS_READ,
    Permission.BUDGETS_MANAGE,
    Permission.ALERTS_MANAGE,
    Permission.SILENCES_WRITE,
}
# What looks, asks and sends; with these alone nothing is decided.
ASKING = (USE - {Permission.FOREIGN_USE}) | {
    Permission.USAGE_READ,
    Permission.AUDIT_READ,
    Permission.COSTS_READ,
    Permission.ALERTS_RECEIVE,
    Permission.DELIVERIES_RUN,
}

# A guest may look; a user may ask, read logs and propose changes; a manager approves and applies
# them, keeps the knowledge base, acknowledges and silences alerts, and sees cost and the audit trail;
# an admin also stops and resumes all writing.
ROLES: Mapping[str, frozenset[Permission]] = {
    "guest": READ,
    "user": USE,
    "manager": MANAGE,
    "admin": frozenset(Permission),
}


def permissions_of(role: str) -> frozenset[Permission]:
    if role not in ROLES:
        raise SENTENCES.error(Invalid, "no_role", role=role, known=", ".join(ROLES))
    return ROLES[role]


def principal_of(user: UserRow, *, scopes: frozenset[str] | None = None) -> Principal:
    """The principal a checked credential stands for. `scopes` only ever narrow the role."""
    permitted = _known(user.granted) if user.granted is not None else permissions_of(user.role)
    if scopes is not None:
        permitted = frozenset(one for one in permitted if one.value in scopes)
    return Principal(
        subject=user.name,
        roles=frozenset({user.role}),
        permissions=permitted,
        namespaces=both(user.namespaces, user.bounds),
        language=user.language,
        clusters=user.clusters,
    )


def both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    """Namespaces that are in both; None: every namespace."""
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _known(granted: frozenset[str]) -> frozenset[Permission]:
    """Without those of another version."""
    return frozenset(one for one in Permission if one.value in granted)


def check_within(
    maker: Principal,
    permissions: frozenset[str],
    namespaces: frozenset[str] | None,
    clusters: frozenset[str] | None,
) -> None:
    """Raises `Forbidden`: nobody makes what may do or see more than its maker."""
    beyond = sorted(permissions - {one.value for one in maker.permissions})
    if beyond:
        raise SENTENCES.error(Forbidden, "beyond_permissions", beyond=", ".join(beyond))
    if maker.namespaces is not None and (namespaces is None or namespaces - maker.namespaces):
        own = ", ".join(sorted(maker.namespaces)) or "—"
        raise SENTENCES.error(Forbidden, "beyond_namespaces", own=own)
    if maker.clusters is not None and (clusters is None or clusters - maker.clusters):
        own = ", ".join(sorted(maker.clusters)) or "—"
        raise SENTENCES.error(Forbidden, "beyond_clusters", own=own)


def check_over(maker: Principal, user: UserRow) -> None:
    """Raises `Forbidden` where this user may do or see more than who would change them."""
    whole = principal_of(user)
    permissions = frozenset(one.value for one in whole.permissions)
    check_within(maker, permissions, whole.namespaces, whole.clusters)


def check_scopes(scopes: frozenset[str]) -> None:
    known = {permission.value for permission in Permission}
    unknown = sorted(scopes - known)
    if unknown:
        raise SENTENCES.error(
            Invalid, "no_scope", unknown=unknown[0], known=", ".join(sorted(known))
        )
