"""Two versions of a file of rules, compared rule by rule."""

from mcp_servers.engines.rule_changes import changes
from mcp_servers.facts.promql import PromRule


def rule(name: str = "Slow", expression: str = "x > 1", **more: str) -> PromRule:
    held = more.pop("held", "")
    return PromRule("web", name, True, expression, None, held=held, labels=more)


def told(before: list[PromRule], after: list[PromRule]) -> list[tuple[str, str]]:
    return [(one.how, one.rule) for one in changes(before, after)]


def test_what_is_the_same_in_another_order_or_layout_is_no_change() -> None:
    one, other = rule("A"), rule("B", "x\n  > 1")
    assert told([one, other], [rule("B"), one]) == []


def test_rules_that_came_and_went_are_named() -> None:
    assert told([rule("A")], [rule("B")]) == [("removed", "A"), ("added", "B")]


def test_a_change_says_what_was_and_what_is() -> None:
    [one] = changes([rule(held="5m")], [rule(expression="x > 2", held="10m")])
    assert one.how == "changed"
    assert one.fields == {"expr": ("x > 1", "x > 2"), "for": ("5m", "10m")}


def test_rules_of_one_name_are_told_apart_by_their_labels() -> None:
    warning, critical = rule(severity="warning"), rule(expression="x > 9", severity="critical")
    higher = rule(expression="x > 99", severity="critical")
    [one] = changes([warning, critical], [higher, warning])
    assert one.fields == {"expr": ("x > 9", "x > 99")}


def test_a_changed_label_is_a_change_and_no_other_rule() -> None:
    [one] = changes([rule(severity="warning")], [rule(severity="critical")])
    assert one.fields == {"labels.severity": ("warning", "critical")}
