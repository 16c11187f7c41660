"""Which rules somebody asks for, and how many groups at once."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandbox.prometheus_api.answers import Json
from sandbox.prometheus_api.parameters import Parameters, invalid
from sandbox.prometheus_api.rules import Rule
from sandbox.series import Matcher

_KINDS = ("", "alert", "record")
_YES, _NO = ("1", "t", "T", "true", "TRUE", "True"), ("0", "f", "F", "false", "FALSE", "False", "")


@dataclass(frozen=True)
class Wanted:
    """Empty lists let everything through. Names and pages are what later versions know."""

    kind: str
    groups: Sequence[str]
    files: Sequence[str]
    names: Sequence[str]
    selectors: Sequence[Sequence[Matcher]]
    with_alerts: bool
    most_groups: int
    from_token: str

    @classmethod
    def of(cls, given: Parameters) -> "Wanted":
        kind, excluded = given.text("type").lower(), given.text("exclude_alerts")
        if kind not in _KINDS:
            raise invalid("type", f'not supported value "{kind}"')
        if excluded not in (*_YES, *_NO):
            raise invalid("exclude_alerts", f'cannot parse "{excluded}" to a boolean')
        return cls(
            kind=kind,
            groups=given.texts("rule_group[]"),
            files=given.texts("file[]"),
            names=given.texts("rule_name[]"),
            selectors=given.selectors(),
            with_alerts=excluded not in _YES,
            most_groups=_most_groups(given),
            from_token=given.text("group_next_token"),
        )

    @property
    def is_picky(self) -> bool:
        """Whether a group without any rule that fits is left out."""
        return bool(self.names or self.selectors)

    def takes_group(self, name: str, file: str) -> bool:
        return _fits(name, self.groups) and _fits(file, self.files)

    def takes(self, rule: Rule) -> bool:
        return (
            self.kind in ("", "alert" if rule.alert else "record")
            and _fits(rule.alert or rule.record, self.names)
            and (not self.selectors or any(_has(rule.labels, one) for one in self.selectors))
        )

    def page(self, groups: Sequence[Json]) -> Json:
        """The groups from the token on, no more than wanted, and the token of the first one left."""
        first = self._first(groups)
        last = first + self.most_groups if self.most_groups else len(groups)
        left = {"groupNextToken": _token(groups[last])} if last < len(groups) else {}
        return {"groups": groups[first:last], **left}

    def _first(self, groups: Sequence[Json]) -> int:
        if not self.from_token:
            return 0
        tokens = [_token(one) for one in groups]
        if self.from_token not in tokens:
            why = f"invalid group_next_token '{self.from_token}'. were rule groups changed?"
            raise invalid("group_next_token", why)
        return tokens.index(self.from_token)


def _most_groups(given: Parameters) -> int:
    most = given.number("group_limit")
    if most is None and given.text("group_next_token"):
        why = "group_limit needs to be present in order to paginate over the groups"
        raise invalid("group_next_token", why)
    if most is not None and most <= 0:
        raise invalid("group_limit", "group_limit needs to be greater than 0")
    return most or 0


def _token(group: Json) -> str:
    told = f"{group['file']};{group['name']}".encode()
    return hashlib.sha1(told, usedforsecurity=False).hexdigest()


def _fits(value: str, wanted: Sequence[str]) -> bool:
    return not wanted or value in wanted


def _has(labels: Mapping[str, str], matchers: Sequence[Matcher]) -> bool:
    return all(one.matches(labels.get(one.label, "")) for one in matchers)
