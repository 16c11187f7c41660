"""When a model that failed may be asked again."""

from agent.breaker import Breaker


def failed(times: int, at_s: float) -> Breaker:
    breaker = Breaker(failures=3, rest_s=30)
    for _ in range(times):
        assert breaker.admits(at_s)
        breaker.failed(at_s)
    return breaker


def test_a_few_failures_change_nothing() -> None:
    assert failed(2, at_s=100).admits(100)


def test_after_several_failures_in_a_row_a_model_is_left_alone() -> None:
    breaker = failed(3, at_s=100)
    assert not breaker.admits(129)
    assert breaker.rests_s(110) == 20


def test_a_success_in_between_begins_the_count_anew() -> None:
    breaker = failed(2, at_s=100)
    breaker.succeeded()
    breaker.failed(101)
    assert breaker.admits(101)


def test_after_the_rest_one_request_decides_for_all() -> None:
    breaker = failed(3, at_s=100)
    assert [breaker.admits(131), breaker.admits(131)] == [True, False]
    breaker.succeeded()
    assert [breaker.admits(131), breaker.admits(131)] == [True, True]


def test_a_request_that_fails_after_the_rest_begins_another_one() -> None:
    breaker = failed(3, at_s=100)
    assert breaker.admits(131)
    breaker.failed(132)
    assert not breaker.admits(161)
    assert breaker.admits(162)


def test_a_request_that_tells_nothing_leaves_the_decision_to_the_next() -> None:
    breaker = failed(3, at_s=100)
    assert breaker.admits(131)
    breaker.undecided()
    assert breaker.admits(131)


def test_a_provider_that_asks_for_time_gets_it_at_its_first_failure() -> None:
    breaker = Breaker(failures=3, rest_s=30)
    breaker.failed(100, asked_to_wait_s=5)
    assert not breaker.admits(104)
    assert breaker.admits(105)


def test_many_requests_that_are_asked_to_wait_a_second_wait_a_second() -> None:
    breaker = Breaker(failures=3, rest_s=30)
    for _ in range(200):
        breaker.failed(100, asked_to_wait_s=1)
    assert [breaker.admits(101), breaker.admits(101)] == [True, True]
