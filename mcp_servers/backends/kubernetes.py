# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""The Kubernetes API: the official client finds the server and signs requests; bodies stay raw."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

import orjson

from core.errors import Forbidden, Invalid, NotFound, OpsError, UpstreamUnavailable
from core.principal import Principal
from mcp_servers.backends import kubernetes_errors as errors
from mcp_servers.backends import kubernetes_parsing as parsing
from mcp_servers.backends.kinds import BUILT_IN, Kind, Learnt, by_spelling
from mcp_servers.backends.kubernetes_client import AT_ONCE, FAILURES, Call, Connection, Reply
from mcp_servers.backends.retrying import (
    PASSING,
    PATIENCE,
    Deadline,
    Passing,
    Patience,
    asked_wait_s,
    patiently,
)
from mcp_servers.backends.sentences import no_namespace
from mcp_servers.backends.sharing import Sharing
from mcp_servers.backends.sight import Impersonation, Sight
from mcp_servers.facts.kubernetes import Event, Json, LogLines, Ref, Resource
from mcp_servers.facts.nearest import nearest_names

Resources = list[Resource]
Events = list[Event]
Names = list[str]
Kinds = list[Kind]
Result = TypeVar("Result")

PAGE_SIZE = 500
LOG_LIMIT_BYTES = 1 << 20

# The client's own limit counts from byte to byte; this much later we stop waiting for the whole.
GRACE_S = 1.0

NAMES_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
WORDS = by_spelling(BUILT_IN)
NAMESPACE, POD = WORDS["namespace"], WORDS["pod"]
ACCESS_REVIEW = Kind(
    "SelfSubjectAccessReview", "authorization.k8s.io", "v1", "selfsubjectaccessreviews", False
)
API_ROOT = Kind("APIGroup", "", "v1", "API groups", namespaced=False)


def _threads() -> ThreadPoolExecutor:
    """Threads of our own: a request that waited for one of asyncio's few would seem to time out."""
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="kubernetes")


@dataclass(frozen=True)
class Kubernetes:
    """One cluster, or the part of it that is in `sight`.

    All of it reads. `timeout_s` is for one request with all its tries, and for a long list for each
    of its pages; `retrying` says what is tried again. Besides: a refused credential is read anew
    once, a list whose continue token expired begins anew once.
    """

    api: Connection | None
    cluster_name: str = ""
    timeout_s: float = 10.0
    sight: Sight = field(default_factory=Sight)
    callers: Impersonation | None = None
    patience: Patience = PATIENCE
    _learnt: Learnt = field(default_factory=Learnt, repr=False)
    _threads: ThreadPoolExecutor = field(default_factory=_threads, repr=False)

    @classmethod
    def connect(
        cls,
        *,
        kubeconfig: Path | None,
        context: str = "",
        name: str = "",
        impersonate: str = "",
        callers: Impersonation | None = None,
        timeout_s: float = 10.0,
        patience: Patience = PATIENCE,
    ) -> Self:
        """Read how to reach the cluster; nothing is asked of it yet. Without a kubeconfig: the default
        one, else the pod's own account, else every call fails with a sentence that says what to set.
        Raises `Invalid` on a malformed file."""
        api = Connection.to(kubeconfig, context, impersonate)
        name = name or (api.cluster_name if api else "")
        return cls(api, name, timeout_s, patience=patience, callers=callers)

    def seen_by(self, caller: Principal) -> Self:
        """The same cluster as it looks to this caller, asked as them where `callers` says so."""
        return replace(self, sight=Sight.of(caller, self.callers))

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self.api:
            self.api.close()

    async def list(
        self,
        kind: str,
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        limit: int = 0,
    ) -> Resources:
        """All objects of a kind, in the API's order; without a namespace, of every one in sight.

        Raises `NotFound` for a namespace that does not exist, naming the nearest.
        """
        found = await self.kind(kind)
        query = {"labelSelector": label_selector, "fieldSelector": field_selector}
        places = self.sight.places(found, namespace)
        parts = [await self._all_pages(found, place, query, limit) for place in places]
        together = [one for part in parts for one in part if self.sight.admits(one)]
        if namespace and not together and found.namespaced:
            await self._require_namespace(namespace)
        return together[:limit] if limit else together

    async def get(self, kind: str, name: str, *, namespace: str = "") -> Resource:
        """One object; without a namespace, the only one of that name in sight.

        Raises `NotFound` naming the nearest names, or the namespace where it does exist.
        """
        found = await self.kind(kind)
        if found.namespaced and not namespace:
            return await self._only(found, name)
        self.sight.places(found, namespace)
        try:
            body = await self._fetch("get", found, found.path(namespace, name), namespace)
        except NotFound as error:
            raise await self._missing(found, name, namespace) from error
        [resource] = parsing.resources_of({"items": [self._json(body)]}, found)
        if not self.sight.admits(resource):
            raise await self._missing(found, name, namespace)
        return resource

    async def logs(
        self,
        pod: str,
        *,
        namespace: str,
        container: str,
        previous: bool = False,
        tail_lines: int = 200,
    ) -> LogLines:
        """The last lines of one container, or of its run before the last restart."""
        self.sight.places(POD, namespace)
        query = {
            "container": container,
            "previous": "true" if previous else "",
            "tailLines": str(tail_lines + 1),  # one more tells whether something came before
            "timestamps": "true",
            "limitBytes": str(LOG_LIMIT_BYTES),
        }
        path, log = f"{POD.path(namespace, pod)}/log", replace(POD, plural="pods/log")
        try:
            body = await self._fetch("get", log, path, namespace, query)
        except NotFound as error:
            raise await self._missing(POD, pod, namespace) from error
        except Invalid as error:
            raise errors.no_log(error, Ref("Pod", namespace, pod), container) from error
        about = Ref("Pod", namespace, pod)
        return parsing.log_of(body, about, container, previous=previous, tail_lines=tail_lines)

    async def events(self, *, namespace: str = "") -> Events:
        """Every event in sight, in the API's order; it keeps them for about an hour."""
        return [Event.of(one.raw) for one in await self.list("Event", namespace=namespace)]

    async def may(self, verb: str, kind: str, *, namespace: str = "") -> bool:
        """Whether who asks the cluster may do this; the API server says so. `pods/log` is a kind here."""
        word, _, subresource = kind.partition("/")
        found = await self.kind(word)
        asked = {
            "verb": verb,
            "group": found.group,
            "resource": found.plural,
            "subresource": subresource,
            "namespace": namespace,
        }
        review = {"apiVersion": ACCESS_REVIEW.api_version, "kind": ACCESS_REVIEW.name}
        body = {**review, "spec": {"resourceAttributes": asked}}
        answer = await self._fetch("create", ACCESS_REVIEW, ACCESS_REVIEW.path(), body=body)
        return bool((self._json(answer).get("status") or {}).get("allowed"))

    async def version(self) -> str:
        """As `v1.32.4`: the cheapest proof that the API answers."""
        return str(self._json(await self._fetch("get", API_ROOT, "/version")).get("gitVersion", ""))

    async def kind(self, text: str) -> Kind:
        """The kind that a word means: `Pod`, `pods`, `po`, `Deployment.apps`, or a custom one."""
        word = text.strip().lower()
        found = WORDS.get(word) or self._learnt.words.get(word)
        if found is None:
            self._learnt.silent.clear()
            await self.kinds_in(lambda _: True)
            found = self._learnt.words.get(word)
        if found is None:
            known = {one.name for one in (*BUILT_IN, *self._learnt.words.values())}
            raise errors.no_kind(text, known, self._learnt.silent)
        return found

    async def kinds_in(self, wanted: Callable[[str], bool]) -> tuple[Kind, ...]:
        """The kinds that the groups with a wanted name serve, each in the version preferred.

        A group that does not answer, as when a metrics server is down, is left out.
        """
        groups: Any = self._json(await self._fetch("get", API_ROOT, "/apis")).get("groups") or []
        asked = [one["preferredVersion"] for one in groups if wanted(str(one.get("name")))]
        versions = [str(one["groupVersion"]) for one in asked]
        found = await asyncio.gather(*(self._kinds_in(version) for version in versions))
        kinds = tuple(kind for kinds in found for kind in kinds)
        self._learnt.words.update(by_spelling(kinds))
        return kinds

    async def _kinds_in(self, version: str) -> Kinds:
        try:
            body = await self._fetch("get", API_ROOT, f"/apis/{version}")
            return parsing.kinds_of(self._json(body))
        except UpstreamUnavailable as error:
            self._learnt.silent[version] = error.message
            return []

    async def _all_pages(
        self, kind: Kind, namespace: str, query: Mapping[str, str], limit: int
    ) -> Resources:
        try:
            return await self._pages(kind, namespace, query, limit)
        except errors.Expired:  # between two pages: once more from the beginning
            pass
        except NotFound as error:
            raise await self._not_served(kind, error) from error
        try:
            return await self._pages(kind, namespace, query, limit)
        except errors.Expired as error:
            raise errors.expired_twice(kind, namespace) from error

    async def _not_served(self, kind: Kind, error: NotFound) -> NotFound:
        """A list is only missing when its kind is: an older or newer API has other versions."""
        try:
            body = self._json(await self._fetch("get", API_ROOT, f"/apis/{kind.group}"))
        except OpsError:
            body = {}
        served = [str(one.get("groupVersion")) for one in body.get("versions") or []]
        return errors.not_served(kind, served, error)

    async def _pages(
        self, kind: Kind, namespace: str, query: Mapping[str, str], limit: int
    ) -> Resources:
        listed: Resources = []
        token, path, sharing = "", kind.path(namespace), Sharing()
        while True:
            size = min(PAGE_SIZE, limit - len(listed)) if limit else PAGE_SIZE
            asked = {**query, "limit": str(size), "continue": token}
            page = self._json(await self._fetch("list", kind, path, namespace, asked))
            token = str((page.get("metadata") or {}).get("continue") or "")
            listed += parsing.resources_of(page, kind, sharing if token or listed else None)
            if not token or (limit and len(listed) >= limit):
                return listed

    async def _only(self, kind: Kind, name: str) -> Resource:
        found = await self.list(kind.resource, field_selector=f"metadata.name={name}")
        if len(found) == 1:
            return found[0]
        if not found:
            raise await self._missing(kind, name, "")
        raise errors.several(kind, name, [one.namespace for one in found])

    async def _require_namespace(self, namespace: str) -> None:
        """The API lists nothing for a namespace that does not exist; people want to be told."""
        if namespace in self._learnt.namespaces:
            return
        try:
            await self._fetch("get", NAMESPACE, NAMESPACE.path("", namespace))
        except NotFound as error:
            known = await self._names(NAMESPACE, "")
            raise no_namespace(namespace, known) from error
        except Forbidden:
            return  # an account without the right to see namespaces can still read inside them
        self._learnt.namespaces.add(namespace)

    async def _missing(self, kind: Kind, name: str, namespace: str) -> NotFound:
        """Why there is no such object, naming what the caller may have meant."""
        if kind.namespaced and namespace:
            try:
                await self._require_namespace(namespace)
            except NotFound as error:
                return error
        known = await self._names(kind, namespace)
        if namespace and not nearest_names(name, known):
            return errors.missing(kind, name, namespace, known, await self._homes(kind, name))
        return errors.missing(kind, name, namespace, known)

    async def _names(self, kind: Kind, namespace: str) -> Names:
        return [one.name for one in await self._glance(kind, namespace, {})]

    async def _homes(self, kind: Kind, name: str) -> Names:
        found = await self._glance(kind, "", {"fieldSelector": f"metadata.name={name}"})
        return [one.namespace for one in found]

    async def _glance(self, kind: Kind, namespace: str, query: Mapping[str, str]) -> Resources:
        """Names for a hint: the first page, and nothing at all when Midwatch may not look."""
        asked = {**query, "limit": str(PAGE_SIZE)}
        seen: Resources = []
        for place in self.sight.places(kind, namespace):
            try:
                page = await self.told_as(kind, place, asked, NAMES_ONLY)
            except OpsError:
                continue
            seen += parsing.resources_of(page, kind)
        return [one for one in seen if self.sight.admits(one)]

    async def told_as(self, kind: Kind, place: str, query: Mapping[str, str], form: str) -> Json:
        """One page of a list in another form than whole objects."""
        path = kind.path(place)
        return self._json(await self._fetch("list", kind, path, place, query, accept=form))

    def _json(self, body: bytes) -> Json:
        try:
            tree = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise errors.not_json(self._address, body) from error
        if not isinstance(tree, dict):
            raise errors.not_json(self._address, body)
        return tree

    @property
    def _address(self) -> str:
        return self.api.address if self.api else ""

    async def _fetch(
        self,
        verb: str,
        kind: Kind,
        path: str,
        namespace: str = "",
        query: Mapping[str, str] | None = None,
        *,
        body: Json | None = None,
        accept: str = "application/json",
    ) -> bytes:
        """The body of an answer; anything but success is raised as one of our errors."""
        api = self.api
        if api is None:
            raise errors.not_configured()
        reads = body is None or kind is ACCESS_REVIEW
        said = partial(errors.from_status, user=self.sight.user)
        call = Call(path, query or {}, body, accept, reads)

        async def ask(deadline: Deadline) -> bytes:
            reply = await self.reply(api, call, deadline)
            if reply.status < 400:
                return reply.data
            # A frame that keeps its own error under a name outlives its call, with all it holds.
            told = partial(said, reply.status, reply.data, verb=verb, kind=kind)
            if reads and reply.status in PASSING:
                raise Passing(told(namespace=namespace), asked_wait_s(reply.retry_after))
            raise told(namespace=namespace)

        return await patiently(ask, self.patience, within_s=self.timeout_s)

    async def reply(self, api: Connection, call: Call, deadline: Deadline) -> Reply:
        """What the API says, once more with fresh credentials if it did not accept the old ones."""
        renewals = api.renewals
        reply = await self._sent(api, call, deadline)
        if reply.status != 401:
            return reply
        try:
            await self._in_thread(lambda: api.renew(after=renewals), deadline)
        except (OpsError, TimeoutError):
            return reply  # no better credentials to be had
        return await self._sent(api, call, deadline)

    async def _sent(self, api: Connection, call: Call, deadline: Deadline) -> Reply:
        left_s, who = deadline.left_s, self.sight.identity
        try:
            return await self._in_thread(lambda: api.send(call, left_s, who), deadline)
        except FAILURES as error:
            failure = errors.unreachable(self._address, error, self.timeout_s)
            raise (Passing(failure) if call.may_repeat(error) else failure) from error

    async def _in_thread(self, work: Callable[[], Result], deadline: Deadline) -> Result:
        async with asyncio.timeout(deadline.left_s + GRACE_S):
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
