# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""The Kubernetes API: the official client finds the server and signs requests; bodies stay raw."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import orjson
from urllib3.exceptions import HTTPError, ProtocolError

from core.absent import without
from core.errors import Conflict, Forbidden, Invalid, NotFound, OpsError
from mcp_servers.backends import kubernetes_errors as errors
from mcp_servers.backends import kubernetes_parsing as parsing
from mcp_servers.backends.addresses import is_loopback
from mcp_servers.backends.kinds import BUILT_IN, Kind, by_spelling
from mcp_servers.backends.kubeconfig import read as read_kubeconfig
from mcp_servers.backends.sight import Sight
from mcp_servers.facts.kubernetes import Event, Json, LogLines, Ref, Resource
from mcp_servers.facts.nearest import did_you_mean, nearest_names

# Its HTTP library would guess encodings, with 3 MiB of tables; what we read is UTF-8.
with without("charset_normalizer"):
    from kubernetes.client import ApiClient, Configuration
    from kubernetes.client.exceptions import ApiException
    from kubernetes.config import ConfigException, load_incluster_config
    from kubernetes.config.kube_config import KUBE_CONFIG_DEFAULT_LOCATION, load_kube_config

Resources = list[Resource]
Events = list[Event]
Names = list[str]

PAGE_SIZE = 500
LOG_LIMIT_BYTES = 1 << 20

# The client's own limit counts from byte to byte; this much later we stop waiting for the whole.
GRACE_S = 1.0

# An investigation lists some thirty kinds at once.
AT_ONCE = 32

NAMES_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
WORDS = by_spelling(BUILT_IN)
NAMESPACE, POD = WORDS["namespace"], WORDS["pod"]
ACCESS_REVIEW = Kind(
    "SelfSubjectAccessReview", "authorization.k8s.io", "v1", "selfsubjectaccessreviews", False
)
API_ROOT = Kind("APIGroup", "", "v1", "API groups", namespaced=False)


@dataclass
class _Learnt:
    """What one connection found out; shared by all its views."""

    words: dict[str, Kind] = field(default_factory=dict[str, Kind])
    namespaces: set[str] = field(default_factory=set[str])


def _threads() -> ThreadPoolExecutor:
    """Threads of our own: a request that waited for one of asyncio's few would seem to time out."""
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="kubernetes")


@dataclass(frozen=True)
class Kubernetes:
    """One cluster, or the part of it that is in `sight`."""

    api: ApiClient | None
    cluster_name: str = ""
    timeout_s: float = 10.0
    sight: Sight = field(default_factory=Sight)
    _learnt: _Learnt = field(default_factory=_Learnt, repr=False)
    _threads: ThreadPoolExecutor = field(default_factory=_threads, repr=False)

    @classmethod
    def connect(
        cls,
        *,
        kubeconfig: Path | None,
        context: str = "",
        impersonate: str = "",
        timeout_s: float = 10.0,
    ) -> Self:
        """Read how to reach the cluster; nothing is asked of it yet.

        Without a kubeconfig: the default one, else the pod's own account, else every call
        fails with a sentence that says what to set. Raises `Invalid` on a malformed file.
        """
        configuration = Configuration(connection_pool_maxsize=AT_ONCE, retries=False)
        name = _configure(configuration, kubeconfig, context)
        if not name:
            return cls(api=None, timeout_s=timeout_s)
        if is_loopback(str(configuration.host)):
            configuration.proxy = None
        api = ApiClient(configuration)
        api.user_agent = "midwatch"
        if impersonate:
            api.set_default_header("Impersonate-User", impersonate)
        return cls(api=api, cluster_name=name, timeout_s=timeout_s)

    def within(self, namespaces: frozenset[str] | None) -> Self:
        """The same cluster as it looks to somebody who may only see these namespaces."""
        return replace(self, sight=Sight(namespaces))

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
        """Whether Midwatch's own account may do this; the API server says so. `pods/log` is a kind here."""
        word, _, subresource = kind.partition("/")
        found = await self.kind(word)
        asked = {
            "verb": verb,
            "group": found.group,
            "resource": found.plural,
            "subresource": subresource,
            "namespace": namespace,
        }
        body = {
            "apiVersion": ACCESS_REVIEW.api_version,
            "kind": ACCESS_REVIEW.name,
            "spec": {"resourceAttributes": asked},
        }
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
            self._learnt.words.update(by_spelling(await self._discovered()))
            found = self._learnt.words.get(word)
        if found is None:
            known = {one.name for one in (*BUILT_IN, *self._learnt.words.values())}
            raise NotFound(f"The cluster has no kind {text!r}.", hint=did_you_mean(text, known))
        return found

    async def _discovered(self) -> tuple[Kind, ...]:
        groups: Any = self._json(await self._fetch("get", API_ROOT, "/apis")).get("groups") or []
        versions = [str(one["preferredVersion"]["groupVersion"]) for one in groups]
        bodies = await asyncio.gather(
            *(self._fetch("get", API_ROOT, f"/apis/{version}") for version in versions)
        )
        return tuple(kind for body in bodies for kind in parsing.kinds_of(self._json(body)))

    async def _all_pages(
        self, kind: Kind, namespace: str, query: Mapping[str, str], limit: int
    ) -> Resources:
        try:
            return await self._pages(kind, namespace, query, limit)
        except Conflict:  # the list expired between two pages: once more from its beginning
            return await self._pages(kind, namespace, query, limit)

    async def _pages(
        self, kind: Kind, namespace: str, query: Mapping[str, str], limit: int
    ) -> Resources:
        listed: Resources = []
        token, path = "", kind.path(namespace)
        while True:
            size = min(PAGE_SIZE, limit - len(listed)) if limit else PAGE_SIZE
            asked = {**query, "limit": str(size), "continue": token}
            page = self._json(await self._fetch("list", kind, path, namespace, asked))
            listed += parsing.resources_of(page, kind)
            token = str((page.get("metadata") or {}).get("continue") or "")
            if not token or (limit and len(listed) >= limit):
                return listed

    async def _only(self, kind: Kind, name: str) -> Resource:
        found = await self.list(kind.resource, field_selector=f"metadata.name={name}")
        if len(found) == 1:
            return found[0]
        if not found:
            raise await self._missing(kind, name, "")
        homes = ", ".join(one.namespace for one in found)
        raise Invalid(f"There are {len(found)} {kind.plural} named {name}.", hint=f"In: {homes}.")

    async def _require_namespace(self, namespace: str) -> None:
        """The API lists nothing for a namespace that does not exist; people want to be told."""
        if namespace in self._learnt.namespaces:
            return
        try:
            await self._fetch("get", NAMESPACE, NAMESPACE.path("", namespace))
        except NotFound as error:
            known = await self._names(NAMESPACE, "")
            hint = did_you_mean(namespace, known) or f"Namespaces: {', '.join(known[:12])}."
            raise NotFound(f"There is no namespace {namespace!r}.", hint=hint) from error
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
                body = await self._fetch(
                    "list", kind, kind.path(place), place, asked, accept=NAMES_ONLY
                )
            except OpsError:
                continue
            seen += parsing.resources_of(self._json(body), kind)
        return [one for one in seen if self.sight.admits(one)]

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
        return str(self.api.configuration.host) if self.api else ""

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
        """One request in a thread; anything but success is raised as one of our errors."""
        if self.api is None:
            raise errors.not_configured()
        call = _Call(self.api, "POST" if body else "GET", path, query or {}, body, accept)
        try:
            async with asyncio.timeout(self.timeout_s + GRACE_S):
                loop = asyncio.get_running_loop()
                sent = loop.run_in_executor(self._threads, call.send, self.timeout_s)
                status, data = await sent
        except (HTTPError, ApiException, OSError) as error:
            raise errors.unreachable(self._address, error, self.timeout_s) from error
        if status >= 400:
            raise errors.from_status(status, data, verb=verb, kind=kind, namespace=namespace)
        return data


@dataclass(frozen=True)
class _Call:
    api: ApiClient
    method: str
    path: str
    query: Mapping[str, str]
    body: Json | None
    accept: str

    def send(self, timeout_s: float) -> tuple[int, bytes]:
        request = self.api.param_serialize(
            self.method,
            self.path,
            query_params=[(key, value) for key, value in self.query.items() if value],
            header_params={"Accept": self.accept, "Content-Type": "application/json"},
            body=self.body,
            auth_settings=["BearerToken"],
        )
        try:
            response = self.api.call_api(*request, _request_timeout=timeout_s)
        except ProtocolError:
            if self.method != "GET":
                raise
            # The server closed a kept connection at the moment it was used again.
            response = self.api.call_api(*request, _request_timeout=timeout_s)
        return response.status, response.read()


def _configure(configuration: Configuration, kubeconfig: Path | None, context: str) -> str:
    """Fill in server and credentials; the name of the cluster, "" when none is configured."""
    file = kubeconfig or Path(KUBE_CONFIG_DEFAULT_LOCATION).expanduser()
    if kubeconfig or file.exists():
        chosen = read_kubeconfig(file, context)
        try:
            load_kube_config(str(file), chosen.context, configuration, persist_config=False)
        except ConfigException as error:
            raise Invalid(f"{file}: {error}.") from error
        return chosen.context
    try:
        load_incluster_config(client_configuration=configuration)
    except ConfigException:
        return ""
    return "in-cluster"
