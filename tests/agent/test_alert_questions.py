"""Questions about alerts, silences, rules and channels, answered without a model in both languages."""

from collections.abc import AsyncGenerator

import pytest

from agent.graph import Assistant
from agent.models import ModelChoice
from core.security.encryption import Vault
from core.storage.database import Database
from core.storage.kept_alerts import KeptAlerts
from mcp_servers.client import Connections, Tools, desk_over, in_process
from sandbox.server import serving
from tests.agent.turns import ANN, SNAPSHOTS, ask
from tests.channels.conftest import alert, webhook


@pytest.fixture(scope="module")
async def assistant(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Assistant]:
    """Over the shop, with a database that has heard of one alert."""
    file = tmp_path_factory.mktemp("data") / "midwatch.db"
    async with (
        serving(SNAPSHOTS / "shop") as addresses,
        Database.opened(f"sqlite:///{file}") as database,
    ):
        reach = Connections(
            kubeconfig=addresses.kubeconfig,
            prometheus_url=addresses.prometheus,
            alertmanager_url=addresses.alertmanager,
        )
        desk = desk_over(KeptAlerts(database), Vault.of("a key " * 8), practice=True)
        async with in_process(reach, desk=desk) as sessions:
            payload = webhook(alert("DiskFull"))
            tools = Tools(sessions, ANN)
            await tools.call("alerting_receive", source="alertmanager", payload=payload)
            async with Assistant.opened(
                model=ModelChoice(), sessions=sessions, memory=None
            ) as opened:
                yield opened


@pytest.mark.parametrize(
    ("question", "tool", "said"),
    [
        ("which alerts are firing?", "prometheus_alerts", "fire"),
        ("现在有哪些告警？", "prometheus_alerts", "告警"),
        ("which alerts went off last night?", "alerting_list", "DiskFull"),
        ("昨晚收到了哪些告警？", "alerting_list", "共收到 1 条告警"),
        ("list the silences", "alerting_list_silences", "silence"),
        ("who was paged last night?", "channels_deliveries", "Nobody was told of anything since"),
        ("who was paged?", "channels_deliveries", "Nobody was told of anything yet"),
        ("昨晚通知了谁？", "channels_deliveries", "以来没有通知过任何人"),
        ("which notification channels are there?", "channels_list", "No channel is set up"),
        ("show me the alert rules", "prometheus_rules", "rules:"),
        ("which alerts are noisy?", "alerting_quality", "DiskFull"),
        ("what did the analyses of the alerts find?", "alerting_list_analyses", "1 analyses"),
        ("which patrols are there?", "alerting_list_patrols", "There is no patrol yet"),
        ("which usage watches are there?", "alerting_list_watches", "Nothing watches"),
        ("有哪些用量监视？", "alerting_list_watches", "还没有设置用量监视"),
        ("lint the alert rules", "alerting_lint_rules", "rules"),
        ("告警规则有没有写错的？", "alerting_lint_rules", "条规则"),
        (
            "back-test the alert rules over the last day",
            "alerting_back_test_rules",
            "would have fired",
        ),
        ("回测一下告警规则，会触发几次？", "alerting_back_test_rules", "本会触发的次数"),
        (
            "suggest an alert for http request duration of checkout",
            "alerting_suggest_from_words",
            "http_request_duration_seconds_bucket",
        ),
        (
            "suggest an alert for queue length of orders",
            "alerting_suggest_from_words",
            "queue_length",
        ),
        ("给 orders 的队列长度建议一条告警", "alerting_suggest_from_words", "queue_length"),
        (
            "给 checkout 的请求耗时推荐一条告警",
            "alerting_suggest_from_words",
            "http_request_duration_seconds_bucket",
        ),
        (
            "suggest an alert for cache evictions of orders",
            "alerting_suggest_from_words",
            "no metric",
        ),
        ("which rule files are stored?", "alerting_list_rule_files", "No file of rules is stored"),
        ("保存了哪些规则文件？", "alerting_list_rule_files", "还没有保存规则文件"),
        (
            "are all members of the alertmanager cluster healthy?",
            "alerting_list_alertmanagers",
            "All 1 members",
        ),
        ("Alertmanager 集群的成员都正常吗？", "alerting_list_alertmanagers", "都有应答"),
        ("is the Alertmanager cluster healthy?", "alerting_list_alertmanagers", "All 1 members"),
        ("Alertmanager 集群健康吗？", "alerting_list_alertmanagers", "都有应答"),
        (
            "show the Alertmanager configuration",
            "alerting_list_manager_configs",
            "No configuration",
        ),
        (
            "看看 Alertmanager 的配置",
            "alerting_list_manager_configs",
            "还没有保存 Alertmanager 配置",
        ),
        ("which alerts were told to nobody?", "alerting_list", "there is no channel"),
        ("有哪些告警没有通知到人？", "alerting_list", "还没有通知渠道"),
        ("which smart functions are held back?", "alerting_list_flags", "11 smart functions"),
        ("哪些智能功能被限制了？", "alerting_list_flags", "11 个智能功能"),
        (
            "are the alert rules in sync everywhere?",
            "alerting_list_rule_targets",
            "No server takes",
        ),
        ("哪些 Prometheus 的规则没有同步？", "alerting_list_rule_targets", "还没有服务器"),
        ("有哪些巡检？", "alerting_list_patrols", "还没有设置巡检"),
        ("告警分析的结果是什么？", "alerting_list_analyses", "共 1 次告警分析"),
    ],
)
async def test_each_question_is_answered_from_the_tool_that_knows(
    assistant: Assistant, question: str, tool: str, said: str
) -> None:
    told = await ask(assistant, question, thread=question)
    assert told.done.route == ("alert_admin",)
    assert told.calls[-1].tool == tool
    assert said in told.answer


@pytest.mark.parametrize(
    ("question", "matchers", "verdict"),
    [
        ("silence DiskFull in shop for 2 hours", ["DiskFull", "shop"], "It was not set"),
        ("把 shop 命名空间的 DiskFull 静默 2 小时", ["DiskFull", "shop"], "没有设置"),
    ],
)
async def test_a_silence_is_tried_out_first_and_what_speaks_against_it_is_said(
    assistant: Assistant, question: str, matchers: list[str], verdict: str
) -> None:
    told = await ask(assistant, question, thread=question)
    assert told.calls[-1].tool == "alerting_preview_silence"
    assert all(one in told.answer for one in [*matchers, verdict])


async def test_a_silence_that_may_be_set_is_set_by_no_conversation_alone(
    assistant: Assistant,
) -> None:
    told = await ask(assistant, "silence HostDown for 30 minutes", thread="pausing")
    made = {one.tool: one.status for one in told.calls}
    assert made["alerting_preview_silence"] == "ok"
    assert made.get("alerting_create_silence") != "ok"
