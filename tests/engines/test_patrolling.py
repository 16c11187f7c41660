"""What is new, stands and is gone is decided for every fingerprint exactly once."""

from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.engines.patrolling import compared, is_complete, score

MARKS = st.sets(st.sampled_from("abcdefgh"))


@given(seen=MARKS, known=MARKS, complete=st.booleans())
def test_each_fingerprint_is_in_one_part(seen: set[str], known: set[str], complete: bool) -> None:
    found = compared(seen, known, complete=complete)
    parts = [*found.new, *found.standing, *found.cleared, *found.unsure]
    assert sorted(parts) == sorted(seen | known)
    assert set(found.new) | set(found.standing) == seen
    assert not (set(found.cleared) & seen)
    assert complete or not found.cleared


@given(seen=MARKS, known=MARKS)
def test_a_second_look_at_the_same_finds_nothing_new(seen: set[str], known: set[str]) -> None:
    first = compared(seen, known, complete=True)
    kept = (known - set(first.cleared)) | set(first.new)
    again = compared(seen, kept, complete=True)
    assert (again.new, again.cleared, set(again.standing)) == ((), (), seen)


def test_a_look_that_missed_something_it_saw_before_clears_nothing() -> None:
    assert is_complete(["Secret"], ["Secret", "Node"])
    assert not is_complete(["Pod"], ["Secret"])
    assert is_complete([], None)
    assert not is_complete(["Pod"], None)


@given(st.lists(st.sampled_from(["critical", "high", "medium", "low"]), max_size=30))
def test_the_score_falls_with_each_fault_and_never_below_nothing(severities: list[str]) -> None:
    assert 0 <= score(severities) <= score(severities[:-1]) <= 100
