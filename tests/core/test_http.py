"""HTTP clients are cheap on loopback and careful elsewhere."""

import pytest

from core.http import client, is_plain_loopback


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("http://127.0.0.1:9090", True),
        ("http://localhost:9090/prometheus", True),
        ("http://[::1]:9090", True),
        ("https://127.0.0.1:9090", False),
        ("http://localhost.example.com", False),
        ("http://10.0.0.1:9090", False),
        ("http://127.0.0.1.example.com", False),
        ("", False),
    ],
)
def test_only_plain_http_to_this_machine_counts_as_loopback(url: str, plain: bool) -> None:
    assert is_plain_loopback(url) is plain


async def test_a_client_follows_no_redirect_and_has_a_time_limit() -> None:
    async with client("http://127.0.0.1:9", timeout_s=2.5) as http:
        assert http.follow_redirects is False
        assert (http.timeout.read, http.timeout.connect) == (2.5, 2.5)
