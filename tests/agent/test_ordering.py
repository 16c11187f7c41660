"""What is forbidden is no order; an amount that is set is one, and an amount that is told is none."""

import pytest

from agent.asked import Asked
from agent.dividing import read_all
from agent.planning_fixes import change_wanted, changing


@pytest.mark.parametrize(
    "text",
    [
        "don't restart ab-api",
        "do not roll back ab-api yet",
        "don't restart ab-api, just tell me why it dies",
        "before you restart ab-api show me what is wrong",
        "不要重启 ab-api",
        "先别重启 ab-api，告诉我为啥挂",
        "别急着回滚 ab-api，看看原因",
    ],
)
def test_what_is_forbidden_or_put_off_is_not_ordered(text: str) -> None:
    assert "autofix" not in [one.subagent for one in read_all(text)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("fix ab-api but do not restart it", ""),
        ("修好 ab-api，但是别重启它", ""),
        ("roll ab-api back, don't restart it", "rollback"),
        ("scale ab-api to 5 without restarting it", "scale"),
    ],
)
def test_an_order_is_planned_without_what_it_rules_out(text: str, wanted: str) -> None:
    [route] = read_all(text)
    assert (route.subagent, route.intent) == ("autofix", "change")
    asked = Asked(text, route.intent, route.language, route.arguments)
    assert change_wanted(asked) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "triple the memory of deployment ab-api",
        "cut ab-api to half a core",
        "ab-api mem 1g",
        "can you give ab-api 2 cores",
        "ab-api 内存给到 1G",
        "ab-api 的内存翻三倍",
        "ab-api 的 CPU 砍到 200m",
    ],
)
def test_an_amount_that_is_set_is_an_order(text: str) -> None:
    [route] = read_all(text)
    assert (route.subagent, route.intent) == ("autofix", "change")
    assert "window" not in route.arguments
    asked = Asked(text, route.intent, route.language, route.arguments)
    assert change_wanted(asked) == "resources"


@pytest.mark.parametrize(
    ("text", "subagent"),
    [
        ("ab-api memory doubled since yesterday", "rca"),
        ("why did the memory of ab-api double", "rca"),
        ("alert me when ab-api memory exceeds 1Gi", "alert_admin"),
        ("would it help to double the memory of ab-api", "rca"),
        ("ab-api 的内存涨了 3 倍", "rca"),
        ("how much would we save if we cut ab-api to half a core", "cost"),
    ],
)
def test_an_amount_that_is_told_or_thought_of_is_no_order(text: str, subagent: str) -> None:
    assert [one.subagent for one in read_all(text)] == [subagent]


@pytest.mark.parametrize(
    "text",
    [
        "did someone scale ab-api down",
        "has anyone restarted ab-api",
        "有人把 ab-api 缩容了吗",
        "ab-api 回滚过吗",
        "ab-api 的 cpu limit 谁调低的",
    ],
)
def test_whether_somebody_did_it_is_asked_of_what_changed(text: str) -> None:
    [route] = read_all(text)
    assert (route.subagent, route.intent) == ("rca", "changes")
    assert route.arguments["name"] == "ab-api"


@pytest.mark.parametrize("text", ["can someone restart ab-api", "谁帮忙重启一下 ab-api"])
def test_who_asks_somebody_to_do_it_orders_it(text: str) -> None:
    assert [(one.subagent, one.intent) for one in read_all(text)] == [("autofix", "change")]


def test_an_order_and_what_it_cost_are_two_matters() -> None:
    order, price = read_all("roll back ab-api and tell me what the outage cost us")
    assert (order.subagent, order.intent) == ("autofix", "change")
    assert (price.subagent, price.intent) == ("cost", "spend")


def test_what_must_not_be_touched_is_not_what_is_ordered() -> None:
    [route] = read_all("把 rack-17 摘出去，别动上面的 pod")
    assert route.arguments == {"name": "rack-17"}


@pytest.mark.parametrize("text", ["who got paged last night and why", "昨晚呼叫了谁，为什么"])
def test_who_was_told_and_why_are_two_questions_of_one_time(text: str) -> None:
    told, why = read_all(text)
    assert (told.subagent, told.intent) == ("alert_admin", "channels")
    assert (why.subagent, why.intent) == ("rca", "investigate")
    assert why.arguments == {"window": "PT12H"}


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("raise the budget of team web from 500-800", 800),
        ("budget of team web: $500 -> $800", 800),
        ("把 web 团队的预算从 500-800 提上去", 800),
    ],
)
def test_of_a_span_between_two_budgets_the_second_is_meant(text: str, amount: int) -> None:
    [route] = read_all(text)
    assert (route.subagent, route.intent) == ("cost", "budget")
    assert (route.arguments["team"], route.arguments["amount"]) == ("web", amount)
    assert "namespace" not in route.arguments


def test_a_noisy_rule_is_mended_as_a_rule() -> None:
    for text in ("that rule is too noisy, please fix it", "这规则太吵，改改"):
        [route] = read_all(text)
        assert (route.subagent, route.intent) == ("alert_admin", "rules")


@pytest.mark.parametrize("text", ["apply that plan", "dry run first", "先演练一下"])
def test_a_plan_that_is_not_named_is_looked_for_among_those_there_are(text: str) -> None:
    [route] = read_all(text)
    assert route.subagent == "autofix"
    [step] = changing(Asked(text, route.intent, route.language, route.arguments), [])
    assert step.tool == "autofix_list_plans"


def test_what_is_not_to_be_silenced_is_no_silence_but_an_end_of_one_is() -> None:
    for text in (
        "don't silence HighErrorRate, tell me why it fires",
        "HighErrorRate 别静默，告诉我为什么响",
    ):
        assert "alert_admin" not in [one.subagent for one in read_all(text)]
    [route] = read_all("HighErrorRate 别静默了")
    assert (route.subagent, route.intent) == ("alert_admin", "silences")


@pytest.mark.parametrize(
    ("text", "alert"),
    [("silence CPUThrottlingHigh for 1 hour", "CPUThrottlingHigh"), ("KubeAPIDown 静默一小时", "KubeAPIDown")],
)  # fmt: skip
def test_an_alert_whose_name_has_an_abbreviation_is_named(text: str, alert: str) -> None:
    [route] = read_all(text)
    assert route.arguments == {"alert": alert, "duration": "PT1H"}


@pytest.mark.parametrize(
    ("text", "at"),
    [("TargetDown 静默到明早 8 点", "08:00"), ("TargetDown 静默到明晚 9 点", "21:00")],
)
def test_a_silence_ends_at_the_hour_of_the_next_day_that_was_said(text: str, at: str) -> None:
    [route] = read_all(text)
    assert route.arguments == {"alert": "TargetDown", "at": at}


def test_a_scaling_without_a_number_is_asked_back_and_mends_nothing_else() -> None:
    for text in ("scale ab-api", "ab-api 扩容"):
        [route] = read_all(text)
        asked = Asked(text, route.intent, route.language, route.arguments)
        assert change_wanted(asked) == "scale"


@pytest.mark.parametrize(
    ("text", "amount"),
    [("给 web 团队设每月一万二的预算", 12_000), ("web 团队的预算调到两千五", 2_500), ("web 团队预算定三万", 30_000)],
)  # fmt: skip
def test_sums_are_read_as_chinese_says_them(text: str, amount: int) -> None:
    [route] = read_all(text)
    assert (route.arguments["team"], route.arguments["amount"]) == ("web", amount)
