"""Writes on Kubernetes objects: tried dry first, each held to the object it was thought out for.

No write is ever asked twice. One without a whole answer is `Unsure`: whoever sent it reads the
object and finds out whether it happened.
"""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

import orjson

from core.errors import Conflict, NotFound, OpsError, UpstreamUnavailable
from core.principal import Principal
from core.sentences import Fact
from mcp_servers.backends import kubernetes_errors as errors
from mcp_servers.backends.kinds import Kind
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.backends.kubernetes_client import Call, Reply
from mcp_servers.backends.retrying import Deadline, Passing
from mcp_servers.backends.sentences import SENTENCES
from mcp_servers.backends.sight import Sight
from mcp_servers.facts.fixes import Verb, Write
from mcp_servers.facts.kubernetes import Json, Ref, Resource

MANAGER = "midwatch"
PATCHES: Mapping[Verb, str] = {
    Verb.STRATEGIC: "application/strategic-merge-patch+json",
    Verb.MERGE: "application/merge-patch+json",
    Verb.SCALE: "application/merge-patch+json",
}
# What the API server wants to see granted, and on which part of the object.
RIGHTS: Mapping[Verb, tuple[str, str]] = {
    Verb.STRATEGIC: ("patch", ""),
    Verb.MERGE: ("patch", ""),
    Verb.SCALE: ("patch", "scale"),
    Verb.CREATE: ("create", ""),
    Verb.DELETE: ("delete", ""),
    Verb.EVICT: ("create", "eviction"),
}


class Unsure(UpstreamUnavailable):
    """A write without a whole answer: it may have happened."""


@dataclass(frozen=True)
class KubernetesWriting:
    """One cluster, or the part of it in sight, written to under the field manager `midwatch`.

    `counting` hears of each request whether it was answered at all.
    """

    reading: Kubernetes
    counting: Callable[[bool], None] | None = None

    def seen_by(self, caller: Principal) -> "KubernetesWriting":
        """The same cluster for this caller; see `Kubernetes.seen_by`."""
        return replace(self, reading=self.reading.seen_by(caller))

    def itself(self) -> "KubernetesWriting":
        """All of it, with Midwatch's own account: for what is no answer to anybody."""
        return replace(self, reading=replace(self.reading, sight=Sight()))

    @property
    def user(self) -> str:
        """As whom the cluster is asked; "": as Midwatch."""
        return self.reading.sight.user

    async def may(self, write: Write) -> bool:
        """Whether who asks the cluster may do this; the API server says so."""
        verb, part = RIGHTS[write.verb]
        kind = f"{write.target.kind}/{part}" if part else write.target.kind
        with self._counted():
            return await self.reading.may(verb, kind, namespace=write.target.namespace)

    async def found(self, ref: Ref) -> Resource | None:
        """The object as it is now; None when there is none."""
        try:
            with self._counted():
                return await self.reading.get(ref.kind, ref.name, namespace=ref.namespace)
        except NotFound:
            return None

    async def try_dry(self, write: Write) -> Json:
        """What the object would be, admission included; nothing is changed.

        Raises `Conflict` when the preconditions do not hold, `Forbidden` or `Invalid` when the
        API server refuses, `UpstreamUnavailable` when it does not answer.
        """
        with self._counted():
            return await self._sent(write, dry=True)

    async def carry_out(self, write: Write) -> Json:
        """Write, once. Raises `Unsure` when it may have happened; every other error: it did not."""
        with self._counted():
            return await self._sent(write, dry=False)

    @contextmanager
    def _counted(self) -> Generator[None]:
        """A refusal is an answer; only what is away or in trouble itself gives none."""
        answered = False
        try:
            yield
            answered = True
        except UpstreamUnavailable:
            raise
        except OpsError:
            answered = True
            raise
        finally:
            if self.counting:
                self.counting(answered)

    async def _sent(self, write: Write, *, dry: bool) -> Json:
        kind = await self.reading.kind(write.target.kind)
        self.reading.sight.places(kind, write.target.namespace)
        reply = await self._reply(_call(write, kind, dry=dry))
        if reply.status >= 500 and not dry:
            raise SENTENCES.error(Unsure, "write_answered", status=reply.status)
        if reply.status >= 400:
            raise _refusal(reply, write, kind, self.user)
        return _parsed(reply.data)

    async def _reply(self, call: Call) -> Reply:
        api, reading = self.reading.api, self.reading
        if api is None:
            raise errors.not_configured()
        now = reading.patience.now
        try:
            return await reading.reply(api, call, Deadline(now() + reading.timeout_s, now))
        except Passing as failure:  # of a write: nothing of it was sent
            raise failure.error from failure
        except (OpsError, TimeoutError) as error:
            raise self._unanswered(call, error) from error

    def _unanswered(self, call: Call, error: Exception) -> UpstreamUnavailable:
        why: Fact = error if isinstance(error, OpsError) else str(error)
        if isinstance(error, TimeoutError):
            why = errors.too_slow(self.reading.timeout_s)
        if "dryRun" in call.query:
            return SENTENCES.error(UpstreamUnavailable, "dry_run_unanswered", why=why)
        return SENTENCES.error(Unsure, "write_unanswered", why=why)


def _refusal(reply: Reply, write: Write, kind: Kind, user: str) -> OpsError:
    """What the API server said no to; an eviction that a disruption budget forbids is a conflict."""
    if write.verb is Verb.EVICT and reply.status == 429:
        said = errors.message_of(reply.data) or SENTENCES.said("budget_forbids")
        return SENTENCES.error(Conflict, "not_evicted", object=str(write.target), said=said)
    verb, _ = RIGHTS[write.verb]
    about = {"verb": verb, "namespace": write.target.namespace, "user": user}
    return errors.from_status(reply.status, reply.data, kind=kind, **about)


def _parsed(data: bytes) -> Json:
    try:
        tree: Any = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise SENTENCES.error(Unsure, "write_answered_strangely") from error
    return cast("Json", tree) if isinstance(tree, dict) else {}


def _call(write: Write, kind: Kind, *, dry: bool) -> Call:
    target, options = write.target, {"dryRun": "All"} if dry else {}
    query = {**options, "fieldManager": MANAGER, "fieldValidation": "Strict"}
    one = kind.path(target.namespace, target.name)
    match write.verb:
        case Verb.CREATE:
            return _writing("POST", kind.path(target.namespace), query, write.body)
        case Verb.DELETE:
            # Options in a body are all that the API server reads of a deletion: a dry run that was
            # only asked for in the query would be none.
            body = {**_delete_options(write), "propagationPolicy": "Background"}
            return _writing("DELETE", one, options, {**body, "dryRun": ["All"]} if dry else body)
        case Verb.EVICT:
            return _writing("POST", f"{one}/eviction", options, _eviction(write))
        case Verb.SCALE:
            return _writing("PATCH", f"{one}/scale", query, _held(write), PATCHES[write.verb])
        case _:
            return _writing("PATCH", one, query, _held(write), PATCHES[write.verb])


def _writing(
    method: str, path: str, query: Mapping[str, str], body: Json, content_type: str = ""
) -> Call:
    return Call(
        path,
        query,
        body,
        reads=False,
        method=method,
        content_type=content_type or "application/json",
    )


def _held(write: Write) -> Json:
    """The patch, which the API server refuses on any other object or version."""
    metadata: Json = dict(write.body.get("metadata") or {})
    if write.uid:
        metadata["uid"] = write.uid
    if write.resource_version:
        metadata["resourceVersion"] = write.resource_version
    return {**write.body, "metadata": metadata} if metadata else write.body


def _delete_options(write: Write) -> Json:
    options: Json = {"apiVersion": "v1", "kind": "DeleteOptions"}
    return {**options, "preconditions": {"uid": write.uid}} if write.uid else options


def _eviction(write: Write) -> Json:
    name = {"name": write.target.name, "namespace": write.target.namespace}
    return {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": name,
        "deleteOptions": _delete_options(write),
    }
