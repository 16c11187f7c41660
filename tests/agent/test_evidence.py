"""Numbers of evidence: given once, cited, and never made up."""

from typing import Any

from agent.events import Event, Token
from agent.evidence import Evidence
from agent.voice import HELD_CHARACTERS, Voice

FINDING = {
    "root_causes": [
        {"evidence": [{"id": "e1", "source": "event", "ref": "shop/a", "text": "BackOff"}]},
        {"evidence": [{"id": "e2", "source": "log", "ref": "shop/b", "text": "refused"}]},
    ]
}


def numbered(evidence: Evidence, text: str = "[e1] and [e2]", data: Any = FINDING) -> str:
    return evidence.number("rca_investigate", {}, text, data).text


def test_evidence_is_numbered_in_the_order_it_is_found() -> None:
    evidence = Evidence()
    assert numbered(evidence) == "[1] and [2]"
    assert [(one.n, one.source, one.ref) for one in evidence.citations] == [
        (1, "event", "shop/a"),
        (2, "log", "shop/b"),
        (3, "tool", "rca_investigate"),
    ]


def test_the_same_evidence_keeps_its_number_through_a_turn() -> None:
    evidence = Evidence()
    numbered(evidence)
    again = {"x": [{"id": "e1", "source": "log", "ref": "shop/b", "text": "refused"}]}
    assert numbered(evidence, "[e1]", again) == "[2]"


def test_a_result_without_evidence_is_itself_one_piece() -> None:
    evidence = Evidence()
    told = evidence.number("kubernetes_list_pods", {"namespace": "shop"}, "15 pods", {"rows": []})
    assert told.text == "[1] 15 pods"
    assert evidence.citations[0].ref == "kubernetes_list_pods namespace=shop"
    assert evidence.citations[0].source == "object"


def test_evidence_that_its_text_does_not_mark_is_listed_below_it() -> None:
    told = numbered(Evidence(), "something was found")
    assert told == "something was found\nCite as: [1] shop/a; [2] shop/b"


def test_numbers_nobody_gave_are_taken_out_of_an_answer() -> None:
    evidence = Evidence()
    numbered(evidence)
    assert evidence.without_unknown("a [1, 7] b [9] c [2]") == "a [1] b c [2]"
    assert [one.n for one in evidence.cited_in("a [2]")] == [2]


class Heard:
    """A voice and what it streamed."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.evidence = Evidence()
        numbered(self.evidence)
        self.voice = Voice(self.events.append, self.evidence, "m")

    @property
    def tokens(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Token)]


def test_a_preamble_before_a_tool_call_is_not_part_of_the_answer() -> None:
    heard = Heard()
    heard.voice.begin()
    heard.voice.hear("Let me look. ")
    heard.voice.drop()
    heard.voice.begin()
    heard.voice.hear("It is memory.")
    heard.voice.end()
    assert heard.voice.text == "It is memory."


def test_a_long_text_is_streamed_before_it_ends() -> None:
    heard = Heard()
    heard.voice.begin()
    heard.voice.hear("word " * HELD_CHARACTERS)
    assert heard.tokens


def test_a_mark_split_over_pieces_is_judged_whole() -> None:
    heard = Heard()
    heard.voice.begin()
    heard.voice.hear("y " * HELD_CHARACTERS)
    for piece in (" seen [", "1", "", "] but not [", "44", "].", ""):
        heard.voice.hear(piece)
    heard.voice.end()
    assert heard.voice.text.endswith(" seen [1] but not .")
    assert "".join(heard.tokens) == heard.voice.text


def test_a_second_answer_stands_apart_from_the_first() -> None:
    heard = Heard()
    heard.voice.say("First.")
    heard.voice.say("Second.")
    assert heard.voice.text == "First.\n\nSecond."
