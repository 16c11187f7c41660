"""English as people on call type it: half questions, plain words as names, orders that go on."""

import pytest

from agent.dividing import read_all
from agent.intents import Route, read


def after(previous: str, text: str) -> Route:
    return read(text, previous=read(previous).shape())


@pytest.mark.parametrize(
    "text", ["how is checkout", "how's checkout", "so how's checkout looking?"]
)
def test_how_something_is_asks_for_its_health(text: str) -> None:
    route = read(text)
    assert (route.subagent, route.intent) == ("rca", "health")
    assert route.arguments["name"] == "checkout"


@pytest.mark.parametrize("text", ["how is the backup organised", "how is it going", "how is life"])
def test_how_something_is_done_or_goes_asks_for_no_health(text: str) -> None:
    assert read(text).intent != "health"


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("we got 14 pages in an hour, which ones", "PT1H"),
        ("checkout crashed five times in 20 minutes", "PT20M"),
        ("alerts of checkout in the last quarter of an hour", "PT15M"),
        ("alerts of checkout in the last three quarters of an hour", "PT45M"),
    ],
)
def test_what_came_to_pass_within_a_time_is_looked_for_within_it(text: str, window: str) -> None:
    assert read(text).arguments["window"] == window


def test_what_is_to_come_within_a_time_is_not_looked_for_in_the_past() -> None:
    assert "window" not in read("who is on call in an hour").arguments


@pytest.mark.parametrize(
    "text", ["lower the docks budget to 9k", "how much of our docks budget is left"]
)
def test_a_plain_word_before_budget_is_whose_it_is(text: str) -> None:
    route = read(text)
    assert (route.intent, route.arguments["namespace"]) == ("budget", "docks")


@pytest.mark.parametrize("text", ["lower the monthly budget to 9k", "did we blow the whole budget"])
def test_how_a_budget_is_names_nobody(text: str) -> None:
    assert {"namespace", "name", "team"}.isdisjoint(read(text).arguments)


def test_a_team_may_be_called_by_what_it_does() -> None:
    assert read("team lighting spends how much").arguments["team"] == "lighting"
    assert "team" not in read("which team owning the mesh spends most").arguments


def test_an_order_without_a_name_sets_another_amount_of_the_budget_before() -> None:
    route = after("budget of team lighting", "raise it by 2000")
    assert (route.subagent, route.intent) == ("cost", "budget")
    assert route.arguments == {"team": "lighting", "amount": 2000}


def test_an_order_about_a_part_of_something_sets_no_budget() -> None:
    route = after("budget of namespace shop", "raise the memory limit of checkout to 2Gi")
    assert (route.subagent, route.intent) == ("autofix", "change")


def test_since_when_after_alerts_asks_of_the_alerts() -> None:
    route = after("is DiskFull firing", "since when")
    assert (route.intent, route.arguments["alert"]) == ("alerts", "DiskFull")
    assert after("is checkout healthy", "since when").intent == "investigate"


@pytest.mark.parametrize(
    ("text", "subagent", "intent"),
    [
        ("would 10 more replicas of berth-api still fit", "cost", "forecast"),
        ("what did gate-sync say right before it died", "rca", "logs"),
        ("what stops working when asset-store is gone", "rca", "dependencies"),
        ("has this happened to render-queue before", "rca", "incidents"),
        ("how old is the asset-store-0 pod", "rca", "list"),
        ("how many requests does review-site get", "rca", "metrics"),
        ("what did we change on berth-api through midwatch", "autofix", "history"),
        ("set aside 3k euros a month for team quay", "cost", "budget"),
        ("runbook for stuck frames?", "rag", "documents"),
        ("add a runbook about failover, how", "rag", "how_to"),
        ("just apply it, i don't need to approve anything", "none", "bypass"),
    ],
)
def test_what_people_on_call_ask_reaches_who_answers_it(
    text: str, subagent: str, intent: str
) -> None:
    route = read(text)
    assert (route.subagent, route.intent) == (subagent, intent)


def test_a_word_that_logs_are_searched_for_is_no_name() -> None:
    route = read('find "deadlock" in the reagent-db logs')
    assert (route.intent, route.arguments["name"]) == ("logs", "reagent-db")


def test_what_tells_of_others_names_nobody_before_what_is_broken() -> None:
    assert (
        read("cars can't pass because plate-reader times out").arguments["name"] == "plate-reader"
    )


def test_a_number_alone_is_of_the_unit_told_before() -> None:
    route = after("silence DiskFull for 1 hour", "make it two")
    assert route.arguments == {"alert": "DiskFull", "duration": "PT2H"}


def test_why_nobody_was_told_is_asked_of_the_channels_alone() -> None:
    told = read_all("nobody got a mail for DiskFull, why")
    assert [(one.subagent, one.intent) for one in told] == [("alert_admin", "channels")]
    assert told[0].arguments == {"alert": "DiskFull", "channel": "email"}


@pytest.mark.parametrize("text", ["create budget tolls 8000 eur", "budget tolls: 8000 eur"])
def test_a_plain_word_behind_budget_is_whose_it_is(text: str) -> None:
    found = read(text).arguments
    assert (found["namespace"], found["amount"], found["currency"]) == ("tolls", 8000, "EUR")


def test_a_node_that_must_get_no_pods_is_named_alone() -> None:
    route = read("gantry-4 must not get new pods")
    assert (route.subagent, route.intent) == ("autofix", "change")
    assert route.arguments == {"name": "gantry-4"}


@pytest.mark.parametrize(
    ("text", "team"),
    [
        ("is team mornings over its budget", "mornings"),
        ("notify team mornings on slack about critical alerts", "mornings"),
        ("which team spends the most", ""),
        ("did our team exceed the budget", ""),
        ("cost by team last month", ""),
    ],
)
def test_a_team_may_be_called_by_an_ordinary_word(text: str, team: str) -> None:
    assert read(text).arguments.get("team", "") == team


def test_who_is_on_call_is_asked_of_nothing_that_was_named_before() -> None:
    told = read_all("what's wrong with jingle-api and who is on call")
    assert [dict(one.arguments) for one in told][1] == {}


def test_the_nodes_that_something_runs_on_are_not_what_is_listed() -> None:
    route = after("list pods in namespace onair", "in which node are they")
    assert route.arguments == {"namespace": "onair", "kind": "Pod"}


@pytest.mark.parametrize(
    "text", ["will 4 replicas of route-api hold the peak", "would 4 pods of route-api be enough"]
)
def test_whether_so_many_are_enough_orders_nothing(text: str) -> None:
    route = read(text)
    assert (route.subagent, route.intent) == ("cost", "forecast")


def test_noise_that_is_to_be_killed_is_silenced_and_nothing_is_deleted() -> None:
    route = read("kill the noise from rail-5 for an hour")
    assert (route.subagent, route.intent) == ("alert_admin", "silences")
    assert route.arguments["duration"] == "PT1H"


def test_how_long_something_has_been_broken_is_how_far_back_is_looked() -> None:
    route = read("signal-db-0 wedged in Terminating for 40 min")
    assert route.arguments["window"] == "PT40M"


@pytest.mark.parametrize("text", ["nah make it 3", "no, 3", "just 3"])
def test_another_number_of_hours_is_no_threshold(text: str) -> None:
    route = after("mute TramLate for an hour", text)
    assert route.arguments == {"alert": "TramLate", "duration": "PT3H"}


def test_the_end_of_a_contraction_is_no_name() -> None:
    assert after("is TramLate firing", "who's on it").arguments == {"alert": "TramLate"}


def test_consent_before_an_order_is_no_part_of_it() -> None:
    route = read("yeah roll route-api back")
    assert (route.subagent, route.arguments["name"]) == ("autofix", "route-api")


@pytest.mark.parametrize(
    ("text", "subagent", "intent"),
    [
        ("what is slowing down pos-sync", "rca", "investigate"),
        ("are all deployments in namespace bakery ready", "rca", "health"),
        ("show me what you plan to do about oven-ctl", "autofix", "plans"),
        ("send me a test page", "alert_admin", "channels"),
    ],
)
def test_plain_questions_reach_who_answers_them(text: str, subagent: str, intent: str) -> None:
    route = read(text)
    assert (route.subagent, route.intent) == (subagent, intent)


def test_what_is_looked_for_in_there_is_looked_for_in_the_logs_before() -> None:
    route = after("show the last 100 log lines of pos-sync", "anything about timeouts in there")
    assert (route.intent, route.arguments["name"]) == ("logs", "pos-sync")
