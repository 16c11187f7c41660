"""Who is calling, and what they may do."""

from dataclasses import dataclass, field, replace
from enum import StrEnum


class Permission(StrEnum):
    """What a tool or route asks for. Add members freely, rename none."""

    CLUSTER_READ = "cluster:read"
    LOGS_READ = "logs:read"
    METRICS_READ = "metrics:read"
    INCIDENTS_READ = "incidents:read"
    KNOWLEDGE_READ = "knowledge:read"
    KNOWLEDGE_MANAGE = "knowledge:manage"
    COSTS_READ = "costs:read"
    BUDGETS_MANAGE = "budgets:manage"
    ALERTS_READ = "alerts:read"
    ALERTS_RECEIVE = "alerts:receive"
    ALERTS_MANAGE = "alerts:manage"
    SILENCES_WRITE = "silences:write"
    SILENCES_MANAGE = "silences:manage"
    CHANNELS_READ = "channels:read"
    CHANNELS_MANAGE = "channels:manage"
    DELIVERIES_RUN = "deliveries:run"
    CHAT_USE = "chat:use"
    USAGE_READ = "usage:read"
    AUDIT_READ = "audit:read"
    USERS_MANAGE = "users:manage"
    TOKENS_MANAGE = "tokens:manage"
    FOREIGN_USE = "foreign:use"
    FOREIGN_ACCEPT = "foreign:accept"
    FIXES_PLAN = "fixes:plan"
    FIXES_APPROVE = "fixes:approve"
    FIXES_APPLY = "fixes:apply"
    FIXES_STOP = "fixes:stop"


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified caller. Built only where a credential was checked, then handed on unchanged.

    `present`: a person acts with their own hand, at a door made for that one act. It is set by
    such a door for that one call and never travels: no token carries it, no turn of a model has it.
    `itself`: Midwatch's own work, or whoever sits at its machine; no credential stands for that.
    The cluster is then asked with Midwatch's own account, whoever else it is asked as.
    `app`: by what they came in, which usage is summed up by and nothing is decided by: page, sign-in,
    provider, a chat service, or key: and the label of an API token.
    """

    subject: str
    roles: frozenset[str] = frozenset()
    permissions: frozenset[Permission] = frozenset()
    namespaces: frozenset[str] | None = field(default=None)  # None: every namespace
    language: str = "auto"
    present: bool = False
    itself: bool = False
    clusters: frozenset[str] | None = field(default=None)  # None: every cluster
    app: str = field(default="", compare=False)

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def sees(self, namespace: str) -> bool:
        return self.namespaces is None or namespace in self.namespaces

    def reaches(self, cluster: str) -> bool:
        return self.clusters is None or cluster in self.clusters

    def at(self, home: str) -> "Principal":
        """The same, to whom a cluster without a name is `home`."""
        named = self.clusters or frozenset[str]()
        return replace(self, clusters=named | {""}) if home in named else self
