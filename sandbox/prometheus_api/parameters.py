"""What a client asked with: the fields of its form and of its query string, read as Prometheus does."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

from starlette.requests import Request

from sandbox.promql import Unparsable, duration_ms, parse_selector
from sandbox.series import Matcher

# Beyond any sample; larger numbers would not fit into milliseconds.
EARLIEST_MS, LATEST_MS = -(10**15), 10**15
_LONGEST_S = 2**63 / 10**9

_WHOLE = re.compile(r"[-+]?\d+")
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[-+]\d\d:\d\d)", re.ASCII)


@dataclass(frozen=True)
class Parameters:
    """Fields in order; those of the body before those of the address. All errors are `Unparsable`."""

    fields: Sequence[tuple[str, str]]
    path: dict[str, str]

    @classmethod
    async def of(cls, request: Request) -> "Parameters":
        body = parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True)
        query = parse_qsl(request.url.query, keep_blank_values=True)
        return cls([*body, *query], request.path_params)

    def text(self, name: str) -> str:
        return next((value for field, value in self.fields if field == name), "")

    def moment_ms(self, name: str, default_ms: int | None = None) -> int:
        """A time as Unix seconds or RFC 3339. Required if there is no default."""
        text = self.text(name)
        if not text and default_ms is not None:
            return default_ms
        try:
            found = _seconds(text)
        except ValueError as error:
            told = f"Invalid time value for '{name}': " if default_ms is not None else ""
            raise invalid(name, f'{told}cannot parse "{text}" to a valid timestamp') from error
        return min(max(round(found * 1000), EARLIEST_MS), LATEST_MS)

    def duration_ms(self, name: str) -> int:
        """A duration as seconds or as in PromQL."""
        text = self.text(name)
        refused = f'cannot parse "{text}" to a valid duration'
        try:
            seconds = _number(text)
        except ValueError:
            try:
                return duration_ms(text)
            except ValueError as error:
                raise invalid(name, refused) from error
        if abs(seconds) > _LONGEST_S:
            raise invalid(name, f"{refused}. It overflows int64")
        return round(seconds * 1000)

    def texts(self, name: str) -> list[str]:
        """Every value of a field that may be there several times."""
        return [value for field, value in self.fields if field == name]

    def number(self, name: str) -> int | None:
        """A whole number, or nothing where none was given."""
        text = self.text(name)
        if text and not _WHOLE.fullmatch(text):
            raise Unparsable(f"{name} must be a number")
        return int(text) if text else None

    def limit(self) -> int:
        """How many results are wanted; 0 for all."""
        return max(0, self.number("limit") or 0)

    def selectors(self, *, named: bool = False) -> list[list[Matcher]]:
        """Every `match[]`; one list of matchers each. Some refusals name the parameter."""
        try:
            return [_selector(text) for text in self.texts("match[]")]
        except Unparsable as error:
            raise (invalid("match[]", error.message) if named else error) from error


def _selector(text: str) -> list[Matcher]:
    try:
        return parse_selector(text)
    except Unparsable as error:
        if "at least one non-empty matcher" not in error.message:
            raise
        raise Unparsable("match[] must contain at least one non-empty matcher") from error


def invalid(name: str, why: str) -> Unparsable:
    return Unparsable(f'invalid parameter "{name}": {why}')


def _seconds(text: str) -> float:
    try:
        return _number(text)
    except ValueError:
        if not _RFC_3339.fullmatch(text):
            raise
        return datetime.fromisoformat(text).timestamp()


def _number(text: str) -> float:
    found = float(text)
    if not abs(found) < float("inf") or text != text.strip():
        raise ValueError(text)
    return found
