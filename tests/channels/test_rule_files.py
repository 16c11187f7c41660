"""Files of rules over the wire: stored by version, looked through, compared, taken back, tried out."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.principal import Permission, Principal
from core.security.encryption import Vault
from core.storage.database import Database
from core.storage.kept_alerts import KeptAlerts
from mcp_servers.client import Connections, Tools, desk_over, in_process
from sandbox.server import serving
from tests.channels.conftest import ANN, Room

SHOP = Path(__file__).parents[2] / "sandbox" / "snapshots" / "shop"


def text(expression: str = "up == 0", name: str = "Down", held: str = "5m") -> str:
    return f"""groups:
- name: web
  rules:
  - alert: {name}
    expr: {expression}
    for: {held}
    labels: {{severity: critical}}
    annotations: {{summary: it is down, runbook_url: https://runbooks.example/down}}
"""


async def stored(room: Room, *texts: str, name: str = "web") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for n, one in enumerate(texts):
        asked = {"name": name, "text": one, "reason": f"step {n}", "based_on": n}
        found = (await room.tools.call("alerting_set_rule_file", **asked)).data
    return found


async def test_each_change_is_a_version_that_says_who_when_and_why(room: Room) -> None:
    await stored(room, text(), text("up == 0 or probe_success == 0"))
    found = (await room.tools.call("alerting_rule_file_versions", name="web")).data["rows"]
    assert [(one["version"], one["created_by"], one["reason"]) for one in found] == [
        (2, "ann", "step 1"),
        (1, "ann", "step 0"),
    ]
    [newest] = (await room.tools.call("alerting_list_rule_files")).data["rows"]
    assert (newest["name"], newest["version"], newest["alerts"]) == ("web", 2, 1)


async def test_one_step_brings_the_version_before_back_as_a_new_one(room: Room) -> None:
    await stored(room, text(), text("up == 1"))
    back = await room.tools.call("alerting_roll_back_rule_file", name="web", reason="too loud")
    assert (back.data["version"], back.data["text"]) == (3, text())
    with pytest.raises(NotFound, match="no version 9"):
        await room.tools.call(
            "alerting_roll_back_rule_file", name="web", reason="nowhere", version=9
        )


async def test_a_removed_file_is_not_listed_and_a_rollback_brings_it_back(room: Room) -> None:
    await stored(room, text())
    gone = await room.tools.call("alerting_remove_rule_file", name="web", reason="not ours")
    assert gone.data["removed"]
    assert (await room.tools.call("alerting_list_rule_files")).data["rows"] == []
    with pytest.raises(NotFound):
        await room.tools.call("alerting_show_rule_file", name="web")
    await room.tools.call("alerting_roll_back_rule_file", name="web", reason="ours after all")
    assert (await room.tools.call("alerting_show_rule_file", name="web")).data["text"] == text()


async def test_who_changes_what_somebody_else_changed_meanwhile_is_told(room: Room) -> None:
    await stored(room, text(), text("up == 1"))
    late = {"name": "web", "text": text("up < 1"), "reason": "late", "based_on": 1}
    with pytest.raises(Conflict, match="version 2 by now"):
        await room.tools.call("alerting_set_rule_file", **late)


async def test_errors_keep_a_file_out_unless_it_is_wanted_with_them(room: Room) -> None:
    asked = {"name": "web", "text": text("sum(("), "reason": "broken", "based_on": 0}
    with pytest.raises(Invalid, match=r"keep them out: 1.*web/Down: .*cannot be read"):
        await room.tools.call("alerting_set_rule_file", **asked)
    assert (await room.tools.call("alerting_list_rule_files")).data["rows"] == []
    kept = (await room.tools.call("alerting_set_rule_file", **asked, with_errors=True)).data
    assert "unreadable" in {one["check"] for one in kept["remarks"]}


async def test_a_back_test_over_more_than_it_can_look_at_is_refused_and_not_cut(room: Room) -> None:
    with pytest.raises(Invalid, match="31 days at most"):
        await room.tools.call("alerting_back_test_rules", text=text(), window="P60D")
    with pytest.raises(Invalid, match="15 seconds at most"):
        await room.tools.call("alerting_back_test_rules", text=text(), step="PT1S")


async def test_a_rule_that_stands_in_another_file_already_is_remarked_upon(room: Room) -> None:
    await stored(room, text(), name="first")
    second = await stored(room, text(), name="second")
    assert "duplicate" in {one["check"] for one in second["remarks"]}
    asked = {"name": "second", "language": "zh"}
    shown = (await room.tools.call("alerting_show_rule_file", **asked)).data
    assert any("重复" in one["text"] or "已" in one["text"] for one in shown["remarks"])


async def test_a_diff_speaks_of_rules_and_of_lines(room: Room) -> None:
    await stored(room, text(), text("up == 0", held="10m"))
    found = (await room.tools.call("alerting_diff_rule_file", name="web")).data
    assert (found["before"], found["after"]) == (1, 2)
    [one] = found["changes"]
    assert one["fields"] == [{"field": "for", "before": "5m", "after": "10m"}]
    assert "-    for: 5m" in found["lines"]
    planned = {"name": "web", "text": text(name="Gone")}
    against = (await room.tools.call("alerting_diff_rule_file", **planned)).data
    assert [one["how"] for one in against["changes"]] == ["removed", "added"]


async def test_the_first_version_is_compared_with_nothing(room: Room) -> None:
    await stored(room, text())
    found = (await room.tools.call("alerting_diff_rule_file", name="web")).data
    assert (found["before"], [one["how"] for one in found["changes"]]) == (0, ["added"])


@pytest.fixture(scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Tools, Tools]]:
    """Tools of somebody who sees all, and of somebody who sees one namespace, over the shop."""
    file = tmp_path_factory.mktemp("data") / "midwatch.db"
    async with (
        serving(SHOP) as addresses,
        Database.opened(f"sqlite:///{file}") as database,
    ):
        reach = Connections(clusterless=True, prometheus_url=addresses.prometheus)
        desk = desk_over(KeptAlerts(database), Vault.of("a key " * 8), practice=True)
        async with in_process(reach, desk=desk, only=("alerting",)) as sessions:
            one = frozenset({"shop"})
            bob = Principal("bob", permissions=frozenset(Permission), namespaces=one)
            yield Tools(sessions, ANN), Tools(sessions, bob)


async def tried(
    tools: Tools, expression: str, held: str = "0s", window: str = "PT2H"
) -> dict[str, Any]:
    asked = {"text": text(expression, held=held), "window": window}
    [one] = (await tools.call("alerting_back_test_rules", **asked)).data["trials"]
    return one


async def test_a_rule_that_always_holds_would_have_fired_once_and_fires_still(
    shop: tuple[Tools, Tools],
) -> None:
    one = await tried(shop[0], "vector(1) > 0")
    assert (one["fired"], one["now"], one["brief"], one["series"]) == (1, 1, 0, 1)
    assert one["firing_s"] == 2 * 3600


async def test_what_comes_and_goes_is_counted_with_what_was_brief(
    shop: tuple[Tools, Tools],
) -> None:
    one = await tried(shop[0], "vector(time() % 1200) < 180")
    assert 6 <= one["fired"] <= 7
    assert one["brief"] >= 5
    held = await tried(shop[0], "vector(time() % 1200) < 180", held="10m")
    assert held["fired"] == 0


async def test_a_metric_that_is_not_there_is_named_rather_than_taken_for_peace(
    shop: tuple[Tools, Tools],
) -> None:
    one = await tried(shop[0], 'no_such_metric{job="web"} > 1')
    assert (one["fired"], one["without_data"]) == (0, ['no_such_metric{job="web"}'])


async def test_a_back_test_says_since_when_what_it_reads_is_known(
    shop: tuple[Tools, Tools],
) -> None:
    assert (await tried(shop[0], "up == 0"))["data_since"] is None
    longer = await tried(shop[0], "up == 0", window="P7D")
    known = datetime.now(UTC) - datetime.fromisoformat(longer["data_since"])
    # The shop's `up` is recorded for three hours, found within what is between two looks.
    assert timedelta(hours=2.5) < known < timedelta(hours=3.5)
    assert (await tried(shop[0], "vector(1) > 0", window="P7D"))["data_since"] is None


async def test_what_cannot_be_read_says_why_and_leaves_the_others_tried(
    shop: tuple[Tools, Tools],
) -> None:
    one = await tried(shop[0], "sum((")
    assert one["failed"]
    assert (await tried(shop[0], "vector(1) > 0"))["fired"] == 1


async def test_the_rules_in_force_are_tried_where_none_are_given(
    shop: tuple[Tools, Tools],
) -> None:
    found = (await shop[0].call("alerting_back_test_rules", window="PT1H", step="PT5M")).data
    assert len(found["trials"]) + len(found["untried"]) > 3
    assert not any(one["failed"] for one in found["trials"])


async def test_who_sees_one_namespace_tries_nothing_out_over_all(
    shop: tuple[Tools, Tools],
) -> None:
    with pytest.raises((Forbidden, Invalid), match="every namespace"):
        await tried(shop[1], "vector(1) > 0")
