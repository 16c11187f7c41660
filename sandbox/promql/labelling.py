"""Functions that change labels and leave the values alone."""

import re
from collections.abc import Sequence

from core.errors import Invalid
from sandbox.promql.errors import Unanswerable
from sandbox.promql.values import Vector, relabelled, with_label
from sandbox.series import Labels, compiled

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_REFERENCE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<braced>\w+)\}|(?P<bare>\w+))")


def label_replace(
    vector: Vector, target: str, replacement: str, source: str, pattern: str
) -> Vector:
    """Set `target` where the whole of `source` matches; `$1` and `${name}` stand for groups."""
    try:
        regex = compiled(pattern)
    except Invalid as error:
        message = f"invalid regular expression in label_replace(): {pattern}"
        raise Unanswerable(message) from error
    _check(target, "destination", "label_replace")

    def replaced(labels: Labels) -> Labels:
        match = regex.fullmatch(dict(labels).get(source, ""))
        return with_label(labels, target, _expanded(replacement, match)) if match else labels

    return relabelled([replaced(one) for one in vector.labels], vector.values, vector.present)


def label_join(vector: Vector, target: str, separator: str, sources: Sequence[str]) -> Vector:
    """Set `target` to the values of other labels, one after the other."""
    for source in sources:
        _check(source, "source", "label_join")
    _check(target, "destination", "label_join")

    def joined(labels: Labels) -> Labels:
        known = dict(labels)
        return with_label(labels, target, separator.join(known.get(one, "") for one in sources))

    return relabelled([joined(one) for one in vector.labels], vector.values, vector.present)


def is_label(name: str) -> bool:
    return _LABEL.fullmatch(name) is not None


def _check(label: str, role: str, function: str) -> None:
    if not is_label(label):
        raise Unanswerable(f"invalid {role} label name in {function}(): {label}")


def _expanded(template: str, match: re.Match[str]) -> str:
    """Go's template: a group that does not exist is empty."""

    def value(reference: re.Match[str]) -> str:
        if reference["dollar"]:
            return "$"
        name = reference["braced"] or reference["bare"]
        try:
            return match[int(name) if name.isdigit() else name] or ""
        except IndexError:
            return ""

    return _REFERENCE.sub(value, template)
