"""Where several narrow pages fit alike, the page that is about all of them is among the first."""

from knowledge_base.chunking import Passage
from knowledge_base.front_matter import About
from knowledge_base.general import with_general
from knowledge_base.hits import Hit
from knowledge_base.index import Index
from tests.knowledge.test_index import found, put


def hit(doc: str, score: float, *general: str, line: int = 1) -> Hit:
    passage = Passage(doc, "Waiting", "", "text", first_line=line, language="en")
    return Hit(passage, score, About(general=general))


def order(hits: list[Hit]) -> list[str]:
    ranked = sorted(with_general(hits), key=lambda one: -one.score)
    return [one.passage.doc for one in ranked]


GPU, PORT, FAR = (
    hit("gpu.en.md", 5.0, "waiting"),
    hit("port.en.md", 4.0, "waiting"),
    hit("a.md", 3.0),
)


def test_the_general_page_stands_right_behind_the_second_page_that_names_it() -> None:
    told = order([GPU, PORT, FAR, hit("waiting.en.md", 1.0)])
    assert told == ["gpu.en.md", "port.en.md", "waiting.en.md", "a.md"]


def test_one_narrow_page_alone_is_what_was_asked_for() -> None:
    told = order([GPU, hit("b.md", 4.0), FAR, hit("waiting.en.md", 1.0)])
    assert told[-1] == "waiting.en.md"


def test_a_general_page_that_stands_higher_stays_there_and_its_passages_keep_their_order() -> None:
    assert order([hit("waiting.en.md", 6.0), GPU, PORT])[0] == "waiting.en.md"
    raised = with_general([GPU, PORT, hit("waiting.en.md", 2.0), hit("waiting.en.md", 1.0, line=9)])
    assert raised[2].score == 2 * raised[3].score > FAR.score


def test_a_name_is_that_of_a_page_in_the_same_folder() -> None:
    elsewhere = [hit("ours/gpu.md", 5.0, "waiting"), hit("ours/port.md", 4.0, "waiting")]
    told = order([*elsewhere, hit("theirs/waiting.md", 1.0), hit("ours/waiting.md", 0.5)])
    assert told == ["ours/gpu.md", "ours/port.md", "ours/waiting.md", "theirs/waiting.md"]


def test_pages_of_a_house_say_in_their_front_matter_which_page_is_the_general_one(
    index: Index,
) -> None:
    narrow = (
        "---\ngeneral: [belts]\n---\n# The belt stands still: {0}\n\nThe belt stands still, {0}.\n"
    )
    reasons = ("jam", "fuse", "motor", "sensor", "oil", "roller")
    pages = {f"belt-{one}.md": narrow.format(one) for one in reasons}
    put(index, {**pages, "belts.md": "# Belts\n\nWhat to look at when a belt is out of order.\n"})
    told = found(index, "the belt stands still, is it the fuse or a jam?")
    assert (set(told[:2]), told[2]) == ({"belt-fuse.md", "belt-jam.md"}, "belts.md")
