"""Words are counted in all fields of all passages as if each field were gone through alone."""

from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.index.occurrences import Fields, occurrences

WORDS = st.sampled_from(["pod", "节点", "oom", "kill", "c0evicted", "a.b-c"])
FIELD = st.lists(WORDS, max_size=6)


@given(st.lists(st.tuples(FIELD, FIELD, FIELD), max_size=5), st.lists(WORDS, unique=True))
def test_each_word_is_counted_in_the_field_where_it_stands(
    passages: list[tuple[list[str], list[str], list[str]]], words: list[str]
) -> None:
    told = [Fields.of(*(" ".join(field) for field in one)) for one in passages]
    counts = occurrences(told, words)
    for place, passage in enumerate(passages):
        for number, field in enumerate(passage):
            assert counts[place, number].tolist() == [field.count(word) for word in words]


def test_a_passage_says_how_many_words_each_of_its_fields_has() -> None:
    assert Fields.of("disk full", "", "no space left").sizes == (2, 0, 3)
