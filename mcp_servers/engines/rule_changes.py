"""What differs between two versions of a file of rules, rule by rule."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from mcp_servers.facts.promql import PromRule
from mcp_servers.facts.rule_trials import RuleChange

Place = tuple[str, str, bool]


def changes(before: Sequence[PromRule], after: Sequence[PromRule]) -> list[RuleChange]:
    """Removed, changed and added rules, by group and name.

    Rules of the same name in a group are told apart by their labels; where these changed too, they
    are paired in the order in which they are written. The order of rules is no change.
    """
    old, new = _by_place(before), _by_place(after)
    found: list[RuleChange] = []
    for place in sorted(old.keys() | new.keys()):
        found += _of_place(old.get(place, []), new.get(place, []))
    return found


def _by_place(rules: Sequence[PromRule]) -> dict[Place, list[PromRule]]:
    found: dict[Place, list[PromRule]] = defaultdict(list)
    for one in rules:
        found[(one.group, one.name, one.is_alert)].append(one)
    return found


def _of_place(old: Sequence[PromRule], new: Sequence[PromRule]) -> list[RuleChange]:
    left, pairs = list(old), list[tuple[PromRule | None, PromRule]]()
    alone: list[PromRule] = []
    for one in new:
        twin = next((other for other in left if dict(other.labels) == dict(one.labels)), None)
        if twin is None:
            alone.append(one)
        else:
            left.remove(twin)
            pairs.append((twin, one))
    pairs += [(left.pop(0) if left else None, one) for one in alone]
    gone = [RuleChange("removed", one.group, one.name) for one in left]
    return [*gone, *(told for pair in pairs if (told := _change(*pair)))]


def _change(old: PromRule | None, new: PromRule) -> RuleChange | None:
    if old is None:
        return RuleChange("added", new.group, new.name)
    was, is_now = _fields(old), _fields(new)
    differing = {
        name: (was.get(name, ""), is_now.get(name, ""))
        for name in sorted(was.keys() | is_now.keys())
        if was.get(name, "") != is_now.get(name, "")
    }
    return RuleChange("changed", new.group, new.name, differing) if differing else None


def _fields(rule: PromRule) -> Mapping[str, str]:
    interval = "" if rule.interval_s is None else f"{rule.interval_s:g}s"
    return {
        "expr": " ".join(rule.expression.split()),
        "for": rule.held,
        "interval": interval,
        **{f"labels.{name}": text for name, text in rule.labels.items()},
        **{f"annotations.{name}": text for name, text in rule.annotations.items()},
    }
