"""The fault proxy fails as told, and only as told."""

import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import IncompleteRead

import pytest

from tests.backends.loopback import answering
from tests.proxy import (
    Answer,
    CutShort,
    HalfClosed,
    Proxy,
    Reset,
    Slow,
    expired_token,
    never,
    no_such_version,
    proxying,
    too_many_requests,
    too_old,
)

BODY = {"items": ["x" * 9000]}


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with answering(lambda _: (200, BODY)) as server, proxying(server.url) as proxy:
        yield proxy


def read(url: str, timeout: float = 20) -> bytes:
    with urllib.request.urlopen(url, timeout=timeout) as answer:  # noqa: S310 - loopback
        return answer.read()


def test_what_no_rule_is_about_goes_through(proxy: Proxy) -> None:
    proxy.fail("/other", Reset())
    assert b"xxx" in read(f"{proxy.url}/list?limit=5")
    assert proxy.asked == ["GET /list?limit=5"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (too_many_requests("7"), 429),
        (too_old(), 410),
        (expired_token(), 401),
        (no_such_version(), 404),
        (Answer(503, b"<html>"), 503),
    ],
)
def test_an_answer_is_given_as_often_as_told(proxy: Proxy, fault: Answer, code: int) -> None:
    proxy.fail("/list", fault, times=2, after=1)
    codes = [answered(f"{proxy.url}/list") for _ in range(4)]
    assert codes == [200, code, code, 200]


def answered(url: str) -> int:
    try:
        read(url)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    return 200


def test_the_wait_that_is_asked_for_is_in_a_header(proxy: Proxy) -> None:
    proxy.fail("/", too_many_requests("7"))
    with pytest.raises(urllib.error.HTTPError) as refused:
        read(proxy.url)
    with refused.value as error:
        assert error.headers["Retry-After"] == "7"


@pytest.mark.parametrize("fault", [CutShort(), HalfClosed()])
def test_a_body_ends_in_its_middle(proxy: Proxy, fault: CutShort | HalfClosed) -> None:
    proxy.fail("/", fault)
    with pytest.raises(IncompleteRead):
        read(proxy.url)


def test_a_reset_connection_gives_nothing(proxy: Proxy) -> None:
    proxy.fail("/", Reset())
    with pytest.raises(ConnectionResetError):
        read(proxy.url)


def test_a_closed_door_refuses_and_opens_again_at_the_same_port(proxy: Proxy) -> None:
    proxy.close()
    with pytest.raises(urllib.error.URLError, match="refused"):
        read(proxy.url)
    proxy.open()
    assert read(proxy.url)


def test_a_first_byte_may_never_come(proxy: Proxy) -> None:
    proxy.fail("/", Slow(first=never))
    with pytest.raises(TimeoutError):
        read(proxy.url, timeout=0.2)


def test_every_chunk_waits_its_turn(proxy: Proxy) -> None:
    turns: list[int] = []

    async def turn() -> None:
        turns.append(len(turns))

    proxy.fail("/", Slow(each=turn))
    assert b"xxx" in read(proxy.url)
    assert turns == [0, 1, 2]


def test_it_ends_with_an_exchange_still_open() -> None:
    begun = threading.Event()

    async def forever() -> None:
        begun.set()
        await never()

    with answering(lambda _: (200, BODY)) as server, proxying(server.url) as proxy:
        proxy.fail("/", Slow(first=forever))
        waiting = socket.create_connection(("127.0.0.1", proxy.port))
        waiting.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        assert begun.wait(20)
    with waiting:
        assert waiting.recv(1) == b""
