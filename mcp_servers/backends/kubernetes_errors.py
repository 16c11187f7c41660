"""What the Kubernetes API said, as one of our errors: a sentence, and what to do."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

import orjson
from urllib3.exceptions import NewConnectionError
from urllib3.exceptions import TimeoutError as Urllib3Timeout

from core.errors import Conflict, Forbidden, Invalid, NotFound, OpsError, UpstreamUnavailable
from core.sentences import Fact, Said
from mcp_servers.backends.addresses import host_of
from mcp_servers.backends.kinds import Kind
from mcp_servers.backends.sentences import SENTENCES
from mcp_servers.facts.kubernetes import Ref
from mcp_servers.facts.nearest import did_you_mean, nearest_names

# How much of a strange body is worth quoting.
QUOTED_CHARACTERS = 120
# What the API server says where Midwatch's account may not act as somebody.
NO_DISGUISE = "cannot impersonate resource"
Error = TypeVar("Error", bound=OpsError)


class Expired(Conflict):
    """A continue token that the API no longer knows."""


def place(kind: Kind, namespace: str) -> str:
    return f" in namespace {namespace}" if namespace and kind.namespaced else ""


def _placed(error: type[Error], key: str, kind: Kind, namespace: str, **facts: Fact) -> Error:
    """The sentence of that name, or the one that names the namespace besides."""
    within = namespace and kind.namespaced
    full = f"{key}_in" if within else key
    return SENTENCES.error(error, full, namespace=namespace, **facts)


def from_status(
    status: int, body: bytes, *, verb: str, kind: Kind, namespace: str, user: str = ""
) -> OpsError:
    """The error for an HTTP status that is not a success. `user`: as whom it was asked; "": as Midwatch."""
    said = message_of(body)
    match status:
        case 401:
            return SENTENCES.error(Forbidden, "credentials")
        case 403:
            if user and NO_DISGUISE in said:
                return SENTENCES.error(Forbidden, "may_not_impersonate", user=user)
            return forbidden(verb, kind, namespace, user)
        case 404:
            return _quoted(NotFound, said) or _placed(
                NotFound, "none", kind, namespace, what=kind.resource
            )
        case 410:
            return _quoted(Expired, said) or SENTENCES.error(Expired, "list_expired")
        case 409:
            return _quoted(Conflict, said) or SENTENCES.error(Conflict, "changed_first")
        case 400 | 405 | 406 | 415 | 422:
            return SENTENCES.error(Invalid, "refused", said=said or status)
        case _:
            key = "answered_why" if said else "answered"
            return SENTENCES.error(UpstreamUnavailable, key, status=status, said=said)


def _quoted(error: type[Error], said: str) -> Error | None:
    """What the API server itself says, which is English whoever reads it."""
    return SENTENCES.error(error, "quoted", said=said) if said else None


def forbidden(verb: str, kind: Kind, namespace: str, user: str = "") -> Forbidden:
    """Says the verb on what, and the RBAC rule that would allow it."""
    facts = {"verb": verb, "what": kind.plural, "rule": rule(verb, kind)}
    if user:
        return _placed(Forbidden, "user_may_not", kind, namespace, user=user, **facts)
    return _placed(Forbidden, "may_not", kind, namespace, **facts)


def rule(verb: str, kind: Kind) -> str:
    return f'- apiGroups: ["{kind.group}"]\n  resources: ["{kind.plural}"]\n  verbs: ["{verb}"]'


def missing(
    kind: Kind, name: str, namespace: str, known: Sequence[str], homes: Sequence[str] = ()
) -> NotFound:
    """There is no such object: the names like it, the namespaces that have it, or what there is."""
    hint = _instead(kind, name, known, homes)
    return _placed(NotFound, "missing", kind, namespace, what=kind.name, name=name, hint=hint)


def _instead(kind: Kind, name: str, known: Sequence[str], homes: Sequence[str]) -> Said:
    if near := nearest_names(name, known):
        return SENTENCES.said("near", names=" or ".join(near))
    if homes:
        return SENTENCES.said("elsewhere", names=" and in ".join(sorted(homes)))
    if known:
        return SENTENCES.said("known", names=", ".join(known[:8]))
    return SENTENCES.said("nothing_known", what=kind.plural)


def several(kind: Kind, name: str, homes: Sequence[str]) -> Invalid:
    """More than one object has the name that was to be enough."""
    facts = {"count": len(homes), "what": kind.plural, "name": name, "homes": ", ".join(homes)}
    return SENTENCES.error(Invalid, "several_named", **facts)


def no_kind(text: str, known: Iterable[str], silent: Mapping[str, str]) -> NotFound:
    """`silent` are the group versions that could not be asked, and why."""
    hints = [did_you_mean(text, known)]
    hints += [f"{version} could not be asked: {why}" for version, why in silent.items()]
    hint = " ".join(hint for hint in hints if hint)
    return SENTENCES.error(NotFound, "no_kind", kind=text, hint=hint)


def not_served(kind: Kind, served: Sequence[str], error: NotFound) -> NotFound:
    """An older or newer API: what it serves of the group instead, if anything."""
    instead = SENTENCES.said("serves", names=", ".join(served)) if served else ""
    facts = {"what": kind.plural, "version": kind.api_version, "why": error.message}
    return SENTENCES.error(NotFound, "not_served", hint=instead or error.hint, **facts)


def expired_twice(kind: Kind, namespace: str) -> UpstreamUnavailable:
    return _placed(UpstreamUnavailable, "list_expired_twice", kind, namespace, what=kind.plural)


def not_configured() -> UpstreamUnavailable:
    return SENTENCES.error(UpstreamUnavailable, "not_configured")


def unreachable(address: str, error: Exception, timeout_s: float) -> UpstreamUnavailable:
    """The API did not answer, or not as it should; `error` is what the client raised."""
    host, why = host_of(address), _why(error, timeout_s)
    return SENTENCES.error(UpstreamUnavailable, "unreachable", host=host, why=why)


def _why(error: Exception, timeout_s: float) -> Fact:
    if isinstance(error, NewConnectionError):
        return SENTENCES.said("nothing_listens" if "refused" in str(error) else "no_route")
    if isinstance(error, TimeoutError | Urllib3Timeout):
        return too_slow(timeout_s)
    reason = str(getattr(error, "reason", "") or error)
    return reason.splitlines()[-1].rstrip(".") if reason else type(error).__name__


def too_slow(timeout_s: float) -> Said:
    return SENTENCES.said("too_slow", seconds=f"{timeout_s:g}")


def not_json(address: str, body: bytes) -> UpstreamUnavailable:
    quoted = body[:QUOTED_CHARACTERS].decode(errors="replace")
    facts = {"host": host_of(address), "quoted": quoted}
    return SENTENCES.error(UpstreamUnavailable, "not_kubernetes", **facts)


def no_log(refusal: Invalid, pod: Ref, container: str) -> OpsError:
    """Why the API gave no log, from its sentence: the words are the API server's own."""
    said = refusal.message
    if "previous terminated container" in said:
        return SENTENCES.error(NotFound, "never_ran_before", container=container, pod=str(pod))
    if "is not valid for pod" in said:
        return SENTENCES.error(NotFound, "no_container", pod=str(pod), container=container)
    if "waiting to start" in said:
        _, _, why = said.rpartition("waiting to start: ")
        facts = {"container": container, "pod": str(pod), "why": why}
        return SENTENCES.error(NotFound, "no_log_yet", **facts)
    return Invalid(said, hint=refusal.hint)  # not the refusal: it will be the cause of this one


def message_of(body: bytes) -> str:
    """The sentence in a Kubernetes Status, "" when there is none."""
    try:
        status = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    if not isinstance(status, dict):
        return ""
    return str(cast("Mapping[str, Any]", status).get("message") or "").rstrip(".")
