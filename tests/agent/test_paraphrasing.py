"""Folded sentences: what they unfold to, and what is wrong with them."""

import pytest

from core.errors import Invalid
from evals.routing.paraphrasing import SLOTS, phrases, unfolded
from tools.fit_routing import examples


def test_alternatives_and_what_may_be_left_out_unfold_to_every_sentence() -> None:
    told = unfolded("(restart|bounce) {n} [now|at (once|last)]", {"n": ("web",)}, 20)
    ends = ("", " now", " at once", " at last")
    assert set(told) == {f"{verb} web{end}" for verb in ("restart", "bounce") for end in ends}


def test_the_same_sentences_are_drawn_every_time() -> None:
    assert list(phrases("zh", of_each=3)) == list(phrases("zh", of_each=3))


def test_what_closes_and_never_opened_is_refused() -> None:
    with pytest.raises(Invalid, match="closes what it never opened"):
        unfolded("restart) {n}", SLOTS["en"], 3)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_way_to_say_a_thing_asks_for_something_that_is_asked_for(language: str) -> None:
    known = {(one.subagent, one.intent) for one in examples()}
    ways = {(one.subagent, one.intent) for one in phrases(language, of_each=1)}
    assert ways <= known
    assert len(ways) > 30
