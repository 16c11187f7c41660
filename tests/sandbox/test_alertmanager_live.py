"""The same alerts and silences, posted to the practice cluster and to a real Alertmanager."""

import random
import shutil
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from sandbox.alertmanager_api import routes
from tests.ports import free_port
from tests.sandbox.prometheus_servers import running, serving
from tests.sandbox.test_alertmanager_api import CONFIG, PAST, alert, ask, at, silence

pytestmark = pytest.mark.live

# How long the real server may take to group what was posted.
GROUPED_WITHIN_S = 10.0

FILTERS = (
    (), ('severity="critical"',), ('severity!="critical"',), ('service=~"c.*"',),
    ('service!~"c.*|"',), ('missing=""',), ('alertname=~"A|B"', 'zone="a"'), ("zone=a",),
    ('"zone"="a"',), ('service=~"("',), ("=",), ("severity",), ('severity="critical",zone="a"',),
    ('{severity="critical"}',),
)  # fmt: skip
FLAGS = ({}, {"active": "false"}, {"silenced": "false"}, {"inhibited": "false"}, {"active": "no"})
RECEIVERS = (
    {},
    {"receiver": "on-call"},
    {"receiver": "on-.*"},
    {"receiver": "x"},
    {"receiver": "("},
)

Urls = tuple[str, str]


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Generator[Urls]:
    """Ours and the real one, with the same alerts and silences in them."""
    assert shutil.which("prometheus-alertmanager"), "Debian's prometheus-alertmanager is missing"
    folder = tmp_path_factory.mktemp("alertmanager")
    with serving(routes([PAST], [], time.time)) as ours, real(folder) as theirs:
        for path, body in posted():
            assert ask(ours, path, "POST", body)[0] == ask(theirs, path, "POST", body)[0] == 200
        wait_until_grouped((ours, theirs))
        yield ours, theirs


@contextmanager
def real(folder: Path) -> Generator[str]:
    (folder / "am.yml").write_text(CONFIG)
    port = free_port()
    command = [
        "prometheus-alertmanager",
        f"--config.file={folder / 'am.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with running(command, folder / "am.log", f"http://127.0.0.1:{port}/-/ready"):
        yield f"http://127.0.0.1:{port}"


def posted() -> list[tuple[str, Any]]:
    """Forty alerts with labels by chance, and silences that hold for some of them."""
    chance = random.Random(5)  # noqa: S311 - tests, not secrets
    alerts = [
        {
            **alert(
                chance.choice("ABCD"),
                severity=chance.choice(("critical", "warning", "info")),
                service=chance.choice(("cart", "checkout", "search")),
                zone=chance.choice(("a", "b")),
                number=str(number % 25),
            ),
            "startsAt": at(minutes=-number),
            "endsAt": at(hours=1),
            "annotations": {"summary": f"number {number}"},
            "generatorURL": f"http://prometheus/{number}",
        }
        for number in range(40)
    ]
    silences = [
        silence(("service", "=cart")),
        silence(("service", "=~c.*"), ("severity", "!=info")),
        silence(("zone", "!~a|c"), ("alertname", "=A")),
        silence(("alertname", "=B"), startsAt=at(hours=1), endsAt=at(hours=2)),
    ]
    return [("alerts", alerts), *(("silences", one) for one in silences)]


def wait_until_grouped(urls: Urls) -> None:
    deadline_s = time.monotonic() + GROUPED_WITHIN_S
    while both(urls, "alerts/groups")[0] != both(urls, "alerts/groups")[1]:
        assert time.monotonic() < deadline_s, both(urls, "alerts/groups")


def both(urls: Urls, path: str, **query: Any) -> tuple[Any, Any]:
    asked = f"{path}?{urlencode(query, doseq=True)}"
    ours, theirs = (ask(url, asked) for url in urls)
    return plain(ours), plain(theirs)


def plain(answer: tuple[int, Any]) -> Any:
    """Without what each server makes up: ids, its own times, and the order of an unordered list."""
    status, body = answer
    return (status, body) if status != 200 else (status, comparable(body))


def comparable(value: Any) -> Any:
    if isinstance(value, list):
        return sorted((comparable(one) for one in value), key=repr)
    if not isinstance(value, dict):
        return value
    if "silencedBy" in value:  # ids differ; how many there are does not
        ids = len(value["silencedBy"])
        value = {"state": value["state"], "inhibitedBy": value["inhibitedBy"], "silencedBy": ids}
    left_out = ("id", "updatedAt", "mutedBy")
    if "matchers" in value:  # a silence from the past begins when it is taken
        left_out = (*left_out, "startsAt")
    return {name: comparable(one) for name, one in value.items() if name not in left_out}


@pytest.mark.parametrize("path", ["alerts", "alerts/groups", "silences"])
@pytest.mark.parametrize("filters", FILTERS, ids=repr)
def test_filters_let_the_same_through(urls: Urls, path: str, filters: tuple[str, ...]) -> None:
    ours, theirs = both(urls, path, filter=filters)
    assert ours == theirs


@pytest.mark.parametrize("path", ["alerts", "alerts/groups"])
@pytest.mark.parametrize("flags", [*FLAGS, *RECEIVERS[1:]], ids=repr)
def test_states_and_receivers_let_the_same_through(
    urls: Urls, path: str, flags: dict[str, str]
) -> None:
    ours, theirs = both(urls, path, **flags)
    assert ours == theirs


def test_receivers_are_the_same(urls: Urls) -> None:
    ours, theirs = both(urls, "receivers")
    assert ours == theirs


def test_the_status_has_the_same_fields(urls: Urls) -> None:
    ours, theirs = (ask(url, "status")[1] for url in urls)
    assert {name: set(one) for name, one in ours.items() if isinstance(one, dict)} == {
        name: set(one) for name, one in theirs.items() if isinstance(one, dict)
    }
    assert set(ours) == set(theirs)


@pytest.mark.parametrize(
    "body",
    [
        [], {}, "", "[", [{}], [{"labels": {}}], [{"labels": {"a b": "c"}}], [{"labels": {"a": ""}}],
        [{"labels": {"a": "b"}, "startsAt": "soon"}], [{"labels": {"a": 1}}],
        [{"labels": {"a": "b"}, "startsAt": "2026-01-02T00:00:00Z", "endsAt": "2026-01-01T00:00:00Z"}],
    ],
    ids=repr,
)  # fmt: skip
def test_alerts_are_refused_alike(urls: Urls, body: Any) -> None:
    ours, theirs = (ask(url, "alerts", "POST", body) for url in urls)
    assert ours[0] == theirs[0], (ours, theirs)


@pytest.mark.parametrize(
    "changed",
    [
        {"matchers": []}, {"matchers": None}, {"endsAt": "2020-01-01T00:00:00Z"}, {"createdBy": ""},
        {"comment": ""}, {"startsAt": None}, {"matchers": [{"name": "a", "value": "("}]},
        {"matchers": [{"name": "a", "value": "(", "isRegex": True}]},
        {"matchers": [{"name": "a", "value": "", "isRegex": False}]},
        {"id": "9d1c2b1e-0000-4000-8000-000000000000"}, {"id": "x"},
    ],
    ids=repr,
)  # fmt: skip
def test_silences_are_refused_alike(urls: Urls, changed: dict[str, Any]) -> None:
    body = {**silence(("nobody", "=has-this")), **changed}
    ours, theirs = (ask(url, "silences", "POST", body) for url in urls)
    assert ours[0] == theirs[0], (ours, theirs)
