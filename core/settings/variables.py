"""Variables as they are found, before anything is made of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from core.settings.groups import Group

PREFIX = "MIDWATCH_"


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable as it was found; `where` is "" for the process, " in .env line 3" for a file."""

    value: str
    where: str = ""


Variables = Mapping[str, Variable]


def value(variables: Variables, name: str) -> str:
    return variables[name].value if name in variables else ""


def group_fields(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The given fields of one group; a whole group object counts as its fields."""
    given = values.get(name)
    fields = given.model_dump(exclude_unset=True) if isinstance(given, Group) else given
    return cast("dict[str, Any]", fields) if isinstance(fields, dict) else {}
