"""Alertmanager's API v2 over httpx2.

All of it reads, so all of it may be asked again: `retrying` says after which failures.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeVar, cast

import httpx2
import orjson
import yaml

from core.errors import Forbidden, Invalid, UpstreamUnavailable
from core.http import client as http_client
from mcp_servers.backends.addresses import host_of
from mcp_servers.backends.retrying import (
    PASSING,
    PATIENCE,
    Deadline,
    Passing,
    Patience,
    asked_wait_s,
    patiently,
)
from mcp_servers.facts.alerts import Alert, Labels, Receiver, Silence
from mcp_servers.facts.kubernetes import moment

Json = Mapping[str, Any]
Body = TypeVar("Body", list[Any], dict[str, Any])

# How the API writes a matcher: (isEqual, isRegex).
OPERATORS = {(True, False): "=", (False, False): "!=", (True, True): "=~", (False, True): "!~"}


@dataclass(frozen=True)
class Alertmanager:
    """One Alertmanager, or none: then every call says that it is not configured.

    `timeout_s` is for a whole call, all its tries included.
    """

    url: str
    timeout_s: float
    _http: httpx2.AsyncClient | None
    patience: Patience = PATIENCE

    @classmethod
    def connect(cls, url: str, timeout_s: float = 10.0, *, patience: Patience = PATIENCE) -> Self:
        """Nothing is asked of it yet. `url` is its root, with the prefix it is served under."""
        address = url.rstrip("/")
        if not address:
            return cls("", timeout_s, None)
        return cls(address, timeout_s, http_client(address, timeout_s=timeout_s), patience)

    @property
    def configured(self) -> bool:
        return self._http is not None

    async def close(self) -> None:
        if self._http:
            await self._http.aclose()

    async def alerts(self) -> list[Alert]:
        """Every alert that has not resolved, the silenced and inhibited ones included."""
        return [_alert_of(one) for one in _objects(await self._get("alerts", list))]

    async def silences(self) -> list[Silence]:
        """Active, pending and recently expired silences."""
        return [_silence_of(one) for one in _objects(await self._get("silences", list))]

    async def receivers(self) -> list[Receiver]:
        """The receivers of its configuration, each with the integrations it sends by."""
        status: Json = await self._get("status", dict)
        configuration: Json = status.get("config") or {}
        return _receivers_of(str(configuration.get("original") or ""))

    async def _get(self, what: str, shape: type[Body]) -> Body:
        http = self._http
        if http is None:
            raise UpstreamUnavailable(
                "Alertmanager is not configured.",
                hint="Set MIDWATCH_ALERTMANAGER__URL, or use --alertmanager.",
            )

        async def ask(deadline: Deadline) -> Body:
            async with asyncio.timeout(deadline.left_s):
                return await self._once(http, what, shape)

        try:
            return await patiently(ask, self.patience, within_s=self.timeout_s)
        except TimeoutError as error:
            raise self._too_slow() from error

    async def _once(self, http: httpx2.AsyncClient, what: str, shape: type[Body]) -> Body:
        """One try. A broken connection may be over soon; a spent time limit is not."""
        host = host_of(self.url)
        try:
            response = await http.get(f"{self.url}/api/v2/{what}")
        except httpx2.ReadTimeout as error:
            raise self._too_slow() from error
        except httpx2.HTTPError as error:
            raise Passing(
                UpstreamUnavailable(
                    f"Alertmanager at {host} does not answer.",
                    hint="Check that it runs and that this machine reaches it.",
                )
            ) from error
        if response.status_code in PASSING:
            busy = UpstreamUnavailable(f"Alertmanager at {host} answered {response.status_code}.")
            raise Passing(busy, asked_wait_s(response.headers.get("Retry-After")))
        return _read(response.status_code, response.content, host, shape)

    def _too_slow(self) -> UpstreamUnavailable:
        return UpstreamUnavailable(
            f"Alertmanager at {host_of(self.url)} did not answer within {self.timeout_s:g} s."
        )


def _read(status: int, content: bytes, host: str, shape: type[Body]) -> Body:
    if status in (401, 403):
        raise Forbidden("Alertmanager does not let Midwatch in.")
    if 400 <= status < 500 and status != 404:
        raise Invalid(f"Alertmanager refused the request: {content[:200].decode(errors='replace')}")
    try:
        found = orjson.loads(content) if status == 200 else None
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, shape):
        raise UpstreamUnavailable(
            f"What answers at {host} with status {status} is not an Alertmanager API.",
            hint="Check the address, with the prefix Alertmanager is served under.",
        )
    return found


def _objects(found: list[Any]) -> list[Json]:
    return [cast("Json", one) for one in found if isinstance(one, dict)]


def _receivers_of(configuration: str) -> list[Receiver]:
    """None of a configuration that cannot be read: nothing is known then."""
    try:
        tree: Any = yaml.safe_load(configuration) or {}
        receivers: list[Any] = tree.get("receivers") or []
    except (yaml.YAMLError, AttributeError):
        return []
    return [
        Receiver(
            str(one.get("name", "")),
            tuple(key.removesuffix("_configs") for key in one if key.endswith("_configs")),
        )
        for one in _objects(receivers)
    ]


def _alert_of(raw: Json) -> Alert:
    status: Json = raw.get("status") or {}
    labels: Json = raw.get("labels") or {}
    return Alert(
        name=str(labels.get("alertname", "")),
        state=str(status.get("state") or "active"),
        labels=_labels(labels),
        annotations=_labels(raw.get("annotations") or {}),
        since=moment(raw.get("startsAt")),
        silenced_by=tuple(str(one) for one in status.get("silencedBy") or ()),
        source_url=str(raw.get("generatorURL") or ""),
        receivers=tuple(str(one.get("name", "")) for one in _objects(raw.get("receivers") or [])),
    )


def _silence_of(raw: Json) -> Silence:
    status: Json = raw.get("status") or {}
    matchers: list[Json] = raw.get("matchers") or []
    return Silence(
        id=str(raw.get("id", "")),
        state=str(status.get("state") or ""),
        matchers=tuple(_matcher(one) for one in matchers),
        starts_at=moment(raw.get("startsAt")),
        ends_at=moment(raw.get("endsAt")),
        created_by=str(raw.get("createdBy") or ""),
        comment=str(raw.get("comment") or ""),
    )


def _matcher(raw: Json) -> str:
    operator = OPERATORS[bool(raw.get("isEqual", True)), bool(raw.get("isRegex"))]
    return f'{raw.get("name")}{operator}"{raw.get("value")}"'


def _labels(raw: Json) -> Labels:
    return tuple(sorted((key, str(value)) for key, value in raw.items()))
