"""A configuration with places to fill in: a tree comes in and a tree comes out, so no value can break its shape.

`<<name>>` stands for a value and `<<team.channel>>` for a part of one. Alone it keeps its type; inside
a text it is written as text. Go's own `{{ … }}` is left to Alertmanager. An item of a list may be

    <<each team in teams>>: {name: "<<team.name>>"}     once for each
    <<when paging>>: {name: pager}                      only if the value is true

and a key of a map `<<when NAME>>`, whose map is put in its place.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from mcp_servers.engines.unfolding import MOST_VALUES

_PLACE = re.compile(r"<<\s*([A-Za-z_][\w.-]*)\s*>>")
_EACH = re.compile(r"<<\s*each\s+([A-Za-z_]\w*)\s+in\s+([A-Za-z_][\w.-]*)\s*>>")
_WHEN = re.compile(r"<<\s*when\s+([A-Za-z_][\w.-]*)\s*>>")


@dataclass(frozen=True, slots=True)
class Filled:
    """`missing` are names without a value; `misfits` those whose value does not go where they stand.

    `overgrown`: it would have more values than it may, and is no tree.
    """

    tree: Any
    missing: tuple[str, ...] = ()
    misfits: tuple[str, ...] = ()
    overgrown: bool = False


def filled(tree: Any, values: Mapping[str, Any], *, most: int = MOST_VALUES) -> Filled:
    """The tree with every place filled in, as long as it has not more than `most` values."""
    filling = _Filling(most)
    try:
        made = filling.of(tree, values)
    except _OvergrownError:
        return Filled(None, overgrown=True)
    return Filled(
        made, tuple(dict.fromkeys(filling.missing)), tuple(dict.fromkeys(filling.misfits))
    )


class _OvergrownError(Exception):
    """Lists of values, each inside another, have made too many."""


@dataclass
class _Filling:
    left: int
    missing: list[str] = field(default_factory=list[str])
    misfits: list[str] = field(default_factory=list[str])

    def of(self, one: Any, values: Mapping[str, Any]) -> Any:
        self.left -= 1
        if self.left < 0:
            raise _OvergrownError
        if isinstance(one, str):
            return self._text(one, values)
        if isinstance(one, Mapping):
            return self._map(cast("Mapping[Any, Any]", one), values)
        if isinstance(one, list):
            return [made for item in cast("list[Any]", one) for made in self._item(item, values)]
        return one

    def _text(self, text: str, values: Mapping[str, Any]) -> Any:
        alone = _PLACE.fullmatch(text)
        if alone:
            return self._value(alone[1], values)
        return _PLACE.sub(lambda found: self._written(found[1], values), text)

    def _written(self, name: str, values: Mapping[str, Any]) -> str:
        value = self._value(name, values)
        if isinstance(value, (dict, list)):
            self.misfits.append(name)
            return ""
        return str(value).lower() if isinstance(value, bool) else str(value)

    def _map(self, tree: Mapping[Any, Any], values: Mapping[str, Any]) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        for key, below in tree.items():
            when = _WHEN.fullmatch(key) if isinstance(key, str) else None
            if when is None:
                made[self._text(key, values) if isinstance(key, str) else key] = self.of(
                    below, values
                )
            elif self._value(when[1], values):
                part = self.of(below, values)
                if not isinstance(part, Mapping):
                    self.misfits.append(when[1])
                    continue
                made |= cast("dict[Any, Any]", part)
        return made

    def _item(self, item: Any, values: Mapping[str, Any]) -> list[Any]:
        key, below = _only(item)
        when, each = _WHEN.fullmatch(key), _EACH.fullmatch(key)
        if when:
            return self._several(below, values) if self._value(when[1], values) else []
        if not each:
            return [self.of(item, values)]
        many = self._value(each[2], values)
        if not isinstance(many, Sequence) or isinstance(many, str):
            self.misfits.append(each[2])
            return []
        rounds = ({**values, each[1]: one} for one in cast("Sequence[Any]", many))
        return [made for inner in rounds for made in self._several(below, inner)]

    def _several(self, below: Any, values: Mapping[str, Any]) -> list[Any]:
        made = self.of(below, values)
        return cast("list[Any]", made) if isinstance(made, list) else [made]

    def _value(self, name: str, values: Mapping[str, Any]) -> Any:
        found: Any = values
        for part in name.split("."):
            if not isinstance(found, Mapping) or part not in found:
                self.missing.append(name)
                return ""
            found = cast("Mapping[str, Any]", found)[part]
        return found


def _only(item: Any) -> tuple[str, Any]:
    """The one key of a map and what is below it."""
    if isinstance(item, Mapping) and len(cast("Mapping[Any, Any]", item)) == 1:
        [(key, below)] = cast("Mapping[Any, Any]", item).items()
        if isinstance(key, str):
            return key, below
    return "", None
