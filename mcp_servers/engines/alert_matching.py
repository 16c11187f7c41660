"""Alertmanager's matchers as people write them: `alertname="X"`, `namespace=~"a|b"`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_WRITTEN = re.compile(r'(?P<name>[^=!~"]+?)(?P<operator>=~|!~|!=|=)"(?P<value>.*)"$', re.DOTALL)
_TAKES_ALL = re.compile(r"\(?\.[*+]\)?")


@dataclass(frozen=True, slots=True)
class Matcher:
    name: str
    operator: str
    value: str

    @property
    def takes_all(self) -> bool:
        """Whether nearly every alert has such a label and value."""
        everything = self.operator == "=~" and _TAKES_ALL.fullmatch(self.value) is not None
        return everything or (self.operator in ("!=", "!~") and not self.value)

    def takes(self, labels: Mapping[str, str]) -> bool:
        """As Alertmanager does: a label that is not there is an empty one."""
        actual, negative = labels.get(self.name, ""), self.operator.startswith("!")
        if not self.operator.endswith("~"):
            return (actual == self.value) is not negative
        try:
            return (re.fullmatch(self.value, actual) is not None) is not negative
        except re.error:  # a pattern that Go reads and Python does not: nothing can be said
            return False


def matchers_of(written: Iterable[str]) -> list[Matcher]:
    found = (_WRITTEN.match(one) for one in written)
    return [Matcher(one["name"].strip(), one["operator"], one["value"]) for one in found if one]
