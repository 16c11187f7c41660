"""What the Kubernetes API said, as one of our errors: a sentence, and what to do."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import orjson
from urllib3.exceptions import NewConnectionError
from urllib3.exceptions import TimeoutError as Urllib3Timeout

from core.errors import Conflict, Forbidden, Invalid, NotFound, OpsError, UpstreamUnavailable
from mcp_servers.backends.addresses import host_of
from mcp_servers.backends.kinds import Kind
from mcp_servers.facts.kubernetes import Ref
from mcp_servers.facts.nearest import did_you_mean

# How much of a strange body is worth quoting.
QUOTED_CHARACTERS = 120


class Expired(Conflict):
    """A continue token that the API no longer knows."""


def place(kind: Kind, namespace: str) -> str:
    return f" in namespace {namespace}" if namespace and kind.namespaced else ""


def from_status(status: int, body: bytes, *, verb: str, kind: Kind, namespace: str) -> OpsError:
    """The error for an HTTP status that is not a success."""
    said = message_of(body)
    match status:
        case 401:
            return Forbidden(
                "The Kubernetes API does not accept Midwatch's credentials, read anew as well.",
                hint="Renew the token or certificate in the kubeconfig.",
            )
        case 403:
            return forbidden(verb, kind, namespace)
        case 404:
            return NotFound(said or f"There are no {kind.resource}{place(kind, namespace)}.")
        case 410:
            return Expired(said or "The list expired while it was read.")
        case 409:
            return Conflict(said or "Somebody else changed the object first.")
        case 400 | 405 | 406 | 415 | 422:
            return Invalid(f"The Kubernetes API refused the request: {said or status}.")
        case _:
            return UpstreamUnavailable(
                f"The Kubernetes API answered {status}{f': {said}' if said else ''}."
            )


def forbidden(verb: str, kind: Kind, namespace: str) -> Forbidden:
    """Says the verb on what, and the RBAC rule that would allow it."""
    return Forbidden(
        f"Midwatch may not {verb} {kind.plural}{place(kind, namespace)}.",
        hint=f"Add to Midwatch's {_role(kind, namespace)}:\n{rule(verb, kind)}",
    )


def rule(verb: str, kind: Kind) -> str:
    return f'- apiGroups: ["{kind.group}"]\n  resources: ["{kind.plural}"]\n  verbs: ["{verb}"]'


def _role(kind: Kind, namespace: str) -> str:
    if namespace and kind.namespaced:
        return f"Role in namespace {namespace}"
    return "ClusterRole"


def missing(
    kind: Kind, name: str, namespace: str, known: Sequence[str], homes: Sequence[str] = ()
) -> NotFound:
    """There is no such object: the names like it, the namespaces that have it, or what there is."""
    hint = did_you_mean(name, known)
    if not hint and homes:
        hint = f"There is one in namespace {' and in '.join(sorted(homes))}."
    if not hint:
        hint = f"There are: {', '.join(known[:8])}." if known else f"There are no {kind.plural}."
    return NotFound(f"There is no {kind.name} {name!r}{place(kind, namespace)}.", hint=hint)


def no_kind(text: str, known: Iterable[str], silent: Mapping[str, str]) -> NotFound:
    """`silent` are the group versions that could not be asked, and why."""
    hints = [did_you_mean(text, known)]
    hints += [f"{version} could not be asked: {why}" for version, why in silent.items()]
    return NotFound(
        f"The cluster has no kind {text!r}.", hint=" ".join(hint for hint in hints if hint)
    )


def not_served(kind: Kind, served: Sequence[str], error: NotFound) -> NotFound:
    """An older or newer API: what it serves of the group instead, if anything."""
    hint = f"It serves {', '.join(served)}." if served else ""
    return NotFound(
        f"The cluster does not serve {kind.plural} as {kind.api_version}: {error.message}",
        hint=hint or error.hint,
    )


def expired_twice(kind: Kind, namespace: str) -> UpstreamUnavailable:
    return UpstreamUnavailable(
        f"The list of {kind.plural}{place(kind, namespace)} expired twice while it was read.",
        hint="Ask for one namespace, or with a selector.",
    )


def not_configured() -> UpstreamUnavailable:
    return UpstreamUnavailable(
        "No Kubernetes cluster is configured.",
        hint="Set MIDWATCH_KUBERNETES__KUBECONFIG, or use --kubeconfig.",
    )


def unreachable(address: str, error: Exception, timeout_s: float) -> UpstreamUnavailable:
    """The API did not answer, or not as it should; `error` is what the client raised."""
    return UpstreamUnavailable(
        f"The Kubernetes API at {host_of(address)} does not answer: {_why(error, timeout_s)}.",
        hint="Check that it runs and that this machine reaches it.",
    )


def _why(error: Exception, timeout_s: float) -> str:
    if isinstance(error, NewConnectionError):
        return "nothing listens there" if "refused" in str(error) else "the host cannot be reached"
    if isinstance(error, TimeoutError | Urllib3Timeout):
        return f"no answer within {timeout_s:g} s"
    reason = str(getattr(error, "reason", "") or error)
    return reason.splitlines()[-1].rstrip(".") if reason else type(error).__name__


def not_json(address: str, body: bytes) -> UpstreamUnavailable:
    quoted = body[:QUOTED_CHARACTERS].decode(errors="replace")
    return UpstreamUnavailable(
        f"What answers at {host_of(address)} is not a Kubernetes API: it sent {quoted!r}.",
        hint="Check the server address in the kubeconfig.",
    )


def no_log(refusal: Invalid, pod: Ref, container: str) -> OpsError:
    """Why the API gave no log, from its sentence: the words are the API server's own."""
    said = refusal.message
    if "previous terminated container" in said:
        return NotFound(f"Container {container} of {pod} has not run before: it never restarted.")
    if "is not valid for pod" in said:
        return NotFound(f"{pod} has no container {container!r}.")
    if "waiting to start" in said:
        _, _, why = said.rpartition("waiting to start: ")
        return NotFound(f"Container {container} of {pod} has no log: it waits to start ({why}).")
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
