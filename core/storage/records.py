"""What the repositories take and give: plain records, so that no table leaves this room."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class ConversationRow:
    id: str
    owner: str
    title: str
    created_at: datetime
    updated_at: datetime
    branch_of: str = ""
    branched_at: str = ""
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class ToolCallRow:
    id: str
    server: str
    tool: str
    arguments: dict[str, Any]
    status: str
    duration_ms: int
    result: str
    result_tokens: int
    subagent: str = ""
    cached: bool = False


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One model call. `cost_usd` None: no known price; `first_token_ms` None: nothing came. `app`: by what
    who asked came in.

    `prompt` and `reply` are None where texts are not kept.
    """

    subject: str
    conversation_id: str
    run_id: str
    request_id: str
    subagent: str
    provider: str
    model: str
    outcome: str
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    estimated: bool
    cost_usd: float | None
    first_token_ms: int | None
    duration_ms: int
    created_at: datetime
    app: str = ""
    prompt: str | None = None
    reply: str | None = None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One sign-in that goes on: all the refresh tokens that followed one another since."""

    id: str
    user_name: str
    began_at: datetime
    renewed_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class FeedbackRow:
    """What was said of the answer of a run. `resolved_by` is "" as long as it is open."""

    number: int
    run_id: str
    thread_id: str
    subject: str
    helpful: bool
    reason: str
    comment: str
    door: str
    question: str
    route: str
    said_at: datetime
    resolved_by: str
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class FactRow:
    """What `subject` told; `scope` is user or organisation."""

    id: str
    scope: str
    subject: str
    text: str
    thread_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class UsageDay:
    """What one person's calls of one model took on a UTC day. `cost_usd` is of the priced ones."""

    day: date
    subject: str
    team: str
    model: str
    calls: int
    unpriced: int
    tokens: int
    cost_usd: float


@dataclass(frozen=True, slots=True)
class Spent:
    """`usd` counts only what has a known price."""

    tokens: int = 0
    usd: Decimal = Decimal(0)

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.tokens + other.tokens, self.usd + other.usd)


@dataclass(frozen=True, slots=True)
class MessageRow:
    """`detail` of an answer holds its route, citations and whether it is whole."""

    id: str
    role: str
    text: str
    language: str
    created_at: datetime
    detail: dict[str, Any] = field(default_factory=dict[str, Any])
    tool_calls: tuple[ToolCallRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Beginning:
    """A conversation that begins with a question."""

    thread_id: str
    owner: str
    question: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Turn:
    """One question with its answer, as it is kept; without a question it goes on with the one before.

    `fork` is the step of the conversation that it goes on from, where that is not the last.
    """

    thread_id: str
    owner: str
    question: MessageRow | None
    answer: MessageRow
    fork: str = ""


@dataclass(frozen=True, slots=True)
class SearchHit:
    conversation: ConversationRow
    message_id: str  # "" when the title matched
    snippet: str


@dataclass(frozen=True, slots=True)
class UsageTotal:
    """What one model was used for over a time. `unpriced` counts the calls without a known price."""

    provider: str
    model: str
    turns: int
    input_tokens: int
    output_tokens: int
    cost_usd: float
    unpriced: int
    calls: int
    failed: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int


@dataclass(frozen=True, slots=True)
class UserRow:
    """`namespaces` None: every namespace. `password_hash` "": no sign-in by password.

    A `service` is a program: it has API tokens alone. What a role of one's own grants, and the
    namespaces and clusters it is bounded to, are read along and written nowhere; `granted` None: a built-in role.
    """

    name: str
    role: str
    created_at: datetime
    namespaces: frozenset[str] | None = None
    language: str = "auto"
    disabled: bool = False
    password_hash: str = field(default="", repr=False)
    team: str = ""
    service: bool = False
    granted: frozenset[str] | None = None
    bounds: frozenset[str] | None = None
    clusters: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role of one's own. `namespaces`, `clusters` None: every one."""

    name: str
    permissions: frozenset[str]
    namespaces: frozenset[str] | None
    about: str
    version: int
    changed_by: str
    changed_at: datetime
    clusters: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class KeptAnswerRow:
    """A request that may be repeated, and the sealed answer to it; `status` 0: none yet."""

    subject: str
    key: str
    fingerprint: str
    begun_at: datetime
    status: int = 0
    sealed: str = ""


@dataclass(frozen=True, slots=True)
class HandleRow:
    """Who a user is in a chat service, by the service's own id of the person."""

    service: str
    handle: str
    user_name: str
    linked_at: datetime


@dataclass(frozen=True, slots=True)
class ApiTokenRow:
    """`scopes` None: everything its user may. `made_by`: the token that made it; "": a person did."""

    id: str
    user_name: str
    label: str
    scopes: frozenset[str] | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    made_by: str = ""


@dataclass(frozen=True, slots=True)
class RefreshTokenRow:
    family: str
    user_name: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One line of the trail. `detail` is canonical JSON, exactly as it was hashed."""

    sequence: int
    at: datetime
    subject: str
    action: str
    target: str
    outcome: str
    detail: str
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An investigation that found something. `namespaces`: all that its evidence is from."""

    id: str
    cluster: str
    summary: str
    first_found_at: datetime
    last_found_at: datetime
    namespaces: frozenset[str]
    investigation: dict[str, Any]
    times_found: int = 1


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """A question to the knowledge base, how often nothing was found, and how answers were rated."""

    id: str
    question: str
    found_nothing: int
    helpful: int
    unhelpful: int
    docs: tuple[str, ...]
    comment: str
    last_at: datetime


@dataclass(frozen=True, slots=True)
class AcceptedRow:
    """Who took a foreign server's tools as they were; `digest` is of the whole list.

    `accepted_at` None: it is pinned in the settings.
    """

    digest: str
    accepted_by: str
    accepted_at: datetime | None
