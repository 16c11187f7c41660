"""Since when an alert is active, and when it waits, fires, and goes on firing."""

import time
from pathlib import Path
from typing import Any

import pytest

from core.errors import Invalid
from sandbox.prometheus_api import routes
from sandbox.series import SeriesStore
from tests.sandbox.prometheus_servers import serving
from tests.sandbox.test_prometheus_api import data
from tests.sandbox.test_series import T

# On a whole minute, as the turns of a group are.
BEGIN_S = T - T % 60

# Three hours at a sample a minute; `up` says at which minutes it is 0.
MINUTES = 180


def recorded(folder: Path, down: set[int]) -> SeriesStore:
    path = folder / "metrics.om"
    lines = [
        f'up{{job="db"}} {0 if minute in down else 1} {BEGIN_S + 60 * minute}'
        for minute in range(MINUTES + 1)
    ]
    path.write_text("\n".join([*lines, "# EOF"]))
    return SeriesStore.read([path], grows=False)


def alerts(series: SeriesStore, *, minute: float, **rule: Any) -> list[dict[str, Any]]:
    """What is told at a minute of a rule on `up == 0`."""
    group = {"name": "g", "rules": [{"alert": "Down", "expr": "up == 0", **rule}]}
    with serving(routes(series, [group], lambda: BEGIN_S + 60 * minute)) as url:
        return data(url, "alerts")["alerts"]


@pytest.mark.parametrize(
    ("minute", "expected"),
    [
        (99, None),
        (100, "pending"),
        (104.9, "pending"),
        (105, "firing"),
        (119, "firing"),
        (121, None),
    ],
)
def test_an_alert_waits_before_it_fires(
    tmp_path: Path, minute: float, expected: str | None
) -> None:
    series = recorded(tmp_path, down=set(range(100, 121)))
    found = alerts(series, minute=minute, **{"for": "5m"})
    assert [one["state"] for one in found] == ([expected] if expected else [])


def test_it_is_active_since_its_first_turn(tmp_path: Path) -> None:
    series = recorded(tmp_path, down={90, *range(100, 181)})
    [alert] = alerts(series, minute=150)
    since = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(BEGIN_S + 6000))
    assert (alert["activeAt"], alert["value"]) == (since, "0e+00")
    assert alert["labels"] == {"alertname": "Down", "job": "db"}


@pytest.mark.parametrize(("minute", "count"), [(120, 1), (121, 1), (129, 1), (131, 0)])
def test_it_may_go_on_firing_for_a_while(tmp_path: Path, minute: int, count: int) -> None:
    series = recorded(tmp_path, down=set(range(100, 121)))
    assert len(alerts(series, minute=minute, keep_firing_for="10m")) == count


def test_what_has_never_fired_does_not_go_on(tmp_path: Path) -> None:
    series = recorded(tmp_path, down={100, 101})
    assert alerts(series, minute=102, keep_firing_for="10m", **{"for": "5m"}) == []


def test_a_rule_that_fails_says_why(tmp_path: Path) -> None:
    series = recorded(tmp_path, down=set())
    rules = [
        {"alert": "Broken", "expr": "up{"},
        {"alert": "Elsewhere", "expr": "info(up)"},
        {"record": "broken", "expr": "nonsense(up)"},
    ]
    with serving(routes(series, [{"name": "g", "rules": rules}], lambda: BEGIN_S + 60)) as url:
        found = data(url, "rules")["groups"][0]["rules"]
    assert [one["health"] for one in found] == ["err"] * 3
    assert found[0]["lastError"].startswith("1:4: parse error: ")
    assert found[1]["lastError"] == "function info is not supported by the practice cluster"


def test_a_template_that_is_not_supported_says_so(tmp_path: Path) -> None:
    series = recorded(tmp_path, down={100})
    [alert] = alerts(series, minute=100, annotations={"summary": "{{ query `up` | first }}"})
    assert alert["annotations"]["summary"].startswith("<error expanding template: ")


@pytest.mark.parametrize(
    "group",
    [
        {"rules": [{"expr": "up"}]},
        {"rules": [{"alert": "A", "expr": "up", "for": "soon"}]},
        {"rules": "none"},
        {"interval": "often"},
        {"rules": [{"alert": "A", "expr": "up", "labels": ["x"]}]},
    ],
    ids=str,
)
def test_a_group_that_is_none_names_its_file(group: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match=r"web\.yaml: the rule group 'g' cannot be read: "):
        routes(SeriesStore(), [{"name": "g", "file": "web.yaml", **group}], time.time)
