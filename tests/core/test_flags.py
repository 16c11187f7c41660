"""Which state a flag has for whom, and why."""

from core.flags import Flag, circles, decided, place_of, weaker

NOBODY: dict[str, str] = {}


def of(
    *flags: Flag, key: str = "ann", name: str = "analysis", **labels: str
) -> tuple[str, str, str]:
    found = decided({one.name: one for one in flags}, name, key, labels)
    return found.state, found.reason, found.why


def test_what_nobody_set_is_on() -> None:
    assert of() == ("on", "DEFAULT", "unset")


def test_a_flag_is_what_it_was_set_to() -> None:
    assert of(Flag("analysis", "off")) == ("off", "DISABLED", "set")
    assert of(Flag("analysis", "shadow")) == ("shadow", "STATIC", "set")
    assert of(Flag("analysis", "on")) == ("on", "STATIC", "set")


def test_only_what_has_the_labels_gets_it() -> None:
    flag = Flag("analysis", "on", labels={"team": "web"})
    assert of(flag, team="web", env="prod") == ("on", "TARGETING_MATCH", "set")
    assert of(flag, team="data") == ("off", "TARGETING_MATCH", "labels")


def test_a_share_is_about_that_many_the_same_ones_each_time_and_grows_by_others() -> None:
    def having(percent: float) -> set[str]:
        flag = Flag("models", "on", share_percent=percent)
        keys = map(str, range(2000))
        return {key for key in keys if of(flag, key=key, name="models")[0] == "on"}

    few, more = having(20), having(50)
    assert 0.17 < len(few) / 2000 < 0.23
    assert few < more
    assert having(0) == set()
    assert len(having(100)) == 2000
    assert place_of("models", "ann") != place_of("analysis", "ann")


def test_what_it_needs_has_to_be_on() -> None:
    needy, base = Flag("analysis", "on", needs="models"), Flag("models", "off")
    assert of(needy, base) == ("off", "DISABLED", "base")
    assert of(needy, Flag("models", "on"))[0] == "on"
    assert of(needy)[0] == "on"


def test_what_is_held_is_no_more_than_that_whatever_was_set() -> None:
    assert of(Flag("analysis", "on", held="shadow")) == ("shadow", "DISABLED", "held")
    assert of(Flag("analysis", "shadow", held="shadow")) == ("shadow", "STATIC", "set")
    assert of(Flag("analysis", "shadow", held="off")) == ("off", "DISABLED", "held")
    assert of(Flag("analysis", "off", held="shadow"))[0] == "off"


def test_needs_that_go_in_a_circle_are_found() -> None:
    one, other = Flag("analysis", "on", needs="models"), Flag("models", "on", needs="analysis")
    assert circles({"analysis": one, "models": other}, "analysis")
    assert not circles({"analysis": one, "models": Flag("models", "on")}, "analysis")


def test_of_two_states_the_weaker_counts() -> None:
    assert [weaker("on", "shadow"), weaker("off", "shadow"), weaker("on", "on")] == [
        "shadow",
        "off",
        "on",
    ]
