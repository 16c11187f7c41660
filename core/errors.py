"""The few kinds of expected failure. Each has a stable code and reads as a sentence."""

from collections.abc import Mapping
from typing import Any, ClassVar


class OpsError(Exception):
    """An expected failure, told to the person who reads it: what happened, and what to do.

    `message` and `hint` are English. `reason` is finer than the code and as stable; `texts` holds
    the whole in other languages, by their codes.
    """

    code: ClassVar[str] = "error"

    def __init__(
        self, message: str, *, hint: str = "", reason: str = "", texts: Mapping[str, str] = {}
    ) -> None:
        super().__init__(f"{message} {hint}".strip())
        self.message = message
        self.hint = hint
        self.reason = reason
        self.texts = dict(texts)

    def told(self, language: str) -> str:
        """The whole in a language, in English where it has no other words."""
        return self.texts.get(language) or str(self)

    def fields(self) -> dict[str, Any]:
        """What crosses a wire; `from_code` makes the error of it again."""
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "reason": self.reason,
            "texts": self.texts,
        }


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


class Stale(OpsError):
    """It is no longer as it was when the caller read it; nothing was changed."""

    code = "stale"


class TooLarge(OpsError):
    """The answer or the input is over its bound."""

    code = "too_large"


class TooMany(OpsError):
    """More requests than the caller may make now; the hint says how long to wait."""

    code = "too_many"


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
        Stale,
        TooLarge,
        TooMany,
        UpstreamUnavailable,
    )
}


def from_code(
    code: str,
    message: str,
    hint: str = "",
    reason: str = "",
    texts: Mapping[str, str] = {},
) -> OpsError:
    """The error a code stands for, as it was before it crossed a wire."""
    return KINDS.get(code, OpsError)(message, hint=hint, reason=reason, texts=texts)
