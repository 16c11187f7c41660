"""What went wrong with a request to a model: a stable name, a sentence, and whether to try again."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, cast

from langchain_core.exceptions import ContextOverflowError

from agent.sentences import SENTENCES
from core.clock import utc_now
from core.errors import UpstreamUnavailable
from core.redaction import redact_text
from core.sentences import Said
from core.visible import visible

# What a person can do something about, by the names of our sentences.
STATUSES = {
    401: "model_key_refused",
    403: "model_not_permitted",
    404: "model_unknown",
    429: "model_pace",
    503: "model_overloaded",
    529: "model_overloaded",
}
OUTCOMES = {401: "denied", 403: "denied", 404: "no_such_model", 429: "rate_limited"}
OVERLOADED = (503, 529)

# Names that providers give an error inside a stream, whose status said that all is well.
NAMED = {
    "overloaded_error": 529,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "api_error": 500,
    "server_error": 500,
}
# Servers of one's own say it in words only.
OVERFLOW = ("maximum context length", "context window", "context size")

# Said with status 429 too, but no waiting helps.
NO_CREDIT = ("insufficient_quota", "billing_error")

# What becomes of a request on a connection that the other end has closed.
DROPPED = ("RemoteProtocolError", "ReadError", "WriteError")

# Another request to the same model may well succeed.
PASSING = frozenset(
    {"rate_limited", "overloaded", "unreachable", "server_error", "cut", "unreadable"}
)
# The request is at fault, or what it asks for; the model is well.
NOT_ITS_FAULT = frozenset({"too_long", "refused", "invalid"})


@dataclass(frozen=True, slots=True)
class Fault:
    """Why one request failed. `wait_s` is how long the provider asked to be left alone.

    `dropped`: the connection ended without a word. One that was kept open may have been closed just then.
    """

    outcome: str
    why: Said
    wait_s: float = 0.0
    hopeless: bool = False
    dropped: bool = False

    @property
    def passing(self) -> bool:
        return self.outcome in PASSING and not self.hopeless

    @property
    def blames_model(self) -> bool:
        return self.outcome not in NOT_ITS_FAULT


class ModelFailed(UpstreamUnavailable):
    """The model could not be reached, or what it said could not be understood."""

    def __init__(self, title: str, fault: Fault) -> None:
        provider, _, model = title.partition("/")
        key = "named_model_failed" if title else "model_failed"
        said = SENTENCES.said(key, model=model, provider=provider, why=fault.why.inside())
        super().__init__(str(said), reason="model_failed", texts={"zh": said.told("zh")})
        self.title, self.fault = title, fault


def fault_of(error: Exception) -> Fault:
    """What an error of a provider's library means."""
    said = _names(error)
    if isinstance(error, ContextOverflowError) or _overflowed(error, said):
        return Fault("too_long", SENTENCES.said("model_overflow"))
    name = type(error).__name__
    if "Timeout" in name:
        return Fault("timeout", SENTENCES.said("model_silent"))
    status = getattr(error, "status_code", None) or 0
    if status < 400:  # an error in the middle of an answer has a name only
        status = next((NAMED[one] for one in said if one in NAMED), None)
    if status is None:
        broken = "cut" if "Protocol" in name or "Read" in name else "unreachable"
        return Fault(broken, _first_line(error), dropped=_was_dropped(error))
    hopeless = any(one in NO_CREDIT for one in said)
    return Fault(_outcome(status), _told(status, error), _wait_s(error), hopeless=hopeless)


def _was_dropped(error: BaseException | None) -> bool:
    """Libraries name any trouble with a connection alike; what was wrong is the cause of that, or its cause."""
    while error is not None and type(error).__name__ not in DROPPED:
        error = error.__cause__
    return error is not None


def _overflowed(error: Exception, said: tuple[str, ...]) -> bool:
    """The libraries know the words of the providers they are named after, and not always those."""
    told = str(error)
    return "context_length_exceeded" in said or any(one in told for one in OVERFLOW)


def _outcome(status: int) -> str:
    if status in OVERLOADED:
        return "overloaded"
    return OUTCOMES.get(status) or ("server_error" if status >= 500 else "invalid")


def _told(status: int, error: Exception) -> Said:
    if status in STATUSES:
        return SENTENCES.said(STATUSES[status], status=status)
    message = " ".join(str(_described(error).get("message") or "").split())
    if not message:
        return _first_line(error)
    # An error in the middle of an answer came with the status that all is well.
    is_answer = (getattr(error, "status_code", None) or 0) >= 400
    return _quoted(f"{message[:180].rstrip('.')} (status {status})" if is_answer else message)


def _names(error: Exception) -> tuple[str, ...]:
    """What the provider calls the error, if it says."""
    named = _described(error)
    return tuple(str(named[key]) for key in ("code", "type") if named.get(key))


def _described(error: Exception) -> Mapping[str, Any]:
    """What the body of an answer says of an error, if it is one that providers write."""
    body: Any = getattr(error, "body", None)
    if not isinstance(body, Mapping):
        return {}
    told = cast("Mapping[str, Any]", body)
    inner: Any = told.get("error", told)
    return cast("Mapping[str, Any]", inner) if isinstance(inner, Mapping) else {}


def _wait_s(error: Exception) -> float:
    """The Retry-After of an answer: seconds, or a date."""
    headers: Any = getattr(getattr(error, "response", None), "headers", None) or {}
    told = str(headers.get("retry-after") or "")
    try:
        return max(0.0, float(told))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(told) - utc_now()).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def _first_line(error: Exception) -> Said:
    return _quoted(str(error).strip() or type(error).__name__)


def _quoted(words: str) -> Said:
    """Another's words, which are told as they are."""
    lines = visible(words).strip().splitlines() or [""]
    return Said("", {"en": redact_text(lines[0][:200].rstrip("."))})
