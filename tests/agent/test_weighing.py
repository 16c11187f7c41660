"""Rules and likeness weighed: who has the say when they differ."""

from agent.intents import read
from agent.likeness import Likeness
from agent.weighing import weighed


def test_what_is_like_nothing_known_leaves_the_choice_to_the_rules() -> None:
    like = Likeness({("cost", "spend"): 0.99, ("rca", "investigate"): 0.01}, familiar=0.0)
    shares = weighed("rca", 0.7, {("rca", "investigate"): 3.0}, like)
    assert max(shares, key=lambda one: shares[one]) == "rca"


def test_what_is_like_much_that_is_known_outweighs_a_doubtful_choice() -> None:
    like = Likeness({("cost", "spend"): 0.99, ("rca", "investigate"): 0.01}, familiar=1.0)
    shares = weighed("rca", 0.4, {("rca", "list"): 2.5}, like)
    assert max(shares, key=lambda one: shares[one]) == "cost"
    assert abs(sum(shares.values()) - 1) < 1e-9


def test_words_that_no_rule_knows_are_read_by_what_they_are_like() -> None:
    assert read("we need 6 copies of feed-mixer for the sale").subagent == "autofix"
    assert read("老板想知道 parcels 命名空间花了多少").subagent == "cost"


def test_a_plans_own_number_is_read_by_rules_alone() -> None:
    assert read("how is chg-0123456789ab doing, cost and all").subagent == "autofix"


def test_why_asks_for_a_cause_whatever_else_the_sentence_is_like() -> None:
    assert read("why do the logs of basket stop at noon?").intent == "investigate"
