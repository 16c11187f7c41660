"""The tables. Import from here, so that all of them are known to the metadata."""

from core.storage.models.alerts import (
    AlertEpisode,
    AlertGate,
    AlertGroup,
    AlertPolicy,
    AlertStep,
    Channel,
    Delivery,
    DeliveryAttempt,
)
from core.storage.models.audit import AuditEntry, AuditHead
from core.storage.models.base import Base
from core.storage.models.bills import BillImport, BillPart
from core.storage.models.budgets import (
    Budget,
    BudgetMark,
    SpendDay,
    SpendEpisode,
    SpendNote,
    SpendShare,
    SpendTelling,
)
from core.storage.models.conversations import Conversation, Message, ModelUsage, ToolCall
from core.storage.models.feedback import Feedback
from core.storage.models.fixes import (
    FixBatch,
    FixBreaker,
    FixChange,
    FixDecision,
    FixLock,
    FixPlan,
    FixRehearsal,
    FixStep,
)
from core.storage.models.flags import FeatureFlag, FlagEvent
from core.storage.models.foreign import AcceptedServer
from core.storage.models.full_text import STATEMENTS as FULL_TEXT_STATEMENTS
from core.storage.models.handles import Handle
from core.storage.models.identity import (
    ApiToken,
    Identity,
    KeptAnswer,
    LoginLink,
    RefreshToken,
    Role,
    User,
    WrongPasswords,
)
from core.storage.models.incidents import Incident
from core.storage.models.jobs import Job, Lease
from core.storage.models.patrols import Patrol, PatrolFinding, PatrolRun
from core.storage.models.prices import ModelPrice
from core.storage.models.questions import KnowledgeQuestion
from core.storage.models.rules import ManagerConfig, RuleFile, RulePlacement, RuleTarget
from core.storage.models.shares import Share
from core.storage.models.told_facts import ToldFact
from core.storage.models.watches import UsageWatch, UsageWatchState

__all__ = [
    "FULL_TEXT_STATEMENTS",
    "AcceptedServer",
    "AlertEpisode",
    "AlertGate",
    "AlertGroup",
    "AlertPolicy",
    "AlertStep",
    "ApiToken",
    "AuditEntry",
    "AuditHead",
    "Base",
    "BillImport",
    "BillPart",
    "Budget",
    "BudgetMark",
    "Channel",
    "Conversation",
    "Delivery",
    "DeliveryAttempt",
    "FeatureFlag",
    "Feedback",
    "FixBatch",
    "FixBreaker",
    "FixChange",
    "FixDecision",
    "FixLock",
    "FixPlan",
    "FixRehearsal",
    "FixStep",
    "FlagEvent",
    "Handle",
    "Identity",
    "Incident",
    "Job",
    "KeptAnswer",
    "KnowledgeQuestion",
    "Lease",
    "LoginLink",
    "ManagerConfig",
    "Message",
    "ModelPrice",
    "ModelUsage",
    "Patrol",
    "PatrolFinding",
    "PatrolRun",
    "RefreshToken",
    "Role",
    "RuleFile",
    "RulePlacement",
    "RuleTarget",
    "Share",
    "SpendDay",
    "SpendEpisode",
    "SpendNote",
    "SpendShare",
    "SpendTelling",
    "ToldFact",
    "ToolCall",
    "UsageWatch",
    "UsageWatchState",
    "User",
    "WrongPasswords",
]
