"""The few kinds of expected failure. Each has a stable code and reads as a sentence."""

from typing import ClassVar


class OpsError(Exception):
    """An expected failure, told to the person who reads it: what happened, and what to do."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".strip())
        self.message = message
        self.hint = hint


class NotFound(OpsError):
    """The thing asked for does not exist; the hint names the nearest that does."""

    code = "not_found"


class Unauthenticated(OpsError):
    """No credential, or one that does not hold."""

    code = "unauthenticated"


class Forbidden(OpsError):
    """The caller, or Midwatch itself, lacks the right; the hint says which."""

    code = "forbidden"


class Invalid(OpsError):
    """The input cannot be used; the hint says what can."""

    code = "invalid"


class Conflict(OpsError):
    """Somebody else changed it first, or is at it now."""

    code = "conflict"


class TooLarge(OpsError):
    """The answer or the input is over its bound."""

    code = "too_large"


class UpstreamUnavailable(OpsError):
    """A system we depend on did not answer. Safe to retry."""

    code = "upstream_unavailable"


KINDS: dict[str, type[OpsError]] = {
    kind.code: kind
    for kind in (
        NotFound,
        Unauthenticated,
        Forbidden,
        Invalid,
        Conflict,
        TooLarge,
        UpstreamUnavailable,
    )
}


def from_code(code: str, message: str, hint: str = "") -> OpsError:
    """The error a code stands for, as it was before it crossed a wire."""
    return KINDS.get(code, OpsError)(message, hint=hint)
