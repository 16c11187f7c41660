"""Prometheus and Alertmanager that fail for a while: tried again, and given up on."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from core.errors import Forbidden, Invalid, UpstreamUnavailable
from mcp_servers.backends.alertmanager import Alertmanager
from mcp_servers.backends.prometheus import Prometheus
from sandbox.server import Addresses
from tests import proxy as faults
from tests.backends.waits import Waits
from tests.proxy import Proxy, proxying

Ask = Callable[[], Awaitable[object]]


@pytest.fixture
def proxy(shop: Addresses) -> Iterator[Proxy]:
    with proxying(shop.kubernetes) as proxy:
        yield proxy


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture(params=["prometheus", "alertmanager"])
async def ask(proxy: Proxy, waits: Waits, request: pytest.FixtureRequest) -> AsyncIterator[Ask]:
    if request.param == "prometheus":
        prometheus = Prometheus.connect(f"{proxy.url}/prometheus", patience=waits.patience)
        yield lambda: prometheus.query("vector(1)")
        await prometheus.close()
    else:
        url = f"{proxy.url}/alertmanager"
        alertmanager = Alertmanager.connect(url, patience=waits.patience)
        yield alertmanager.alerts
        await alertmanager.close()


PASSING = {
    "429": faults.too_many_requests("0"),
    "500": faults.Answer(500, b"oops"),
    "502": faults.Answer(502, b"<html>bad gateway</html>"),
    "503": faults.Answer(503, b'{"error": "starting"}'),
    "504": faults.Answer(504),
    "cut": faults.CutShort(),
    "half-closed": faults.HalfClosed(),
    "reset": faults.Reset(),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
async def test_a_question_is_asked_again_when_the_failure_may_pass(
    ask: Ask, proxy: Proxy, waits: Waits, fault: faults.Fault
) -> None:
    proxy.fail("/api/", fault, times=2)
    assert await ask()
    assert waits.seconds == [0.1, 0.2]


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
async def test_a_failure_that_stays_is_told_with_the_number_of_tries(
    ask: Ask, proxy: Proxy, fault: faults.Fault
) -> None:
    proxy.fail("/api/", fault, times=99)
    with pytest.raises(UpstreamUnavailable, match=r"Gave up after 4 tries\."):
        await ask()
    assert proxy.requests("/api/") == 4


async def test_a_server_that_refuses_to_connect_is_tried_again(
    ask: Ask, proxy: Proxy, waits: Waits
) -> None:
    proxy.close()
    waits.meanwhile = proxy.open
    assert await ask()
    assert len(waits.seconds) == 1


async def test_the_wait_that_the_server_asks_for_is_kept_to(
    ask: Ask, proxy: Proxy, waits: Waits
) -> None:
    proxy.fail("/api/", faults.too_many_requests("3"))
    assert await ask()
    assert waits.seconds == [3.1]


async def test_a_wait_longer_than_the_time_that_is_left_is_not_begun(
    ask: Ask, proxy: Proxy, waits: Waits
) -> None:
    proxy.fail("/api/", faults.too_many_requests("30"))
    with pytest.raises(UpstreamUnavailable, match="asks to wait 30 s, longer than there is time"):
        await ask()
    assert waits.seconds == []


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (faults.Answer(401), Forbidden),
        (faults.Answer(403), Forbidden),
        (faults.Answer(400, b'{"error": "no"}'), Invalid),
        (faults.Answer(404, b"404 page not found"), UpstreamUnavailable),
        (faults.Answer(200, b"<html>Sign in</html>"), UpstreamUnavailable),
        (faults.Answer(200, b'{"data": '), UpstreamUnavailable),
    ],
)
async def test_what_a_second_try_cannot_help_is_asked_once(
    ask: Ask, proxy: Proxy, fault: faults.Fault, kind: type[Exception]
) -> None:
    proxy.fail("/api/", fault, times=99)
    with pytest.raises(kind):
        await ask()
    assert proxy.requests("/api/") == 1


@pytest.mark.parametrize("fault", [faults.Slow(first=faults.never), faults.Slow(each=faults.never)])
async def test_an_answer_that_never_comes_ends_at_the_time_limit(
    proxy: Proxy, fault: faults.Fault
) -> None:
    proxy.fail("/api/", fault, times=2)
    prometheus = Prometheus.connect(f"{proxy.url}/prometheus", 0.2)
    with pytest.raises(UpstreamUnavailable, match=r"did not answer within 0\.2 s"):
        await prometheus.query("up")
    await prometheus.close()
    alertmanager = Alertmanager.connect(f"{proxy.url}/alertmanager", 0.2)
    with pytest.raises(UpstreamUnavailable, match=r"did not answer within 0\.2 s"):
        await alertmanager.alerts()
    await alertmanager.close()


async def test_a_failing_handshake_is_not_tried_again(proxy: Proxy, waits: Waits) -> None:
    secure = proxy.url.replace("http://", "https://")
    prometheus = Prometheus.connect(secure, patience=waits.patience)
    with pytest.raises(UpstreamUnavailable, match="does not answer"):
        await prometheus.query("up")
    await prometheus.close()
    assert waits.seconds == []
