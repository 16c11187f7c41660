"""What a list is asked for, as the OpenAPI document tells of it: an order, a place to go on from, how many."""

from typing import Annotated, Any

from fastapi import Query

Cursor = Annotated[
    str,
    Query(
        max_length=4000, description="The `next_cursor` of the part before, for the same `sort`."
    ),
]
# For lists that were given as a whole before they had parts.
Limit = Annotated[
    int | None, Query(ge=1, le=1000, description="How many at most; left out: all of them.")
]


def sort_by(names: str) -> Any:
    """A query's `sort` by these fields of a row, blanks between; who keeps the rows refuses any other.

    The pattern is for programs that read the document; people are told in a sentence instead.
    """
    fields = names.split()
    one = f"-?({'|'.join(fields)})"
    return Query(
        max_length=150,
        description="Fields with commas between, each once; `-` before one puts the greatest first. "
        f"Of: {', '.join(fields)}.",
        json_schema_extra={"pattern": f"^({one}(,{one})*)?$"},
    )
