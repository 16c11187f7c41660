"""Members of a cluster of Alertmanagers, judged by what each says."""

from dataclasses import replace

from mcp_servers.engines.alertmanager_health import problems, verdict
from mcp_servers.facts.alertmanagers import MemberSeen

ONE = MemberSeen("am-0", version="0.27", gossip="ready", peers=2, configuration="a")
TWO = replace(ONE, address="am-1")
GONE = MemberSeen("am-1", why="no answer")


def codes(*members: MemberSeen) -> list[tuple[str, str]]:
    return [(one.code, one.member) for one in problems(members)]


def test_members_that_know_each_other_and_agree_are_well() -> None:
    assert codes(ONE, TWO) == []
    assert verdict([ONE, TWO]) == "ok"


def test_one_that_is_alone_by_intention_need_know_nobody() -> None:
    assert verdict([replace(ONE, gossip="disabled", peers=0)]) == "ok"


def test_one_that_does_not_answer_is_named_and_the_rest_still_tells() -> None:
    assert codes(replace(ONE, peers=1), GONE) == [("member_down", "am-1")]
    assert verdict([replace(ONE, peers=1), GONE]) == "degraded"


def test_when_nobody_answers_nothing_is_told() -> None:
    assert verdict([GONE]) == "down"


def test_members_that_lost_sight_of_each_other_are_apart() -> None:
    assert codes(replace(ONE, peers=1), replace(TWO, peers=1)) == [
        ("apart", "am-0"),
        ("apart", "am-1"),
    ]


def test_a_member_that_joined_nobody_is_named_rather_than_counted() -> None:
    assert codes(ONE, replace(TWO, gossip="disabled", peers=0)) == [("no_gossip", "am-1")]


def test_another_configuration_and_missing_silences_are_told() -> None:
    three = replace(ONE, address="am-2", peers=3)
    odd = replace(TWO, configuration="b", silences=frozenset({"s"}), peers=3)
    found = problems([replace(ONE, peers=3), odd, three])
    assert [(one.code, one.member, one.count) for one in found] == [
        ("other_configuration", "am-1", 0),
        ("other_silences", "am-0", 1),
        ("other_silences", "am-2", 1),
    ]
