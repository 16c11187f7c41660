"""A monitoring server's HTTP API: JSON that is read within a time, in bounded size, and patiently.

All of it reads, so all of it may be asked again: `retrying` says after which failures.
"""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import httpx2
import orjson

from core.errors import Forbidden, Invalid, OpsError, TooLarge, UpstreamUnavailable
from core.http import client as http_client
from core.sentences import Fact
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
from mcp_servers.backends.sentences import SENTENCES

MOST_BYTES = 32 << 20
Error = TypeVar("Error", bound=OpsError)

Parameters = Mapping[str, str | float | Sequence[str]]


@dataclass(frozen=True)
class HttpApi:
    """One server, or none: then every call says that it is not configured.

    `timeout_s` is for a whole call, all its tries included.
    """

    name: str
    url: str
    timeout_s: float
    too_large: Fact
    patience: Patience
    _http: httpx2.AsyncClient | None

    @classmethod
    def at(
        cls,
        url: str,
        *,
        name: str,
        timeout_s: float,
        too_large: Fact = "",
        patience: Patience = PATIENCE,
    ) -> "HttpApi":
        """Nothing is asked of it yet. `url` is its root, with the prefix it is served under.

        `name` is what sentences call it, `too_large` what to do about an answer of that size.
        """
        root = url.rstrip("/")
        http = http_client(root, timeout_s=timeout_s) if root else None
        return cls(name, root, timeout_s, too_large, patience, http)

    @property
    def configured(self) -> bool:
        return self._http is not None

    async def close(self) -> None:
        if self._http:
            await self._http.aclose()

    async def get(self, path: str, params: Parameters | None = None) -> Any:
        """The JSON of a 200. Raises one of our errors, with the server's own sentence, for all else."""
        http = self._http
        if http is None:
            raise self._unconfigured()

        async def ask(deadline: Deadline) -> Any:
            async with asyncio.timeout(deadline.left_s):
                return await self._once(http, path, params)

        try:
            return await patiently(ask, self.patience, within_s=self.timeout_s)
        except TimeoutError as error:
            raise self._too_slow() from error

    async def change(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of a 200 to a request that changes something; asked once, whatever happens."""
        http = self._http
        if http is None:
            raise self._unconfigured()
        content = None if body is None else orjson.dumps(body)
        headers = {"Content-Type": "application/json"} if content else None
        try:
            async with asyncio.timeout(self.timeout_s):
                answer = await http.request(
                    method, f"{self.url}{path}", content=content, headers=headers
                )
        except TimeoutError as error:
            raise self._too_slow() from error
        except httpx2.HTTPError as error:
            raise self._away() from error
        if answer.status_code != 200:
            raise self._refusal(answer.status_code, answer.content)
        return orjson.loads(answer.content) if answer.content.strip() else None

    def stranger(self) -> UpstreamUnavailable:
        """What to raise when an answer has not the shape of this API."""
        return self._sentence(UpstreamUnavailable, "stranger")

    async def _once(self, http: httpx2.AsyncClient, path: str, params: Parameters | None) -> Any:
        """One try. A broken connection may be over soon; a spent time limit is not."""
        try:
            async with http.stream("GET", f"{self.url}{path}", params=params) as response:
                content = await self._bounded(response)
        except (httpx2.ReadTimeout, httpx2.PoolTimeout) as error:
            raise self._too_slow() from error
        except httpx2.HTTPError as error:
            if _is_certificate(error):
                raise self._away() from error
            raise Passing(self._away()) from error
        if response.status_code in PASSING:
            after_s = asked_wait_s(response.headers.get("Retry-After"))
            raise Passing(self._refusal(response.status_code, content), after_s)
        if response.status_code != 200:
            raise self._refusal(response.status_code, content)
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise self.stranger() from error

    async def _bounded(self, response: httpx2.Response) -> bytes:
        content = bytearray()
        async for part in response.aiter_bytes():
            content += part
            if len(content) > MOST_BYTES:
                raise self._sentence(TooLarge, "too_much", hint=self.too_large)
        return bytes(content)

    def _refusal(self, status: int, content: bytes) -> OpsError:
        """What a status that is not 200 means; these servers say why in JSON."""
        said = _said(content)
        if status in (401, 403):
            return self._sentence(Forbidden, "not_let_in")
        if status in (400, 405, 422) and said:
            return self._sentence(Invalid, "query_refused", said=said)
        key = "not_served_there" if status == 404 else "system_answered"
        why = SENTENCES.said("because", said=said) if said else ""
        return self._sentence(UpstreamUnavailable, key, status=status, why=why)

    def _unconfigured(self) -> UpstreamUnavailable:
        setting, option = f"MIDWATCH_{self.name.upper()}__URL", f"--{self.name.lower()}"
        facts = {"setting": setting, "option": option}
        return self._sentence(UpstreamUnavailable, "system_unconfigured", **facts)

    def _too_slow(self) -> UpstreamUnavailable:
        seconds = f"{self.timeout_s:g}"
        return self._sentence(UpstreamUnavailable, "system_too_slow", seconds=seconds)

    def _away(self) -> UpstreamUnavailable:
        return self._sentence(UpstreamUnavailable, "system_away")

    def _sentence(self, error: type[Error], key: str, /, **facts: Fact) -> Error:
        """An error of this server, which its sentence names."""
        host = host_of(self.url) if self.url else ""
        return SENTENCES.error(error, key, name=self.name, host=host, **facts)


def _said(content: bytes) -> str:
    """A server's own sentence: `{"error": "…"}` from Prometheus, `"…"` from Alertmanager."""
    try:
        body: Any = orjson.loads(content)
    except orjson.JSONDecodeError:
        return ""
    said: Any = cast("dict[str, Any]", body).get("error") if isinstance(body, dict) else body
    return said[:500] if isinstance(said, str) else ""


def _is_certificate(error: BaseException | None) -> bool:
    """Whether TLS is what failed: the next try would fail by the same certificate."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
