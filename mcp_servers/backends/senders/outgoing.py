"""Requests to addresses that people name: checked, resolved once, and asked where they were checked.

Against server-side request forgery: https only, no private or local address, no redirect, no proxy
of the environment, little time and little to read.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import httpx2
import orjson

from core.errors import Invalid
from mcp_servers.backends.retrying import asked_wait_s
from mcp_servers.backends.senders.outcomes import Outcome, refused, retry
from mcp_servers.backends.sentences import SENTENCES

TIMEOUT_S = 5.0
MOST_BYTES = 1 << 20
NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class Unreachable(Exception):
    """The request did not come through; another try may."""


async def resolved(host: str, port: int) -> Sequence[str]:
    if _is_address(host):
        return [host]  # no thread is needed to find that out
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    content: bytes
    retry_after_s: float

    def fields(self) -> Mapping[str, Any]:
        """The JSON object that was answered; empty when it is none."""
        try:
            found: Any = orjson.loads(self.content)
        except orjson.JSONDecodeError:
            return {}
        return cast("dict[str, Any]", found) if isinstance(found, dict) else {}

    def failure(self, *, over: frozenset[int] = frozenset({408, 425, 429})) -> Outcome | None:
        """What a status that is not 2xx means where it says all; None for 2xx."""
        if 200 <= self.status < 300:
            return None
        code, why = str(self.status), f"The channel answered {self.status}."
        if self.status in over or self.status >= 500:
            limited = self.status in (429, 503)
            return retry(code, why, after_s=self.retry_after_s, rests=limited)
        return refused(code, why)


@dataclass
class Wire:
    """How senders reach the outside. `practice` lets plain http to this very machine through.

    `private_hosts` are names that may stand for private addresses: services of one's own network.
    """

    practice: bool = False
    private_hosts: frozenset[str] = frozenset()
    resolve: Resolve = resolved
    timeout_s: float = TIMEOUT_S
    _http: httpx2.AsyncClient | None = field(default=None, repr=False)

    def accepts(self, url: str) -> None:
        """Raises `Invalid` for what could never be asked, as far as no name has to be resolved for that."""
        host = checked_url(url, practice=self.practice).host
        if _is_address(host):
            self._check(host, ipaddress.ip_address(host))

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Raises `Invalid` for an address that may not be asked, `Unreachable` when none answers."""
        try:
            async with asyncio.timeout(self.timeout_s):
                return await self._post(url, body, headers)
        except TimeoutError as error:
            raise Unreachable(f"No answer within {self.timeout_s:g} s.") from error
        except httpx2.HTTPError as error:
            # Its words may hold the address, and with it the secret.
            raise Unreachable(f"No connection ({type(error).__name__}).") from error

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        target = checked_url(url, practice=self.practice)
        port = target.port or (443 if target.scheme == "https" else 80)
        address = await self.address_of(target.host, port)
        if target.scheme == "http" and not ipaddress.ip_address(address).is_loopback:
            raise SENTENCES.error(Invalid, "plain_http")
        request = self._client().build_request(
            "POST",
            target.copy_with(host=address),
            content=body,
            headers={**headers, "Host": target.netloc.decode()},
            extensions={"sni_hostname": target.host},
        )
        answer = await self._client().send(request, stream=True)
        try:
            content = await _bounded(answer)
        finally:
            await answer.aclose()
        after_s = asked_wait_s(answer.headers.get("Retry-After"))
        return Reply(answer.status_code, content, after_s or 0.0)

    async def address_of(self, host: str, port: int) -> str:
        """The address to connect to: the first one, when every one may be. Raises as `post`."""
        try:
            found = list(dict.fromkeys(await self.resolve(host, port)))
        except OSError as error:
            raise Unreachable("The name of the host is not known.") from error
        for one in found:
            self._check(host, ipaddress.ip_address(one.partition("%")[0]))
        if not found:
            raise Unreachable("The name of the host stands for no address.")
        return found[0]

    def _check(self, host: str, address: Address) -> None:
        inner = embedded(address)
        if self.practice and inner.is_loopback:
            return
        if inner.is_private and host.lower() in self.private_hosts and not _is_special(inner):
            return
        if _is_special(inner):
            raise SENTENCES.error(Invalid, "special_host")
        if not inner.is_global or inner.is_multicast:
            raise SENTENCES.error(Invalid, "private_host")

    def _client(self) -> httpx2.AsyncClient:
        if self._http is None:
            # Made at the first use: reading the certificates takes 100 ms.
            self._http = httpx2.AsyncClient(
                timeout=self.timeout_s,
                follow_redirects=False,
                trust_env=False,
                limits=httpx2.Limits(max_connections=20, keepalive_expiry=30),
            )
        return self._http

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()


def checked_url(url: str, *, practice: bool) -> httpx2.URL:
    """Raises `Invalid` for what is no plain https address (or http, in the practice setup)."""
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, TypeError) as error:
        raise SENTENCES.error(Invalid, "channel_address_unread") from error
    schemes = ("https", "http") if practice else ("https",)
    if parsed.scheme not in schemes or not parsed.host:
        raise SENTENCES.error(Invalid, "channel_address_https")
    if parsed.userinfo:
        raise SENTENCES.error(Invalid, "channel_address_user")
    if _is_odd_number(parsed.host):
        raise SENTENCES.error(Invalid, "channel_address_number")
    return parsed


def embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address


def _is_special(address: Address) -> bool:
    """What no setting opens: this machine, and the link, where clouds keep their credentials."""
    return address.is_loopback or address.is_link_local or address.is_unspecified


def _is_odd_number(host: str) -> bool:
    """Decimal, octal or hexadecimal ways to write an address, which resolvers take."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        last = host.rstrip(".").rpartition(".")[2].lower()
        return last.isdigit() or last.startswith("0x")
    return False


async def _bounded(answer: httpx2.Response) -> bytes:
    content = bytearray()
    async for part in answer.aiter_bytes():
        content += part
        if len(content) > MOST_BYTES:
            raise Unreachable("The answer is too long.")
    return bytes(content)
