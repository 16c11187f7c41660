"""Does an object match a LabelSelector, as it stands inside other objects?"""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.fields import entries, section, texts

Json = dict[str, Any]
Labels = Mapping[str, str]


def matches_label_selector(selector: Json, one: Json) -> bool:
    """By matchLabels and matchExpressions. An empty selector matches all."""
    labels: Labels = section(one, "metadata", "labels")
    equal = section(selector, "matchLabels")
    return all(labels.get(key) == value for key, value in equal.items()) and all(
        expressed(expression, labels) for expression in entries(selector, "matchExpressions")
    )


def expressed(expression: Json, labels: Labels) -> bool:
    """One of matchExpressions; Gt and Lt are a node affinity's."""
    key, operator = str(expression.get("key", "")), expression.get("operator")
    if operator in {"Exists", "DoesNotExist"}:
        return (key in labels) == (operator == "Exists")
    if operator in {"Gt", "Lt"}:
        return _ordered(labels.get(key, ""), texts(expression, "values"), above=operator == "Gt")
    return among(key, set(texts(expression, "values")), wanted=operator == "In")(labels)


def among(name: str, values: set[str], *, wanted: bool) -> Callable[[Labels], bool]:
    """A label that is absent is not among any values."""
    return lambda labels: (name in labels and labels[name] in values) == wanted


def _ordered(value: str, bounds: list[str], *, above: bool) -> bool:
    if len(bounds) != 1 or not (value.isdecimal() and bounds[0].isdecimal()):
        return False
    return int(value) > int(bounds[0]) if above else int(value) < int(bounds[0])
