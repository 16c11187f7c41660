"""Misspelt words of the trade are set right; names and other words are left alone."""

import pytest

from agent.spelling import respelt


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("resatrt the deploymnet", "restart the deployment"),
        ("shwo teh lgos", "show the logs"),
        ("whcih alerst", "which alerts"),
        ("重其 web", "重启 web"),
        ("查看 web 的日至", "查看 web 的日志"),
        ("列出名命空间", "列出命名空间"),
        ("从启 web", "重启 web"),
        ("web 的内纯", "web 的内存"),
        ("看下进像", "看下镜像"),
    ],
)
def test_a_slip_is_set_right(typed: str, meant: str) -> None:
    assert respelt(typed) == meant


@pytest.mark.parametrize(
    "words",
    [
        "list pods in shop",
        "restart lgos-api and pods.v2",
        "why is the cart slow since the sale",
        "scale the stale scheduler",
        "send HighLatencyy to #alrets",
        "超市的系统为什么慢",
        "最近有什么变更",
        "这些日子 web 怎么样",
        "超四个小时没恢复",
        "新版本为什么发不出去",
    ],
)
def test_names_and_other_words_stay(words: str) -> None:
    assert respelt(words) == words
