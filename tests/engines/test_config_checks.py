"""Configurations of Alertmanager looked through: what is wrong has a name and a place."""

import pytest
import yaml

from mcp_servers.engines.config_checks import checked, seconds_of
from tests.engines.manager_cases import GOOD, REFUSED, TAKEN, changed


def codes(text: str, *, fatal: bool) -> set[str]:
    return {one.code for one in checked(yaml.safe_load(text)) if one.fatal is fatal}


def test_a_good_configuration_has_nothing_to_remark() -> None:
    assert checked(yaml.safe_load(GOOD)) == []


@pytest.mark.parametrize("name", REFUSED)
def test_what_alertmanager_refuses_is_an_error(name: str) -> None:
    assert name.split(" ")[0] in codes(changed(*REFUSED[name]), fatal=True)


@pytest.mark.parametrize("name", TAKEN)
def test_what_goes_astray_is_a_warning_alone(name: str) -> None:
    text = changed(*TAKEN[name])
    assert (codes(text, fatal=True), codes(text, fatal=False)) == (set(), {name})


@pytest.mark.parametrize(
    "secret",
    [
        "global: {slack_api_url: 'https://hooks.example/x'}",
        "receivers: [{name: a, slack_configs: [{api_url: 'https://hooks.example/x'}]}]",
        "receivers: [{name: a, pagerduty_configs: [{routing_key: abc}]}]",
        "receivers: [{name: a, webhook_configs: [{url: x, http_config: {basic_auth: {password: p}}}]}]",
    ],
)
def test_a_secret_in_the_open_is_an_error_and_the_name_of_its_file_is_none(secret: str) -> None:
    route = "\nroute: {receiver: a}\n"
    assert "secret_inside" in codes(secret + route, fatal=True)
    for name in ("slack_api_url", "api_url", "routing_key", "password"):
        secret = secret.replace(f"{name}:", f"{name}_file:")
    assert "secret_inside" not in codes(secret + route, fatal=True)


@pytest.mark.parametrize("text", ["", "[]", "a text", "{}", "{route: [], receivers: {}}"])
def test_what_is_no_configuration_at_all_is_said_to_be_none(text: str) -> None:
    assert codes(text, fatal=True)


def test_spans_are_read_as_prometheus_writes_them() -> None:
    read = [seconds_of(one) for one in ("1h30m", "0", "250ms", "1m1h", "5", "")]
    assert read == [5400, 0, 0.25, None, None, None]
