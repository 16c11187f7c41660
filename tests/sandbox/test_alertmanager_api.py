"""Alertmanager's API v2: the same expectations of the practice cluster's and of the real one."""

import json
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from sandbox.alertmanager_api import routes
from tests.ports import free_port
from tests.sandbox.prometheus_servers import running, serving

CONFIG = """
route: {receiver: on-call, group_by: [alertname]}
receivers: [{name: on-call}]
"""

# One recorded alert, long over, so that both servers have the same receiver and no alerts.
PAST = {
    "labels": {"alertname": "Past"},
    "endsAt": "2020-01-01T00:00:00Z",
    "receivers": [{"name": "on-call"}],
}


def without_moments(value: Any) -> str | None:
    """A name for a parameter that is the same in every process: bodies hold the time of day."""
    return None if isinstance(value, dict | list) else str(value)


@pytest.fixture(params=["practice", pytest.param("real", marks=pytest.mark.live)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[str]:
    if request.param == "practice":
        with serving(routes([PAST], [], time.time)) as address:
            yield address
        return
    assert shutil.which("prometheus-alertmanager"), "Debian's prometheus-alertmanager is missing"
    (tmp_path / "am.yml").write_text(CONFIG)
    port = free_port()
    command = [
        "prometheus-alertmanager",
        f"--config.file={tmp_path / 'am.yml'}",
        f"--storage.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with running(command, tmp_path / "am.log", f"http://127.0.0.1:{port}/-/ready"):
        yield f"http://127.0.0.1:{port}"


def ask(url: str, path: str, method: str = "GET", body: Any = None) -> tuple[int, Any]:
    """Status and JSON; a string is sent as it is."""
    data = None if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()
    request = urllib.request.Request(f"{url}/api/v2/{path}", data, method=method)  # noqa: S310
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310
            status, content = response.status, response.read()
    except urllib.error.HTTPError as error:
        status, content = error.code, error.read()
    return status, json.loads(content) if content else None


def at(**offset: float) -> str:
    return (datetime.now(UTC) + timedelta(**offset)).isoformat()


def alert(name: str, **labels: str) -> dict[str, Any]:
    return {"labels": {"alertname": name, **labels}}


def silence(*matchers: tuple[str, str], **fields: Any) -> dict[str, Any]:
    """Matchers as name and operator with value: `("alertname", "=~A|B")`."""
    return {
        "matchers": [
            {
                "name": name,
                "value": text.lstrip("=!~"),
                "isRegex": "~" in text[:2],
                "isEqual": text.startswith("="),
            }
            for name, text in matchers
        ],
        "startsAt": at(seconds=-5),
        "endsAt": at(hours=1),
        "createdBy": "ann",
        "comment": "mending it",
        **fields,
    }


def names(found: Any) -> list[str]:
    return sorted(one["labels"]["alertname"] for one in found)


def test_a_posted_alert_is_there_with_its_fingerprint(url: str) -> None:
    posted = {**alert("A", severity="critical"), "generatorURL": "http://x/", "startsAt": at()}
    assert ask(url, "alerts", "POST", [posted]) == (200, None)
    [found] = ask(url, "alerts")[1]
    assert found["fingerprint"] == "b807e636403824b5"
    assert found["labels"] == posted["labels"]
    assert found["generatorURL"] == "http://x/"
    assert found["receivers"] == [{"name": "on-call"}]
    status = {key: found["status"][key] for key in ("state", "silencedBy", "inhibitedBy")}
    assert status == {"state": "active", "silencedBy": [], "inhibitedBy": []}


def test_an_alert_without_an_end_lasts_five_minutes(url: str) -> None:
    ask(url, "alerts", "POST", [alert("A")])
    [found] = ask(url, "alerts")[1]
    lasts = datetime.fromisoformat(found["endsAt"]) - datetime.fromisoformat(found["updatedAt"])
    assert lasts == timedelta(minutes=5)


def test_a_resolved_alert_is_gone(url: str) -> None:
    ask(url, "alerts", "POST", [{**alert("A"), "startsAt": at(minutes=-5)}])
    ended = {**alert("A"), "startsAt": at(minutes=-5), "endsAt": at(seconds=-1)}
    assert ask(url, "alerts", "POST", [ended])[0] == 200
    assert ask(url, "alerts") == (200, [])


def test_a_repeated_alert_keeps_its_beginning(url: str) -> None:
    ask(url, "alerts", "POST", [{**alert("A"), "startsAt": at(minutes=-9)}])
    ask(url, "alerts", "POST", [{**alert("A"), "startsAt": at(minutes=-1)}])
    [found] = ask(url, "alerts")[1]
    assert found["startsAt"] < at(minutes=-8)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"filter": "alertname=A"}, ["A"]),
        ({"filter": 'alertname="A"'}, ["A"]),
        ({"filter": "alertname!=A"}, ["B", "C"]),
        ({"filter": "alertname=~A|B"}, ["A", "B"]),
        ({"filter": "alertname!~A|B"}, ["C"]),
        ({"filter": "team="}, ["A", "B"]),
        ({"filter": "team!="}, ["C"]),
        ({"receiver": "on-call"}, ["A", "B", "C"]),
        ({"receiver": "on"}, []),
        ({"receiver": "on-.*"}, ["A", "B", "C"]),
        ({"active": "false"}, ["A"]),
        ({"active": "maybe"}, ["A"]),
        ({"silenced": "false"}, ["B", "C"]),
        ({"inhibited": "false"}, ["A", "B", "C"]),
        ({"unprocessed": "false"}, ["A", "B", "C"]),
    ],
    ids=str,
)
def test_alerts_are_filtered(url: str, query: dict[str, str], expected: list[str]) -> None:
    ask(url, "alerts", "POST", [alert("A"), alert("B"), alert("C", team="x")])
    ask(url, "silences", "POST", silence(("alertname", "=A")))
    assert names(ask(url, f"alerts?{urlencode(query)}")[1]) == expected


def test_groups_are_by_alert_name(url: str) -> None:
    ask(url, "alerts", "POST", [alert("B"), alert("A", n="1"), alert("A", n="2")])
    groups = ask(url, "alerts/groups")[1]
    assert [one["labels"] for one in groups] == [{"alertname": "A"}, {"alertname": "B"}]
    assert [len(one["alerts"]) for one in groups] == [2, 1]
    assert groups[0]["receiver"] == {"name": "on-call"}


@pytest.mark.parametrize(
    ("path", "status", "answer"),
    [
        ("alerts?filter=bogus", 400, "bad matcher format: bogus"),
        ("silences?filter=bogus", 400, "bad matcher format: bogus"),
        (
            "silence/foo",
            422,
            {"code": 601, "message": 'silenceID in path must be of type uuid: "foo"'},
        ),
        ("silence/7d8a0c52-0000-4000-8000-000000000000", 404, None),
        ("nope", 404, {"code": 404, "message": "path /api/v2/nope was not found"}),
    ],
)
def test_a_wrong_question_is_told_so(url: str, path: str, status: int, answer: Any) -> None:
    assert ask(url, path) == (status, answer)


@pytest.mark.parametrize(
    ("body", "status", "answer"),
    [
        ([{}], 422, {"code": 602, "message": "0.labels in body is required"}),
        ([{"labels": {}}], 400, "at least one label pair required"),
        ([{"labels": {"a": ""}}], 400, "at least one label pair required"),
        ([{"labels": {"a-b": "x"}}], 400, 'invalid label set: invalid name "a-b"'),
        (
            [{"labels": {"a": "x"}, "startsAt": at(), "endsAt": at(hours=-1)}],
            400,
            "start time must be before end time",
        ),
        (
            [{"labels": {"a": "x"}, "startsAt": "soon"}],
            400,
            {
                "code": 400,
                "message": 'parsing alerts body from "" failed, because parsing time "soon" as'
                ' "2006-01-02 15:04:05": cannot parse "soon" as "2006"',
            },
        ),
        (
            [{"labels": {"a": "x"}, "generatorURL": "not a url"}],
            422,
            {"code": 601, "message": '0.generatorURL in body must be of type uri: "not a url"'},
        ),
        ("", 422, {"code": 602, "message": "alerts in body is required"}),
    ],
    ids=without_moments,
)
def test_bad_alerts_are_refused(url: str, body: Any, status: int, answer: Any) -> None:
    assert ask(url, "alerts", "POST", body) == (status, answer)


@pytest.mark.parametrize("body", ["nope", "{}", '[{"labels":{"a":1}}]', "[3]"])
def test_what_is_not_alerts_cannot_be_parsed(url: str, body: str) -> None:
    status, answer = ask(url, "alerts", "POST", body)
    assert (status, answer["code"]) == (400, 400)
    assert answer["message"].startswith('parsing alerts body from "" failed, because ')


def test_of_several_alerts_the_sound_ones_are_taken(url: str) -> None:
    assert ask(url, "alerts", "POST", [alert("A"), {"labels": {}}])[0] == 400
    assert names(ask(url, "alerts")[1]) == ["A"]


def test_the_status_names_version_and_config(url: str) -> None:
    status = ask(url, "status")[1]
    assert set(status) == {"cluster", "config", "uptime", "versionInfo"}
    assert status["cluster"] == {"peers": [], "status": "disabled"}
    assert "receiver: on-call" in status["config"]["original"]
    assert ask(url, "receivers")[1] == [{"name": "on-call"}]
