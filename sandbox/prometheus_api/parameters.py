"""What a client asked with: the fields of its form and of its query string, read as Prometheus does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

from starlette.requests import Request

from sandbox.promql import Unparsable, duration_ms, parse_selector
from sandbox.series import Matcher

# Beyond any sample; larger numbers would not fit into milliseconds.
EARLIEST_MS, LATEST_MS = -(10**15), 10**15


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
        try:
            return round(_number(text) * 1000)
        except ValueError:
            pass
        try:
            return duration_ms(text)
        except ValueError as error:
            raise invalid(name, f'cannot parse "{text}" to a valid duration') from error

    def limit(self) -> int:
        """How many results are wanted; 0 for all."""
        text = self.text("limit")
        if text and not text.lstrip("-").isdecimal():
            raise Unparsable("limit must be a number")
        return max(0, int(text or 0))

    def selectors(self) -> list[list[Matcher]]:
        """Every `match[]`; one list of matchers each."""
        found: list[list[Matcher]] = []
        for field, value in self.fields:
            if field == "match[]":
                try:
                    found.append(parse_selector(value))
                except Unparsable as error:
                    raise invalid("match[]", error.message) from error
        return found


def invalid(name: str, why: str) -> Unparsable:
    return Unparsable(f'invalid parameter "{name}": {why}')


def _seconds(text: str) -> float:
    try:
        return _number(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError from None
        return moment.timestamp()


def _number(text: str) -> float:
    found = float(text)
    if not abs(found) < float("inf") or "_" in text:
        raise ValueError(text)
    return found
