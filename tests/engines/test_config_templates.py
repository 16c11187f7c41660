"""Places in a configuration filled in with values, whatever these hold."""

from typing import Any

import yaml

from mcp_servers.engines.config_templates import filled


def made(template: str, **values: Any) -> Any:
    found = filled(yaml.safe_load(template), values)
    assert (found.missing, found.misfits) == ((), ())
    return found.tree


def test_a_place_alone_keeps_the_type_of_its_value_and_one_in_a_text_is_text() -> None:
    tree = made(
        "{send: <<on>>, to: <<who>>, url: 'https://<<host>>/<<n>>'}",
        on=True,
        who=["a"],
        host="h",
        n=3,
    )
    assert tree == {"send": True, "to": ["a"], "url": "https://h/3"}


def test_no_value_can_break_the_shape_of_what_it_is_put_into() -> None:
    hostile = "x\n  - name: evil #: {{ '\"<<other>>"
    tree = made("receivers: [{name: <<name>>}, {name: 'a <<name>>'}]", name=hostile)
    written = yaml.safe_load(yaml.safe_dump(tree))
    assert written == {"receivers": [{"name": hostile}, {"name": f"a {hostile}"}]}


def test_go_templates_are_left_as_they_are() -> None:
    assert made("{text: '{{ .CommonLabels.alertname }} <<at>>'}", at="eu") == {
        "text": "{{ .CommonLabels.alertname }} eu"
    }


def test_each_makes_an_item_for_each_value_and_when_only_if_it_is_true() -> None:
    template = """
routes:
- <<each team in teams>>: {receiver: <<team.name>>, matchers: ['team="<<team.name>>"']}
- <<when paging>>: {receiver: pager}
- <<when quiet>>: {receiver: nobody}
global:
  <<when mail>>: {smtp_from: <<mail>>}
  resolve_timeout: 5m
"""
    values = {"teams": [{"name": "web"}, {"name": "data"}], "paging": True, "quiet": False}
    assert made(template, **values, mail="a@b.example") == {
        "routes": [
            {"receiver": "web", "matchers": ['team="web"']},
            {"receiver": "data", "matchers": ['team="data"']},
            {"receiver": "pager"},
        ],
        "global": {"smtp_from": "a@b.example", "resolve_timeout": "5m"},
    }


def test_each_over_lists_of_items_joins_them() -> None:
    template = "routes: [{<<each t in ts>>: [{a: <<t>>}, {b: <<t>>}]}]"
    assert made(template, ts=[1, 2]) == {"routes": [{"a": 1}, {"b": 1}, {"a": 2}, {"b": 2}]}


def test_a_name_without_a_value_is_told_once() -> None:
    found = filled(yaml.safe_load("[<<a>>, 'x <<a>>', <<b.c>>]"), {"b": {}})
    assert found.missing == ("a", "b.c")


def test_values_that_do_not_go_where_they_stand_are_told() -> None:
    template = "{a: 'x <<many>>', b: [{<<each one in text>>: <<one>>}], <<when text>>: [1]}"
    found = filled(yaml.safe_load(template), {"many": [1], "text": "abc"})
    assert set(found.misfits) == {"many", "text"}
