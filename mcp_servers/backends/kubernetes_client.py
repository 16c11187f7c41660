# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""The official Kubernetes client: it finds the server, signs requests, and reads credentials anew."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Self

from urllib3 import HTTPHeaderDict
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

from core.absent import only_parts_of, put_off, without
from core.errors import Invalid
from mcp_servers.backends.addresses import is_loopback
from mcp_servers.backends.kubeconfig import read as read_kubeconfig
from mcp_servers.backends.sentences import SENTENCES
from mcp_servers.backends.sight import Identity
from mcp_servers.facts.kubernetes import Json

# The parts that stream, watch and elect leaders stay out. Its HTTP library would guess encodings, with
# 3 MiB of tables, and what we read is UTF-8. OpenID Connect, where a kubeconfig uses it, comes then, and so does what its
# models would parse dates with.
only_parts_of("kubernetes")
with (
    without("charset_normalizer"),
    put_off("oauthlib.oauth2"),
    put_off("requests_oauthlib", "OAuth2Session"),
    put_off("dateutil.parser", "parse"),
    put_off("multiprocessing.pool", "ThreadPool"),
):
    from kubernetes.client import ApiClient, Configuration
    from kubernetes.client.exceptions import ApiException
    from kubernetes.client.rest import RESTClientObject
    from kubernetes.config import ConfigException, load_incluster_config
    from kubernetes.config.kube_config import KUBE_CONFIG_DEFAULT_LOCATION, load_kube_config

# An investigation lists some thirty kinds at once.
AT_ONCE = 16

# What a request may raise, and the part of it that a second try cannot help.
FAILURES = (HTTPError, ApiException, OSError)
LASTING = (ApiException, SSLError)

# Raised before any byte of a request left this machine.
UNSENT = (NewConnectionError, ConnectTimeoutError)


@dataclass(frozen=True)
class Call:
    """One request; `reads` when asking it twice does the same as asking it once.

    Without a method: GET, or POST of what has a body.
    """

    path: str
    query: Mapping[str, str]
    body: Json | None = None
    accept: str = "application/json"
    reads: bool = True
    method: str = ""
    content_type: str = "application/json"

    def may_repeat(self, error: Exception) -> bool:
        """Whether to ask again after this failure."""
        return not isinstance(error, LASTING) and (self.reads or isinstance(error, UNSENT))


@dataclass(frozen=True)
class Reply:
    status: int
    data: bytes
    retry_after: str


@dataclass
class Connection:
    """One API client. Its credentials may be read anew while others use it."""

    api: ApiClient
    cluster_name: str
    kubeconfig: Path | None
    context: str
    renewals: int = 0
    _lock: Lock = field(default_factory=Lock, repr=False)

    @classmethod
    def to(cls, kubeconfig: Path | None, context: str, impersonate: str) -> Self | None:
        """None when no cluster is configured. Raises `Invalid` on a malformed file."""
        name, configuration = _configured(kubeconfig, context)
        if not name:
            return None
        api = ApiClient(configuration)
        api.user_agent = "midwatch"
        if impersonate:
            api.set_default_header("Impersonate-User", impersonate)
        return cls(api, name, kubeconfig, context)

    @property
    def address(self) -> str:
        return str(self.api.configuration.host)

    def renew(self, *, after: int) -> None:
        """Read tokens and certificates anew (exec plugins run again), once for all that failed.

        `after` is the number of renewals when the refused request was made.
        """
        with self._lock:
            if self.renewals != after:
                return
            _, configuration = _configured(self.kubeconfig, self.context)
            self.api.configuration = configuration
            self.api.rest_client = RESTClientObject(configuration)
            self.renewals += 1

    def send(self, call: Call, timeout_s: float, who: Identity | None = None) -> Reply:
        """Blocks; raises one of `FAILURES` when there is no whole answer. `who` None: the account itself."""
        method, url, headers, *rest = self.api.param_serialize(
            call.method or ("GET" if call.body is None else "POST"),
            call.path,
            query_params=[(key, value) for key, value in call.query.items() if value],
            header_params={"Accept": call.accept, "Content-Type": call.content_type},
            body=call.body,
            auth_settings=["BearerToken"],
        )
        said = HTTPHeaderDict(headers)  # a dict has no place for a second group
        for name, value in who.headers() if who else ():
            said.add(name, value)
        response = self.api.call_api(method, url, said, *rest, _request_timeout=timeout_s)
        data = response.read() or b""
        return Reply(response.status, data, str(response.getheader("Retry-After") or ""))

    def close(self) -> None:
        self.api.close()


def _configured(kubeconfig: Path | None, context: str) -> tuple[str, Configuration]:
    """The name of the cluster, "" when none is configured, with server and credentials."""
    configuration = Configuration(connection_pool_maxsize=AT_ONCE, retries=False)
    name = _fill_in(configuration, kubeconfig, context)
    if is_loopback(str(configuration.host)):
        configuration.proxy = None
    return name, configuration


def _fill_in(configuration: Configuration, kubeconfig: Path | None, context: str) -> str:
    file = kubeconfig or Path(KUBE_CONFIG_DEFAULT_LOCATION).expanduser()
    if kubeconfig or file.exists():
        chosen = read_kubeconfig(file, context)
        try:
            load_kube_config(str(file), chosen.context, configuration, persist_config=False)
        except ConfigException as error:
            raise SENTENCES.error(
                Invalid, "kubeconfig_unread", file=str(file), why=str(error)
            ) from error
        return chosen.context
    try:
        load_incluster_config(client_configuration=configuration)
    except ConfigException:
        return ""
    return "in-cluster"
