"""Page: the rows that fit, "N shown of M", and a cursor."""

import base64
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, Field, PrivateAttr

from core.errors import Invalid
from core.ordering import SENTENCES as ORDERS
from core.ordering import in_order, terms
from mcp_servers.sentences import SENTENCES

# What a tool takes that lists rows in more than one order.
Sort = Annotated[str, Field(description="Fields, comma-separated; -field: descending.")]

Row = TypeVar("Row")
Found = TypeVar("Found")


class Page(BaseModel, Generic[Row]):
    """Some of the rows of a list, in its order.

    A cursor is a position in one order: rows that appear or vanish between two calls can shift it by
    as many, and it goes on in no other order.
    """

    # The fields of a row that the list can be asked to be sorted by.
    sorts_by: ClassVar[tuple[str, ...]] = ()

    rows: list[Row]
    shown: str = Field(default="", description="How many of how many, e.g. '50 shown of 312'.")
    total: int = Field(default=0, description="Rows in the whole list.")
    cursor: str = Field(default="", description="Give it back for the next rows; empty at the end.")
    _sort: str = PrivateAttr(default="")

    @classmethod
    def of(
        cls, rows: Sequence[Row], *, cursor: str = "", size: int = 50, sort: str = "", **facts: Any
    ) -> Self:
        """The page at `cursor`; `facts` fill the fields that a subclass adds.

        Raises `Invalid` for a `sort` by anything but `sorts_by`.
        """
        return cls.shaped(rows, lambda row: row, cursor=cursor, size=size, sort=sort, **facts)

    @classmethod
    def shaped(
        cls,
        found: Sequence[Found],
        shape: Callable[[Found], Row],
        *,
        cursor: str = "",
        size: int = 50,
        sort: str = "",
        **facts: Any,
    ) -> Self:
        """The same of what is costly to put into rows: without a `sort` only the page's part is shaped."""
        wanted, start = terms(sort, cls.sorts_by), position(cursor, sort)
        if start and start >= len(found):
            raise SENTENCES.error(Invalid, "past_the_end")
        if wanted:
            rows = in_order([shape(one) for one in found], wanted)[start : start + size]
        else:
            rows = [shape(one) for one in found[start : start + size]]
        return cls(rows=rows, total=len(found), **facts).marked(start, sort)

    def marked(self, start: int, sort: str) -> Self:
        self._sort = sort
        end = start + len(self.rows)
        self.shown = f"{len(self.rows)} shown of {self.total}"
        self.cursor = cursor_at(end, self._sort) if end < self.total else ""
        return self

    def cut(self, keep: int) -> Self:
        """The first `keep` rows of this page; the cursor moves to the first that is left out."""
        start = self.begins_at()
        return self.model_copy(update={"rows": self.rows[:keep]}).marked(start, self._sort)

    def told(self, heading: str, lines: Iterable[str]) -> str:
        """For `as_text`: a heading, one line a row, and how to go on."""
        more = [f"more: cursor={self.cursor}"] if self.cursor else []
        return "\n".join([heading, *lines, *more])

    def begins_at(self) -> int:
        after = position(self.cursor, self._sort) if self.cursor else self.total
        return after - len(self.rows)


def cursor_at(start: int, sort: str = "") -> str:
    told = f"row:{start}:{sort}" if sort else f"row:{start}"
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def position(cursor: str, sort: str = "") -> int:
    """Where a cursor points. Raises `Invalid` for anything we did not give out for this order."""
    if not cursor:
        return 0
    label, number, order = _parts(cursor)
    if label != "row" or not number.isdecimal():
        raise SENTENCES.error(Invalid, "no_cursor")
    if order != sort:
        raise ORDERS.error(Invalid, "other_order")
    return int(number)


def _parts(cursor: str) -> tuple[str, str, str]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:  # neither base64 nor text
        return "", "", ""
    label, _, rest = text.partition(":")
    number, _, order = rest.partition(":")
    return label, number, order
