"""What one thing sets is told as that part of it: limits, environment, mounts, probes, ports; and who runs an image."""

import pytest

from agent.answers.settings import told_settings
from agent.arguments import extract
from agent.asked import Asked
from agent.dividing import read_all
from agent.graph import Assistant
from agent.hosts import service_of, without_hosts
from agent.planning_lacking import image_of
from agent.planning_settings import part_of
from agent.toolbox import Result
from tests.agent.turns import ask


@pytest.mark.parametrize(
    ("question", "told", "left_out"),
    [
        (
            "what are the memory limits of checkout",
            "| checkout | memory | 160Mi | 256Mi |",
            "kind:",
        ),
        ("checkout 的内存 limit 是多少", "| checkout | memory | 160Mi | 256Mi |", "kind:"),
        ("which secrets are mounted in checkout", "secret checkout-orders dsn", "256Mi"),
        ("what env vars does checkout have", "| checkout | PRICE_INDEX | `full` |", "256Mi"),
        ("any restarts of checkout in the past 3 days?", "pods restarted", "orders-postgres"),
        ("checkout 近三天重启过几次", "| shop | checkout-", "orders-postgres"),
        ("ports of cart", "| cart |", "Root cause"),
        ("which deployments run image cart", "Deployment/cart", "Deployment/ledger"),
        ("哪些 pod 用了 postgres 镜像", "StatefulSet/orders-postgres", "Deployment/cart"),
        ("节点 harbour-w-3 上都跑了什么", "| harbour-w-3 |", "污点"),
    ],
)
async def test_a_question_gets_the_part_it_asks_for(
    assistant: Assistant, question: str, told: str, left_out: str
) -> None:
    turn = await ask(assistant, question)
    assert told in turn.answer
    assert left_out not in turn.answer.partition("**Sources**")[0].partition("**来源**")[0]


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("what env vars does web have", "env"),
        ("web 的环境变量有哪些", "env"),
        ("ports of web", "ports"),
        ("what probes are set for web", "probes"),
        ("is web close to its memory limit", ""),
        ("show me the yaml of web", ""),
    ],
)
def test_the_part_is_named_by_its_word(question: str, part: str) -> None:
    assert part_of(Asked(question, "list", "en", {"name": "web"})) == part


def test_a_list_of_many_is_of_no_one_things_settings() -> None:
    assert not part_of(Asked("which pods have no limits", "list", "en"))


def test_every_container_of_a_cron_job_is_told_with_what_it_leaves_unset() -> None:
    pod = {"containers": [{"name": "run", "resources": {"limits": {"cpu": "1"}}}]}
    spec = {"jobTemplate": {"spec": {"template": {"spec": pod}}}}
    data = {"kind": "CronJob", "namespace": "shop", "name": "tidy", "object": {"spec": spec}}
    result = Result("kubernetes_get_object", {}, "ok", "", data=data)
    told = told_settings(Asked("limits of tidy", "list", "en", {"name": "tidy"}), result)
    assert "| run | cpu | - | 1 |" in told
    assert "| run | memory | - | - |" in told
    ports = Asked("ports of tidy", "list", "en", {"name": "tidy"})
    assert told_settings(ports, result).startswith("CronJob shop/tidy names no ports.")


@pytest.mark.parametrize(
    ("question", "image"),
    [
        ("which deployments run image nginx", "nginx"),
        ("哪些 deployment 用了 nginx 镜像", "nginx"),
        ("which pods use an image from ghcr.io", "ghcr.io"),
        ("running the postgres:16 image", "postgres:16"),
        ("which image does it run", ""),
    ],
)
def test_an_image_is_named_by_a_part_of_it(question: str, image: str) -> None:
    assert image_of(question) == image


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        (
            'pallet-api gets "connection refused" from payments.shop.svc:8080',
            {"name": "pallet-api", "service": "pallet-api"},
        ),
        (
            "connection refused to payments.shop.svc.cluster.local",
            {"name": "payments", "service": "payments", "namespace": "shop"},
        ),
        (
            "dial tcp 10.0.3.7:5432: i/o timeout in pallet-api",
            {"name": "pallet-api", "service": "pallet-api"},
        ),
        (
            'password authentication failed for user "ledger" in ledger-sync logs',
            {"name": "ledger-sync", "service": "ledger-sync"},
        ),
        (
            "pallet-api 连不上 https://rates.example.com/v1",
            {"name": "pallet-api", "service": "pallet-api"},
        ),
    ],
)
def test_an_address_in_an_error_is_no_name_beside_one(message: str, wanted: dict[str, str]) -> None:
    assert extract(message, subagent="rca", intent="investigate") == wanted


def test_two_addresses_say_of_none_which_is_meant() -> None:
    assert service_of("from a.shop.svc to b.shop.svc") == ("", "")
    assert "shop" not in without_hosts("from a.shop.svc to b.shop.svc")


def test_the_sides_of_a_difference_are_asked_about_once() -> None:
    routes = read_all("what's the difference between a statefulset and a deployment")
    assert [(one.subagent, one.intent) for one in routes] == [("rag", "explain")]


def test_all_alerts_are_asked_for_beside_a_fault() -> None:
    fault, alerts = read_all("why is web-api down and tell me which alerts are firing")
    assert fault.arguments["name"] == "web-api"
    assert not alerts.arguments
    _, its_own = read_all("why is web-api down and are there any alerts for it")
    assert its_own.arguments["name"] == "web-api"
