"""Page: the rows that fit, "N shown of M", and a cursor."""

import base64
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, Self, TypeVar

from pydantic import BaseModel, Field

from core.errors import Invalid
from mcp_servers.sentences import SENTENCES

Row = TypeVar("Row")
Found = TypeVar("Found")


class Page(BaseModel, Generic[Row]):
    """Some of the rows of a list, in its order.

    A cursor is a position: rows that appear or vanish between two calls can shift it by as many.
    """

    rows: list[Row]
    shown: str = Field(default="", description="How many of how many, e.g. '50 shown of 312'.")
    total: int = Field(default=0, description="Rows in the whole list.")
    cursor: str = Field(default="", description="Give it back for the next rows; empty at the end.")

    @classmethod
    def of(cls, rows: Sequence[Row], *, cursor: str = "", size: int = 50, **facts: Any) -> Self:
        """The page at `cursor`; `facts` fill the fields that a subclass adds."""
        return cls.shaped(rows, lambda row: row, cursor=cursor, size=size, **facts)

    @classmethod
    def shaped(
        cls,
        found: Sequence[Found],
        shape: Callable[[Found], Row],
        *,
        cursor: str = "",
        size: int = 50,
        **facts: Any,
    ) -> Self:
        """The same of what is costly to put into rows: only the page's part is shaped."""
        start = position(cursor)
        if start and start >= len(found):
            raise SENTENCES.error(Invalid, "past_the_end")
        rows = [shape(one) for one in found[start : start + size]]
        page = cls(rows=rows, total=len(found), **facts)
        return page.marked(start)

    def marked(self, start: int) -> Self:
        end = start + len(self.rows)
        self.shown = f"{len(self.rows)} shown of {self.total}"
        self.cursor = cursor_at(end) if end < self.total else ""
        return self

    def cut(self, keep: int) -> Self:
        """The first `keep` rows of this page; the cursor moves to the first that is left out."""
        start = self.begins_at()
        return self.model_copy(update={"rows": self.rows[:keep]}).marked(start)

    def told(self, heading: str, lines: Iterable[str]) -> str:
        """For `as_text`: a heading, one line a row, and how to go on."""
        more = [f"more: cursor={self.cursor}"] if self.cursor else []
        return "\n".join([heading, *lines, *more])

    def begins_at(self) -> int:
        after = position(self.cursor) if self.cursor else self.total
        return after - len(self.rows)


def cursor_at(start: int) -> str:
    return base64.urlsafe_b64encode(f"row:{start}".encode()).decode().rstrip("=")


def position(cursor: str) -> int:
    """Where a cursor points. Raises `Invalid` for anything we did not give out."""
    if not cursor:
        return 0
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        label, _, number = text.partition(":")
        if label == "row" and number.isdecimal():
            return int(number)
    except ValueError:  # neither base64 nor text
        pass
    raise SENTENCES.error(Invalid, "no_cursor")
