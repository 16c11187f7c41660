"""Pages: the rows that fit, and a cursor that nobody can forge into something else."""

import pytest

from core.errors import Invalid
from mcp_servers.paging import cursor_at
from tests.servers.toys import Row, Rows

EVERY = [Row(name=str(n)) for n in range(7)]


def test_pages_follow_each_other_without_gap_or_overlap() -> None:
    first = Rows.of(EVERY, size=3, examined="toys")
    second = Rows.of(EVERY, size=3, cursor=first.cursor)
    third = Rows.of(EVERY, size=3, cursor=second.cursor)
    assert [row.name for page in (first, second, third) for row in page.rows] == list("0123456")
    assert (first.shown, first.examined, third.cursor) == ("3 shown of 7", "toys", "")


def test_a_cut_page_goes_on_where_it_was_cut() -> None:
    second = Rows.of(EVERY, size=3, cursor=cursor_at(3)).cut(1)
    assert [row.name for row in second.rows] == ["3"]
    assert second.cursor == cursor_at(4)
    last = Rows.of(EVERY, size=3, cursor=cursor_at(4)).cut(2)
    assert last.cursor == cursor_at(6)


def test_an_empty_list_is_one_page() -> None:
    assert Rows.of([]).shown == "0 shown of 0"


@pytest.mark.parametrize("cursor", ["nonsense", "cm93Oi0x", "é", "cm93Og", cursor_at(7), "===="])
def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid, match="Ask without a cursor"):
        Rows.of(EVERY, cursor=cursor)
