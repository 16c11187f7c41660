"""A question that its first look does not answer: where is looked next, and what is said of it."""

import pytest

from agent.answers.lengths import in_words
from agent.graph import Assistant
from tests.agent.turns import ask

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("question", "fact"),
    [
        ("what changed in checkout", "4.18.2 -> 4.19.0"),
        ("checkout 里最近改了什么？", "4.18.2 -> 4.19.0"),
        ("pods in checkout", "3 pods (pods in all namespaces)"),
        ("events in checkout", "Back-off restarting failed container checkout"),
    ],
)
async def test_what_is_no_namespace_is_looked_for_by_its_name(
    question: str, fact: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question, thread=question)
    assert [call.status for call in told.calls] == ["not_found", "ok"]
    assert fact in told.answer
    assert "payments" not in told.answer


@pytest.mark.parametrize("question", ["list pods in chekout-x", "events in chekout-x"])
async def test_what_is_neither_is_said_to_be_no_namespace(
    question: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question, thread=question)
    assert "There is no namespace 'chekout-x'. Known: " in told.answer
    assert told.done.citations == ()


@pytest.mark.parametrize(
    ("question", "head"),
    [
        ("show the error logs of checkout", "speaks of an error. Its last lines"),
        ("给我看看 checkout 最近的错误日志", "的日志中没有提到错误的行，以下是"),
    ],
)
async def test_where_a_log_has_no_error_that_is_said_and_its_last_lines_are_shown(
    question: str, head: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question, thread=question)
    assert head in told.answer
    assert "starting checkout" in told.answer
    assert any(call.arguments.get("previous") for call in told.calls)


async def test_a_node_that_is_not_there_is_told_with_those_that_are(assistant: Assistant) -> None:
    told = await ask(assistant, "why is node worker-2 failing?")
    assert "There is no Node named 'worker-2'." in told.answer
    assert "harbour-w-1" in told.answer


@pytest.mark.parametrize("question", ["Is anything about to run out?", "磁盘还能撑多久？"])
async def test_what_runs_out_is_a_disk_unless_something_else_is_named(
    question: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question, thread=question)
    assert [call.tool for call in told.calls] == ["forecast_disks"]
    assert "data/data-orders-postgres-0" in told.answer


def test_lengths_are_written_as_people_write_them() -> None:
    assert in_words("changes of the last P1D in shop", "en") == "changes of the last 1 day in shop"
    assert in_words("最近 PT90M的变更", "zh") == "最近 90 分钟的变更"
    assert in_words("最近 PT24H的变更", "zh") == "最近 1 天的变更"
    assert in_words("PTAH and VIP1D are names", "en") == "PTAH and VIP1D are names"


@pytest.mark.parametrize(
    ("question", "head"),
    [
        ("why is cart failing?", "**Nothing is found wrong with `cart`**"),
        ("Why is orders-postgres slow?", "**Nothing is found wrong with `orders-postgres`**"),
        ("cart 为什么报错？", "**`cart` 没有发现问题**"),
        ("cart 健康吗？", "**`cart` 没有发现问题**"),
    ],
)
async def test_what_has_nothing_to_do_with_the_fault_is_not_blamed_on_it(
    question: str, head: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question, thread=question)
    assert told.answer.startswith(head)
    assert "OOMKilled" in told.answer


@pytest.mark.parametrize("name", ["checkout", "storefront", "mobile-api"])
async def test_what_suffers_from_a_fault_is_told_it_at_once(
    name: str, assistant: Assistant
) -> None:
    told = await ask(assistant, f"why is {name} failing?", thread=name)
    assert told.answer.startswith("**Root cause: Deployment shop/checkout")


@pytest.mark.parametrize(
    ("question", "fact"),
    [
        ("list services in shop", "| shop | checkout | ClusterIP |"),
        ("列出 shop 的服务", "| shop | checkout | ClusterIP |"),
        ("show ingress shop", "shop.lanternloom.example"),
        ("有哪些 PVC", "| data | data-orders-postgres-0 | Bound |"),
        ("list persistent volumes", "PersistentVolume objects: [1]"),
    ],
)
async def test_kinds_without_a_list_of_their_own_are_listed_as_kubectl_does(
    question: str, fact: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question, thread=question)
    assert told.calls[-1].tool == "kubernetes_list_objects"
    assert fact in told.answer


async def test_a_rate_of_what_is_no_service_is_that_of_the_namespace(assistant: Assistant) -> None:
    told = await ask(assistant, "error rate of shop", thread="rates")
    assert len(told.calls) == 2
    assert "service=mobile-api" in told.answer
    assert "service=storefront" in told.answer
    hour = await ask(assistant, "shop 最近一小时的错误率", thread="hour")
    assert "| 序列 | 最初 | 最近 | 最小 | 最大 | 平均 |" in hour.answer
    one = await ask(assistant, "what is the error rate of mobile-api", thread="rate")
    assert len(one.calls) == 1
    assert "service=storefront" not in one.answer
