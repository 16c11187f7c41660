"""A wrong answer fails, and for the reason that a reader can act on."""

from core.errors import Forbidden, NotFound
from evals.graders import (
    grade_citations,
    grade_evidence,
    grade_investigation,
    grade_refusal,
    grade_text,
    grade_translation,
    hit,
    words_of,
)
from tests.evals.answers import CART, SHOP, answer, cause, healthy, truth


def test_the_right_root_has_nothing_against_it() -> None:
    said = truth(fix={"id": "fix.memory", "resource": SHOP}, must_not_blame=[CART])
    assert list(grade_investigation(said, answer(cause()))) == []


def test_a_wrong_rule_on_the_right_object_is_no_hit() -> None:
    [why] = grade_investigation(truth(), answer(cause("pod.crash_loop")))
    assert why == ("first root cause is not accepted: ['pod.crash_loop Deployment/shop/checkout']")


def test_the_right_rule_on_another_object_is_no_hit() -> None:
    assert not hit(truth(), cause(resource=CART))
    assert not hit(truth(), cause(resource={**SHOP, "namespace": "stage"}))


def test_the_root_in_second_place_is_not_first() -> None:
    [why] = grade_investigation(truth(), answer(cause("deploy.paused", CART), cause()))
    assert why.startswith("first root cause is not accepted")


def test_every_one_of_two_roots_must_be_named() -> None:
    both = [
        {"rules": ["pod.oom_killed"], "resources": [SHOP]},
        {"rules": ["deploy.paused"], "resources": [CART]},
    ]
    said = truth(root_causes=both)
    [why] = grade_investigation(said, answer(cause()))
    assert why.startswith("a second root is missing: ['deploy.paused']")
    assert not list(grade_investigation(said, answer(cause("deploy.paused", CART), cause())))


def test_a_symptom_may_not_stand_among_the_roots() -> None:
    said = truth(symptoms_ok=["deploy.unavailable"])
    [why] = grade_investigation(said, answer(cause(), cause("deploy.unavailable")))
    assert why == "a symptom is called a root cause: deploy.unavailable Deployment/shop/checkout"


def test_blaming_a_bystander_is_named() -> None:
    said = truth(must_not_blame=[CART])
    [why] = grade_investigation(said, answer(cause(), cause("pod.restart_storm", CART)))
    assert why == "blamed pod.restart_storm Deployment/shop/cart"


def test_a_healthy_cluster_must_not_be_blamed() -> None:
    whys = list(grade_investigation(healthy(), answer(cause())))
    assert whys == [
        "verdict found, expected healthy",
        "a healthy cluster was blamed: pod.oom_killed Deployment/shop/checkout",
    ]


def test_calling_a_broken_cluster_healthy_fails_twice() -> None:
    whys = list(grade_investigation(truth(), answer()))
    assert whys == [
        "verdict healthy, expected found",
        "first root cause is not accepted: []",
    ]


def test_another_fix_is_not_the_fix() -> None:
    said = truth(fix={"id": "fix.rollback", "resource": SHOP})
    [why] = grade_investigation(said, answer(cause()))
    assert why == "fix fix.rollback was not offered: ['fix.memory']"


def test_no_fix_to_gate_asks_for_none() -> None:
    assert not list(grade_investigation(truth(fix="none"), answer(cause())))


def test_facts_are_looked_for_without_regard_to_case() -> None:
    said = truth(must_mention=["256MI", 137], must_not_say=["password"])
    whys = list(grade_text(said, "The limit of 256Mi. The Password is x."))
    assert whys == ["does not mention '137'", "says 'password'"]


def test_what_must_be_cited_must_stand_in_the_evidence() -> None:
    said = truth(must_cite=["limit 256Mi", "No space left"])
    assert list(grade_evidence(said, answer(cause(says="No space left")))) == [
        "does not cite 'No space left'"
    ]


def test_a_root_without_evidence_is_a_claim() -> None:
    bare = {**cause(), "evidence": []}
    assert list(grade_evidence(truth(), answer(bare))) == [
        "no evidence for pod.oom_killed Deployment/shop/checkout"
    ]


def test_another_cause_in_chinese_is_told() -> None:
    english = answer(cause())
    chinese = answer(cause("pod.crash_loop"), summary="发现问题")
    [why] = grade_translation(english, chinese)
    assert why == ("Chinese differs in root_causes: pod.crash_loop Deployment/shop/checkout")


def test_the_same_words_are_no_translation() -> None:
    assert list(grade_translation(answer(cause()), answer(cause()))) == [
        "the summary is not translated"
    ]


def test_a_refusal_must_come_must_be_the_right_one_and_must_help() -> None:
    said = truth(refusal="not_found", must_mention=["checkout"])
    assert list(grade_refusal(said, None)) == ["answered, where not_found was right"]
    assert "expected not_found" in next(grade_refusal(said, Forbidden("No.")))
    assert list(grade_refusal(said, NotFound("No chekout."))) == ["does not mention 'checkout'"]
    assert not list(grade_refusal(said, NotFound("No chekout.", hint="Did you mean checkout?")))


def test_the_words_of_an_answer_are_its_values_not_its_field_names() -> None:
    words = words_of(answer(cause(says="256Mi")))
    assert "256Mi" in words
    assert "root_causes" not in words


def test_numbers_without_a_citation_are_told() -> None:
    told = {"answer": "It ran out of memory [1][3].", "citations": [{"n": 1}]}
    assert list(grade_citations(told)) == ["numbers without a citation: [3]"]
    assert list(grade_citations({"answer": "Fine.", "citations": []})) == ["nothing is cited"]
