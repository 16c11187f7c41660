"""Routes, groups, inhibition and silences as a real Alertmanager decides them, on drawn alerts."""

import json
import random
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from mcp_servers.alerting.policies import checked, conditions, policy_of
from mcp_servers.engines.alert_routing import group_labels, inhibitor, matches, routes_for
from tests.ports import free_port

pytestmark = pytest.mark.live

LABELS = {
    "alertname": ("A", "B", "C"),
    "severity": ("critical", "warning", "info", ""),
    "team": ("web", "data", ""),
    "node": ("n1", "n2", ""),
}
ALERTS, RULES, SILENCES = 120, 6, 4
GROUPED_WITHIN_S = 30.0


def drawn_matchers(draw: random.Random) -> list[str]:
    names = draw.sample(sorted(LABELS), draw.randint(1, 2))
    return [drawn_matcher(draw, one) for one in names]


def drawn_matcher(draw: random.Random, name: str) -> str:
    values = LABELS[name]
    operator = draw.choice(["=", "=", "!=", "=~", "!~"])
    value = draw.choice(values)
    if operator.endswith("~"):
        value = draw.choice([f"{value}|{draw.choice(values)}", ".+", ".*", "[a-d].*", value])
    return f'{name}{operator}"{value}"'


def drawn_routes(draw: random.Random, depth: int = 0) -> list[dict[str, Any]]:
    return [
        {
            "matchers": drawn_matchers(draw),
            "continue": draw.random() < 0.4,
            "channels": [f"r{draw.randint(0, 4)}"],
            **(
                {"group_by": draw.sample(sorted(LABELS), draw.randint(1, 3))}
                if draw.random() < 0.6
                else {}
            ),
            "routes": drawn_routes(draw, depth + 1) if depth < 2 and draw.random() < 0.5 else [],
        }
        for _ in range(draw.randint(1, 3))
    ]


def drawn(seed: int) -> tuple[dict[str, Any], list[dict[str, str]], list[list[str]]]:
    """A policy, label sets of alerts, and silences, all by chance but the same for a seed."""
    draw = random.Random(seed)  # noqa: S311 - tests, not secrets
    policy = {
        "route": {"channels": ["r0"], "group_by": ["alertname"], "routes": drawn_routes(draw)},
        "inhibit": [
            {
                "source": drawn_matchers(draw),
                "target": drawn_matchers(draw),
                "equal": draw.sample(sorted(LABELS), draw.randint(0, 2)),
            }
            for _ in range(RULES)
        ],
    }
    alerts = [
        {name: draw.choice(values) for name, values in LABELS.items()} | {"n": str(one)}
        for one in range(ALERTS)
    ]
    alerts = [{name: value for name, value in one.items() if value} for one in alerts]
    silences = [
        [f'alertname="{draw.choice("ABC")}"', *drawn_matchers(draw)] for _ in range(SILENCES)
    ]
    return policy, alerts, silences


def theirs_of(part: dict[str, Any]) -> dict[str, Any]:
    """Our route as Alertmanager writes it."""
    found = {key: part[key] for key in ("matchers", "continue", "group_by") if key in part}
    found["receiver"] = part["channels"][0]
    found["routes"] = [theirs_of(one) for one in part.get("routes", [])]
    return found


def configuration(policy: dict[str, Any]) -> str:
    rules = [
        {
            "source_matchers": one["source"],
            "target_matchers": one["target"],
            "equal": one["equal"],
        }
        for one in policy["inhibit"]
    ]
    route = {**theirs_of(policy["route"]), "group_wait": "1s", "group_interval": "1s"}
    receivers = [{"name": f"r{one}"} for one in range(5)]
    return yaml.safe_dump({"route": route, "inhibit_rules": rules, "receivers": receivers})


def ask(url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    head = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, data, head)  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
        return json.loads(answer.read() or b"null")


@pytest.fixture(params=range(6))
def real(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[tuple[int, str]]:
    assert shutil.which("prometheus-alertmanager"), "Debian's prometheus-alertmanager is missing"
    policy, _, _ = drawn(request.param)
    (tmp_path / "am.yml").write_text(configuration(policy))
    port = free_port()
    command = [
        "prometheus-alertmanager", f"--config.file={tmp_path / 'am.yml'}",
        f"--storage.path={tmp_path / 'data'}", f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}/api/v2"
        try:
            wait_for(lambda: ask(f"{url}/status"))
            yield request.param, url
        finally:
            process.terminate()


def wait_for(done: Any) -> Any:
    until = time.monotonic() + GROUPED_WITHIN_S
    while True:
        try:
            if found := done():
                return found
        except OSError:
            pass
        assert time.monotonic() < until, "Alertmanager did not get there"
        time.sleep(0.2)


def test_every_decision_is_a_real_alertmanagers(real: tuple[int, str]) -> None:
    seed, url = real
    document, alerts, silences = drawn(seed)
    policy = policy_of(checked(document))
    ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    for one in silences:
        parts = [
            {
                "name": two.name,
                "value": two.value,
                "isEqual": not two.operator.startswith("!"),
                "isRegex": two.operator.endswith("~"),
            }
            for two in conditions(one)
        ]
        start = datetime.now(UTC).isoformat()
        body = {
            "matchers": parts,
            "startsAt": start,
            "endsAt": ends,
            "createdBy": "t",
            "comment": "t",
        }
        ask(f"{url}/silences", body)
    ask(f"{url}/alerts", [{"labels": one} for one in alerts])
    wait_for(lambda: len(ask(f"{url}/alerts")) == len(alerts) and statuses(url))
    ours = {
        (one["n"], route.channels[0], tuple(sorted(group_labels(route, one).items())))
        for one in alerts
        for route in routes_for(policy.root, one)
    }
    theirs = {
        (one["labels"]["n"], group["receiver"]["name"], tuple(sorted(group["labels"].items())))
        for group in ask(f"{url}/alerts/groups")
        for one in group["alerts"]
    }
    assert ours == theirs
    found = {one["labels"]["n"]: one["status"] for one in ask(f"{url}/alerts")}
    quiet = {one["n"] for one in alerts if inhibitor(policy.inhibitions, one, alerts)}
    assert {n for n, status in found.items() if status["inhibitedBy"]} == quiet
    silenced = {
        one["n"] for one in alerts if any(matches(conditions(two), one) for two in silences)
    }
    assert {n for n, status in found.items() if status["silencedBy"]} == silenced


def statuses(url: str) -> bool:
    """Whether every alert was looked at: its state is told only after its group was."""
    return all(one["status"]["state"] != "unprocessed" for one in ask(f"{url}/alerts"))
