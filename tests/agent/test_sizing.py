"""Requests and limits that a sentence names, in either language."""

from typing import Any

import pytest

from agent.asked import Asked
from agent.planning_fixes import changing
from agent.sizing import Sizes, sizes, sizes_after


@pytest.mark.parametrize(
    ("question", "amounts"),
    [
        ("set the memory limit of checkout to 512Mi", ["limits.memory=512Mi"]),
        ("把 checkout 的内存上限调到 512Mi", ["limits.memory=512Mi"]),
        ("double checkout's memory", ["memory*=2"]),
        ("checkout 的内存翻倍", ["memory*=2"]),
        ("checkout 内存加一倍", ["memory*=2"]),
        ("checkout 的内存调到两倍", ["memory*=2"]),
        ("把 checkout 内存减半", ["memory*=0.5"]),
        ("cut checkout's memory in half", ["memory*=0.5"]),
        ("reduce checkout's memory by 20%", ["memory*=0.8"]),
        ("给 checkout 加 200m CPU request", ["requests.cpu+=200m"]),
        ("increase the cpu request of checkout by 100m", ["requests.cpu+=100m"]),
        ("give checkout 256Mi more memory", ["memory+=256Mi"]),
        ("give checkout more memory: 1Gi", ["memory=1Gi"]),
        ("give checkout 1.5 GB of memory", ["memory=1.5Gi"]),
        ("checkout 内存 limit 调大到 1G", ["limits.memory=1Gi"]),
        ("把 checkout 的内存限制放宽到 1Gi", ["limits.memory=1Gi"]),
        ("raise the cpu limit of checkout to 1 core", ["limits.cpu=1"]),
        ("raise the cpu limit of checkout to 2", ["limits.cpu=2"]),
        ("limit checkout to half a core", ["limits.cpu=500m"]),
        ("set the cpu of checkout to 500 millicores", ["cpu=500m"]),
        ("把 checkout 的 CPU limit 提到两核", ["limits.cpu=2"]),
        ("checkout 的 cpu 上限提高到 1.5 核", ["limits.cpu=1.5"]),
        ("requests 100m/128Mi limits 500m/512Mi", ["requests.cpu=100m", "requests.memory=128Mi", "limits.cpu=500m", "limits.memory=512Mi"]),
        ("set cpu=2 and memory=4Gi", ["cpu=2", "memory=4Gi"]),
        ("take a core away from checkout", ["cpu-=1"]),
        ("give checkout a quarter more cpu", ["cpu*=1.25"]),
        ("checkout 再给四分之一的 cpu", ["cpu*=1.25"]),
        ("give checkout 20% less memory", ["memory*=0.8"]),
        ("cut checkout's memory by a third", ["memory*=0.667"]),
        ("checkout 的 cpu 砍三分之一", ["cpu*=0.667"]),
        ("checkout 内存加两成", ["memory*=1.2"]),
        ("checkout 内存降到一半", ["memory*=0.5"]),
        ("checkout 内存砍掉一半", ["memory*=0.5"]),
        ("give checkout a quarter of a core", ["cpu=0.25"]),
        ("checkout 的 CPU 上限降到 250 毫核", ["limits.cpu=250m"]),
        ("checkout 内存加到一个半 G", ["memory=1.5Gi"]),
        ("give it 512Mi more", ["memory+=512Mi"]),
        ("raise memory of checkout from 256Mi to 512Mi", ["memory=512Mi"]),
        ("把 checkout 的内存从 200m 提到 300m", ["memory=300Mi"]),
        ("set memory limit to 1Gi and request to 512Mi for checkout", ["limits.memory=1Gi", "requests.memory=512Mi"]),
        ("set checkout's memory request and limit to 512Mi", ["requests.memory=512Mi", "limits.memory=512Mi"]),
        ("change checkout: cpu 200m request, 1 core limit", ["requests.cpu=200m", "limits.cpu=1"]),
        ("checkout 内存 request 256Mi，limit 512Mi，帮我改一下", ["requests.memory=256Mi", "limits.memory=512Mi"]),
        ("把 checkout 的 CPU 和内存都翻倍", ["memory*=2", "cpu*=2"]),
    ],
)  # fmt: skip
def test_amounts_are_read_as_they_are_meant(question: str, amounts: list[str]) -> None:
    assert sizes(question, "checkout") == Sizes(tuple(amounts))


@pytest.mark.parametrize(
    "question",
    [
        "what is the memory limit of checkout",
        "checkout 的内存上限是多少",
        "restart checkout, its memory reached 512Mi",
        "expand pvc checkout to 20Gi",
        "scale checkout to 5 replicas",
        "把 checkout 扩到 5 个副本",
        "set the image of checkout to 1.2",
        "raise checkout's memory limit",
        "raise the memory quota of shop to 20Gi",
        "rightsize checkout",
        "why was checkout given only 256Mi of memory",
    ],
)
def test_what_sets_no_amount_of_a_container_is_left_to_others(question: str) -> None:
    assert sizes(question, "checkout") == Sizes()


@pytest.mark.parametrize(
    ("question", "earlier", "told"),
    [
        ("make that 1Gi", "set the memory limit of web to 512Mi", Sizes(("limits.memory=1Gi",))),
        ("那改成 1Gi 吧", "web 的内存翻倍", Sizes(("memory=1Gi",))),
        ("改成 300m", "把 web 的 CPU request 调到 200m", Sizes(("requests.cpu=300m",))),
        ("the proxy container", "double the memory of web", Sizes(("memory*=2",), "proxy")),
        ("proxy 那个容器", "把 web 的内存上限调到 1Gi", Sizes(("limits.memory=1Gi",), "proxy")),
        ("thanks", "set the memory limit of web to 512Mi", Sizes()),
        ("restart it", "set the memory limit of web to 512Mi", Sizes()),
        ("make it 5", "scale web to 3", Sizes()),
    ],
)
def test_a_reply_says_another_amount_or_which_container(
    question: str, earlier: str, told: Sizes
) -> None:
    assert sizes_after(question, earlier, "web") == told


def test_a_name_of_such_words_is_no_word_of_them() -> None:
    assert sizes("bump memory on cpu-limit to 1Gi", "cpu-limit").amounts == ("memory=1Gi",)


def planned(question: str, **arguments: Any) -> dict[str, Any]:
    [step] = changing(Asked(question, "change", "en", arguments), [])
    return dict(step.arguments)


def test_an_order_with_amounts_is_planned_with_them() -> None:
    step = planned("set checkout's memory to 1Gi", name="checkout", namespace="shop")
    assert (step["change"], step["resources"]) == ("resources", ["memory=1Gi"])
    assert (step["name"], step["namespace"], step["container"]) == ("checkout", "shop", "")


@pytest.mark.parametrize(
    "question",
    ["set the memory limit of container proxy in cart to 256Mi", "把 cart 里 proxy 容器的内存上限调到 256Mi"],
)  # fmt: skip
def test_a_container_is_one_of_the_workload_it_is_said_to_be_in(question: str) -> None:
    step = planned(question, name="proxy", namespace="cart")
    assert (step["name"], step["container"], step["namespace"]) == ("cart", "proxy", "")
    step = planned("set memory of the proxy container of cart to 256Mi", name="cart")
    assert (step["name"], step["container"]) == ("cart", "proxy")


@pytest.mark.parametrize(
    ("question", "amounts"),
    [("only 768Mi", ["limits.memory=768Mi"]), ("give it 128Mi more", ["limits.memory+=128Mi"])],
)
def test_an_amount_alone_goes_on_with_what_was_set_before(
    question: str, amounts: list[str]
) -> None:
    earlier = "set the memory limit of checkout to 1Gi"
    asked = Asked(question, "change", "en", {"name": "checkout"}, earlier=earlier)
    [step] = changing(asked, [])
    assert step.arguments["resources"] == amounts
