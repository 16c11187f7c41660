"""Recorded alerts and silences, served while time goes on; and the public command-line client."""

import shutil
import subprocess
import time
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import Invalid
from sandbox.alertmanager_api import routes
from tests.sandbox.prometheus_servers import serving
from tests.sandbox.test_alertmanager_api import alert, ask, at, names, silence

SILENCED = "4a1c7b0e-8a55-4a53-9c1d-1f0e9a2b7c11"


class Clock:
    """The time of the day, and what it was put ahead."""

    ahead_s = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def url(clock: Clock) -> Generator[str]:
    alerts = [
        recorded("Firing", endsAt=at(minutes=4), startsAt=at(hours=-1)),
        recorded("Endless", endsAt="0001-01-01T00:00:00Z"),
        recorded("Ended", endsAt=at(minutes=-30)),
        recorded("Quiet", status={"state": "suppressed", "silencedBy": [SILENCED]}),
        recorded("Under", status={"state": "suppressed", "inhibitedBy": ["86ffee69cae92b61"]}),
    ]
    silences = [{**silence(("alertname", "=Quiet")), "id": SILENCED}]
    with serving(routes(alerts, silences, clock)) as address:
        yield address


def recorded(name: str, **fields: Any) -> dict[str, Any]:
    return {**alert(name), "receivers": [{"name": "on-call"}], "annotations": {}, **fields}


def states(url: str) -> dict[str, str]:
    return {one["labels"]["alertname"]: one["status"]["state"] for one in ask(url, "alerts")[1]}


def test_recorded_alerts_stand_as_they_were(url: str) -> None:
    assert states(url) == {
        "Endless": "active",
        "Firing": "active",
        "Quiet": "suppressed",
        "Under": "suppressed",
    }


def test_recorded_alerts_go_on_firing(url: str, clock: Clock) -> None:
    clock.ahead_s += 3600
    [found] = ask(url, "alerts?filter=alertname%3DFiring")[1]
    now = datetime.fromtimestamp(clock(), UTC)
    assert datetime.fromisoformat(found["endsAt"]) > now
    assert 0 <= (now - datetime.fromisoformat(found["updatedAt"])).total_seconds() < 60
    assert found["startsAt"] < at(minutes=-59)


def test_posted_alerts_end_when_nobody_repeats_them(url: str, clock: Clock) -> None:
    ask(url, "alerts", "POST", [alert("New")])
    clock.ahead_s += 299
    assert "New" in states(url)
    clock.ahead_s += 2
    assert "New" not in states(url)


def test_a_recorded_alert_can_be_resolved(url: str) -> None:
    ask(url, "alerts", "POST", [{**alert("Firing"), "startsAt": at(hours=-1), "endsAt": at()}])
    assert "Firing" not in states(url)


def test_an_alert_speaks_again_when_its_silence_ends(url: str, clock: Clock) -> None:
    clock.ahead_s += 3601
    assert states(url)["Quiet"] == "active"
    assert ask(url, f"silence/{SILENCED}")[1]["status"]["state"] == "expired"


def test_inhibited_alerts_can_be_left_out(url: str) -> None:
    assert "Under" not in names(ask(url, "alerts?inhibited=false")[1])


def test_a_silence_whose_pattern_is_none_names_the_file() -> None:
    broken = {**silence(("a", "=~(")), "id": SILENCED}
    with pytest.raises(Invalid, match=rf"silences.json: silence {SILENCED}: error parsing regexp"):
        routes([], [broken], time.time)


@pytest.mark.live
def test_amtool_works_against_it(url: str) -> None:
    assert shutil.which("amtool"), "Debian's prometheus-alertmanager is missing"

    def amtool(*arguments: str) -> str:
        command = ["amtool", f"--alertmanager.url={url}", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    assert "Firing" in amtool("alert", "query", "alertname=~F.*")
    created = amtool("silence", "add", "alertname=Firing", "-a", "ann", "-c", "mending").strip()
    assert created in amtool("silence", "query")
    assert "Firing" not in amtool("alert", "query")
    amtool("silence", "expire", created)
    assert "Firing" in amtool("alert", "query")
    amtool("alert", "add", "alertname=Added", "severity=low")
    assert "Added" in amtool("alert", "query")
