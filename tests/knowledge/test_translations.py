"""A page in two languages is shown in the reader's, as high as the better found of both."""

from knowledge_base.chunking import Passage
from knowledge_base.hits import Hit
from knowledge_base.translations import in_one_language


def hit(doc: str, language: str, score: float, nearness: float = 0.0, line: int = 1) -> Hit:
    passage = Passage(doc, "Drain a node", "", "text", first_line=line, language=language)
    return Hit(passage, score, nearness=nearness)


def test_the_page_stands_in_the_language_of_the_reader_as_high_as_its_translation() -> None:
    found = [hit("drain.en.md", "en", 4.0, 0.6), hit("drain.zh.md", "zh", 2.0, 0.3)]
    [shown] = in_one_language(found, "zh")
    assert (shown.passage.doc, shown.score, shown.nearness) == ("drain.zh.md", 4.0, 0.6)


def test_the_passages_of_a_raised_page_keep_their_order() -> None:
    found = [
        hit("drain.en.md", "en", 3.0), hit("drain.zh.md", "zh", 2.0), hit("drain.zh.md", "zh", 1.0, line=9),
    ]  # fmt: skip
    assert [one.score for one in in_one_language(found, "zh")] == [3.0, 1.5]


def test_a_page_that_was_found_in_another_language_alone_stays() -> None:
    found = [hit("drain.en.md", "en", 4.0), hit("other.zh.md", "zh", 2.0)]
    assert in_one_language(found, "zh") == found


def test_pages_of_a_house_that_say_no_language_in_their_names_are_never_taken_for_one_another() -> (
    None
):
    found = [hit("drain.md", "en", 4.0), hit("drain-zh.md", "zh", 2.0)]
    assert in_one_language(found, "zh") == found


def test_a_page_is_raised_no_less_than_it_stood() -> None:
    found = [hit("drain.zh.md", "zh", 5.0), hit("drain.en.md", "en", 1.0)]
    assert [one.score for one in in_one_language(found, "zh")] == [5.0]
