"""Configurations of Alertmanagers over the wire: stored by version, tried, compared, rendered, taken back."""

from typing import Any

import pytest
import yaml

from core.errors import Conflict, Invalid, NotFound
from tests.channels.conftest import Room

TEMPLATE = """
route:
  receiver: ops
  group_by: [alertname]
  routes:
  - <<each team in teams>>: {receiver: <<team>>, matchers: ['team="<<team>>"']}
receivers:
- {name: ops, webhook_configs: [{url: 'https://midwatch.<<region>>.example/hook'}]}
- <<each team in teams>>: {name: <<team>>}
"""
VALUES: dict[str, Any] = {"teams": ["web"], "region": "eu"}


async def stored(room: Room, text: str = TEMPLATE, based_on: int = 0, **more: Any) -> Any:
    asked = {"values": VALUES, "reason": "test", **more}
    return (
        await room.tools.call(
            "alerting_set_manager_config", name="main", text=text, based_on=based_on, **asked
        )
    ).data


async def read_by(room: Room, target: str = "", version: int = 0) -> dict[str, Any]:
    asked = {"name": "main", "target": target, "version": version}
    return (await room.tools.call("alerting_render_manager_config", **asked)).data


async def test_each_target_reads_the_template_with_its_own_values(room: Room) -> None:
    await stored(room, by_target={"us": {"region": "us", "teams": ["web", "data"]}, "eu": {}})
    us, eu = await read_by(room, "us"), await read_by(room, "eu")
    assert [one["name"] for one in yaml.safe_load(us["text"])["receivers"]] == [
        "ops",
        "web",
        "data",
    ]
    assert "midwatch.eu.example" in eu["text"]
    assert us["digest"] != eu["digest"] == (await read_by(room))["digest"]


async def test_a_digest_is_of_what_is_read_and_not_of_the_version(room: Room) -> None:
    await stored(room)
    first = await read_by(room)
    await stored(room, TEMPLATE + "# a remark\n", 1)
    second = await read_by(room)
    assert (second["version"], second["digest"]) == (2, first["digest"])


BOMB = "\n".join(
    [
        "a0: &a0 [x, x, x, x, x, x, x, x, x, x]",
        *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)),
    ]
)
NESTED = "[<<each a in many>>: [<<each b in many>>: [<<each c in many>>: {name: <<a>>}]]]"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (BOMB, {}),
        ("[" * 3000 + "]" * 3000, {}),
        ("a: &a [*a]", {}),
        (f"receivers: {NESTED}", {"many": list(range(100))}),
    ],
)
async def test_a_small_text_that_would_become_a_huge_one_is_refused(
    room: Room, text: str, values: dict[str, Any]
) -> None:
    with pytest.raises(Invalid, match="more than 200000 values"):
        await stored(room, text, values=values)


async def test_aliases_that_stay_small_are_read(room: Room) -> None:
    text = "route: {receiver: &who ops}\nreceivers: [{name: *who}]\n"
    await stored(room, text, values={})
    assert "receiver: ops" in (await read_by(room))["text"]


async def test_several_documents_are_refused(room: Room) -> None:
    with pytest.raises(Invalid, match="one YAML document, and here are 2"):
        await stored(room, "route: {receiver: a}\n---\nroute: {receiver: b}\n")


async def test_an_error_for_any_target_keeps_a_change_out_unless_it_is_wanted(room: Room) -> None:
    broken = {"us": {"teams": ["web", "web"]}}
    with pytest.raises(Invalid, match=r"keep it out: 1\. The first is in receivers"):
        await stored(room, by_target=broken)
    shown = await stored(room, by_target=broken, with_errors=True)
    assert [(one["target"], one["check"]) for one in shown["remarks"]] == [("us", "receiver_twice")]


async def test_a_value_that_is_missing_is_named(room: Room) -> None:
    with pytest.raises(Invalid, match="no value for region"):
        await stored(room, values={"teams": []})


@pytest.mark.parametrize(
    "secret",
    [
        "{url: 'https://qyapi.example/send?key=0123456789abcdef'}",
        "{url: 'https://x.example', http_config: {basic_auth: {username: a, password: b}}}",
    ],
)
async def test_secrets_are_never_stored_not_even_with_errors(room: Room, secret: str) -> None:
    text = f"route: {{receiver: a}}\nreceivers: [{{name: a, webhook_configs: [{secret}]}}]\n"
    with pytest.raises(Invalid, match="secret"):
        await stored(room, text, with_errors=True)


async def test_a_file_that_holds_a_secret_is_named_and_arrives_as_it_is_written(room: Room) -> None:
    text = """
global: {smtp_smarthost: 'm:25', smtp_from: a@b.example, smtp_auth_password_file: /etc/am/smtp-password}
route: {receiver: a}
receivers:
- {name: a, email_configs: [{to: a@b.example}], pagerduty_configs: [{routing_key_file: keys/pager.txt}]}
"""
    await stored(room, text)
    read = yaml.safe_load((await read_by(room))["text"])
    assert read == yaml.safe_load(text)


async def test_trying_a_change_stores_nothing_and_says_what_would_differ(room: Room) -> None:
    await stored(room)
    asked = {"name": "main", "values": {"teams": ["web", "data"], "region": "eu"}}
    tried = (await room.tools.call("alerting_check_manager_config", **asked)).data
    assert [one for one in tried["lines"] if one.startswith("+-")] == ["+- name: data"]
    assert any('team="data"' in one for one in tried["lines"])
    versions = await room.tools.call("alerting_manager_config_versions", name="main")
    assert len(versions.data["rows"]) == 1


async def test_who_read_an_older_version_is_refused(room: Room) -> None:
    await stored(room)
    with pytest.raises(Conflict, match="at version 1"):
        await stored(room, based_on=0)


async def test_a_rollback_makes_the_version_before_the_newest_with_its_values(room: Room) -> None:
    await stored(room)
    await stored(room, based_on=1, values={**VALUES, "region": "moon"})
    diff = (await room.tools.call("alerting_diff_manager_config", name="main")).data
    assert (diff["before"], diff["after"]) == (1, 2)
    assert any("moon" in one for one in diff["lines"])
    back = await room.tools.call("alerting_roll_back_manager_config", name="main", reason="moon")
    assert (back.data["version"], back.data["defaults"]) == (3, VALUES)
    assert (await read_by(room))["digest"] == (await read_by(room, version=1))["digest"]


async def test_one_that_is_removed_is_listed_no_more_and_comes_back(room: Room) -> None:
    await stored(room)
    asked = {"name": "main", "reason": "over"}
    gone = (await room.tools.call("alerting_remove_manager_config", **asked)).data
    assert (gone["version"], gone["removed"]) == (2, True)
    assert (await room.tools.call("alerting_list_manager_configs")).data["rows"] == []
    with pytest.raises(NotFound):
        await read_by(room)
    await room.tools.call("alerting_roll_back_manager_config", **asked)
    assert (await read_by(room))["version"] == 3


@pytest.mark.parametrize("version", [0, 7])
async def test_what_is_not_there_is_said_so(room: Room, version: int) -> None:
    with pytest.raises(NotFound):
        await read_by(room, version=version)
    asked = {"name": "main", "reason": "test", "version": version}
    with pytest.raises(NotFound):
        await room.tools.call("alerting_roll_back_manager_config", **asked)


async def test_the_first_version_has_none_before_it(room: Room) -> None:
    await stored(room)
    with pytest.raises(NotFound, match="no version 0"):
        await room.tools.call("alerting_roll_back_manager_config", name="main", reason="test")
