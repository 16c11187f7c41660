"""Whether the parts of an expression fit each other, in the order and the words of Prometheus 2.42."""

from collections.abc import Callable, Iterator
from typing import Any

from sandbox.promql.errors import Unparsable
from sandbox.promql.scanning import SET_OPERATORS, quoted, refusal
from sandbox.promql.signatures import LATER, SIGNATURES
from sandbox.promql.trees import (
    DOCUMENTED,
    Aggregation,
    Bracketed,
    Called,
    Kind,
    Literally,
    Matched,
    Node,
    Operation,
    Selector,
    Signed,
    Window,
)

_COMPARISONS = frozenset({"==", "!=", "<", ">", "<=", ">="})
_OF_NUMBERS, _OF_TEXT = frozenset({"topk", "bottomk", "quantile"}), frozenset({"count_values"})


def check_kinds(text: str, node: Node) -> None:
    """Raises `Unparsable` for the first part that does not fit."""
    _Checker(text).kind(node)


class _Checker:
    def __init__(self, text: str) -> None:
        self.text = text

    def kind(self, node: Node) -> Kind:
        """Of a part that fits in itself."""
        if isinstance(node, Literally):
            return node.kind
        return _CHECKS[type(node)](self, node)

    def bracketed(self, node: Bracketed) -> Kind:
        return self.kind(node.inner)

    def _refused(self, place: int, why: str) -> Unparsable:
        return refusal(self.text, place, why)

    def _expect(self, node: Node, wanted: Kind, where: str) -> None:
        found = self.kind(node)
        if found != wanted:
            told = f"expected type {DOCUMENTED[wanted]} in {where}, got {DOCUMENTED[found]}"
            raise self._refused(node.start, told)

    def signed(self, node: Signed) -> Kind:
        found = self.kind(node.inner)
        if found not in ("scalar", "vector"):
            told = "unary expression only allowed on expressions of type scalar or instant vector"
            raise self._refused(node.start, f'{told}, got "{DOCUMENTED[found]}"')
        return found

    def selector(self, node: Selector) -> Kind:
        if node.name and node.names:
            names = f"{quoted(node.name)} or {quoted(node.names[0])}"
            raise self._refused(node.start, f"metric name must not be set twice: {names}")
        if not node.name and not node.finds_something:
            told = "vector selector must contain at least one non-empty matcher"
            raise self._refused(node.start, told)
        return "vector"

    def window(self, node: Window) -> Kind:
        found = self.kind(node.inner)
        if node.is_subquery and found != "vector":
            told = f"subquery is only allowed on instant vector, got {found} instead"
            raise self._refused(node.start, told)
        return "matrix"

    def aggregation(self, node: Aggregation) -> Kind:
        *parameter, inner = node.arguments
        self._expect(inner, "vector", "aggregation expression")
        if parameter and node.operator in _OF_NUMBERS:
            self._expect(parameter[0], "scalar", "aggregation parameter")
        if parameter and node.operator in _OF_TEXT:
            self._expect(parameter[0], "string", "aggregation parameter")
        return "vector"

    def called(self, node: Called) -> Kind:
        if node.name in LATER:
            return "vector"
        signature, given = SIGNATURES[node.name], len(node.arguments)
        most = signature.needed + signature.more
        least = signature.needed if signature.more else len(signature.kinds)
        bound = f"at least {least}" if signature.more else f"{least}"
        if signature.more > 0 and given > most:
            bound = f"at most {most}"
        if given < least or (signature.more >= 0 and given > most):
            told = f'expected {bound} argument(s) in call to "{node.name}", got {given}'
            raise self._refused(node.start, told)
        for place, argument in enumerate(node.arguments):
            wanted = signature.kinds[min(place, len(signature.kinds) - 1)]
            self._expect(argument, wanted, f'call to function "{node.name}"')
        return signature.gives

    def operation(self, node: Operation) -> Kind:
        left, right = self.kind(node.left), self.kind(node.right)
        for place, why in _misfits(node, left, right):
            raise self._refused(self._operator(node) if place is None else place, why)
        return "vector" if "vector" in (left, right) else "scalar"

    def _operator(self, node: Operation) -> int:
        """Where the operator itself stands."""
        place = node.left.end
        while self.text[place : place + 1] and self.text[place] in " \t\n\r":
            place += 1
        return place


def _misfits(node: Operation, left: Kind, right: Kind) -> Iterator[tuple[int | None, str]]:
    """What is wrong and where; nothing for at the operator."""
    matched, compares = node.matched, node.operator in _COMPARISONS
    if matched.is_bool and not compares:
        yield None, "bool modifier can only be used on comparison operators"
    if compares and not matched.is_bool and left == right == "scalar":
        yield None, "comparisons between scalars must use BOOL modifier"
    for label in _in_both(matched):
        yield None, f'label "{label}" must not occur in ON and GROUP clause at once'
    for side, kind in ((node.left, left), (node.right, right)):
        if kind not in ("scalar", "vector"):
            told = "binary expression must contain only scalar and instant vector types"
            yield side.start, told
    for why in _unmatched(node, with_scalar=(left, right) != ("vector", "vector")):
        yield node.start, why


def _unmatched(node: Operation, *, with_scalar: bool) -> Iterator[str]:
    of_sets = node.operator in SET_OPERATORS
    if with_scalar and node.matched.labels:
        yield "vector matching only allowed between instant vectors"
    if with_scalar and of_sets:
        yield f'set operator "{node.operator}" not allowed in binary scalar expression'
    if of_sets and node.matched.group:
        yield f'no grouping allowed for "{node.operator}" operation'


def _in_both(matched: Matched) -> Iterator[str]:
    return (label for label in matched.labels if matched.on and label in matched.include)


_CHECKS: dict[type[Node], Callable[[_Checker, Any], Kind]] = {
    Aggregation: _Checker.aggregation,
    Bracketed: _Checker.bracketed,
    Called: _Checker.called,
    Operation: _Checker.operation,
    Selector: _Checker.selector,
    Signed: _Checker.signed,
    Window: _Checker.window,
}
