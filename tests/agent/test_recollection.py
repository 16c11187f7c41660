"""What a long conversation keeps, and what of it is shown again."""

from hypothesis import given
from hypothesis import strategies as st

from agent.estimating import estimated_tokens
from agent.recollection import KEPT, LASTING_KEPT, WHOLE, facts_of, recalled, remembered
from agent.state import Exchange
from agent.toolbox import Result

INVESTIGATED = Result(
    "rca_investigate",
    {"namespace": "shop"},
    "ok",
    "verdict: found",
    {
        "root_causes": [{"rule": "pod.oom_killed", "summary": "limit 256Mi", "confidence": 0.99}],
        "ruled_out": [{"hypothesis": "cart", "why": "it was well before"}],
        "healthy": [{"text": "Deployment shop/catalog: 2 of 2 pods ready"}],
        "not_checked": [{"what": "metrics", "why": "Prometheus is away"}],
    },
)


def exchange(n: int, *, answer: str = "It is well.", facts: tuple[str, ...] = ()) -> Exchange:
    return Exchange(question=f"question {n}", answer=answer, facts=list(facts))


def conversation(*exchanges: Exchange) -> list[Exchange]:
    kept: list[Exchange] = []
    for one in exchanges:
        kept = remembered(kept, one)
    return kept


def shown(kept: list[Exchange], question: str, budget: int = 600) -> str:
    told = recalled(kept, question, budget)
    whole = [one["question"] + one["answer"] for one in told.whole]
    return "\n".join((*told.facts, *whole))


def test_an_investigation_leaves_its_causes_and_what_was_well_or_unknown() -> None:
    assert facts_of([INVESTIGATED]) == [
        "cause: pod.oom_killed: limit 256Mi (0.99)",
        "ruled out: cart - it was well before",
        "healthy: Deployment shop/catalog: 2 of 2 pods ready",
        "not checked: metrics: Prometheus is away",
    ]


def test_a_list_leaves_its_first_lines_and_a_failed_call_leaves_nothing() -> None:
    listed = Result("kubernetes_list_pods", {"namespace": "shop"}, "ok", "15 pods\n a\n b\n c")
    failed = Result("kubernetes_list_pods", {}, "forbidden", "You may not.")
    assert facts_of([listed, failed]) == [
        "seen: kubernetes_list_pods namespace=shop: 15 pods · a · b"
    ]


def test_a_fact_is_shown_again_a_hundred_turns_later_when_the_question_names_it() -> None:
    first = exchange(0, facts=tuple(facts_of([INVESTIGATED])))
    others = [exchange(n, facts=(f"cause: x.y: service-{n} fails (0.9)",)) for n in range(1, 100)]
    kept = conversation(first, *others)
    assert "healthy: Deployment shop/catalog" in shown(kept, "is catalog still well?")
    assert "ruled out: cart" in shown(kept, "cart 排除了吗")
    assert "service-42 fails" in shown(kept, "what was it with service-42?")


def test_what_a_person_said_is_kept_too() -> None:
    told = Exchange(question="The team payments owns ledger", answer="Noted.", facts=[])
    kept = conversation(told, *(exchange(n) for n in range(90)))
    assert "team payments owns ledger" in shown(kept, "who owns ledger?")


def test_the_last_answer_is_always_shown_if_only_its_beginning() -> None:
    kept = conversation(exchange(1, answer="First: memory. " + "and so on " * 2_000))
    told = shown(kept, "explain the first point")
    assert "First: memory." in told
    assert estimated_tokens(told) <= 600


TEXTS = st.text(max_size=3_000)
FACTS = st.sampled_from(["cause: a b (0.9)", "healthy: c", "seen: d"]) | st.text(max_size=300)


@st.composite
def exchanges(draw: st.DrawFn) -> Exchange:
    facts = draw(st.lists(FACTS, max_size=4))
    return Exchange(question=draw(st.text(max_size=300)), answer=draw(TEXTS), facts=facts)


@given(st.lists(exchanges(), max_size=30), TEXTS, st.integers(200, 3_000))
def test_what_is_shown_never_costs_more_than_its_budget(
    before: list[Exchange], question: str, budget: int
) -> None:
    told = recalled(conversation(*before), question, budget)
    texts = [*told.facts, *(one["question"] + one["answer"] for one in told.whole)]
    assert sum(map(estimated_tokens, texts)) <= budget


@given(st.integers(0, 200))
def test_a_conversation_is_kept_in_bounds_and_ends_with_its_latest_turns(turns: int) -> None:
    kept = conversation(*(exchange(n, facts=(f"cause: {n}",) * 3) for n in range(turns)))
    assert len(kept) <= KEPT + WHOLE + 1
    assert len(kept[0].get("facts", []) if kept else []) <= LASTING_KEPT
    assert [one["question"] for one in kept[-WHOLE:]] == [
        f"question {n}" for n in range(max(0, turns - WHOLE), turns)
    ]
