"""What a metric measures, guessed from its name: a prior, never proof."""

import re
from enum import StrEnum


class Kind(StrEnum):
    WAITING = "waiting"  # for somebody else: the time of outgoing calls
    LATENCY = "latency"
    ERRORS = "errors"
    CPU = "cpu"
    MEMORY = "memory"
    NETWORK = "network"
    DISK = "disk"
    TRAFFIC = "traffic"
    OTHER = "other"
    LOGS = "logs"


# What a metric of each kind is called, in parts of names; "|" before a word: it stands alone.
_NAMES: tuple[tuple[Kind, str], ...] = (
    (
        Kind.LATENCY,
        (
            "latenc duration elapsed response.?time request.?time call.?time |rt |p50 |p75 |p9\\d"
            " 延迟 耗时 响应时间"
        ),
    ),
    (
        Kind.ERRORS,
        (
            "error |err |errs fail success availab fault [45]xx exception reject timeout abort retries"
            " retry 错误 失败 成功率 可用"
        ),
    ),
    (Kind.CPU, "cpu throttl |load\\d* 处理器"),
    (Kind.MEMORY, "mem heap |rss swap 内存"),
    (Kind.NETWORK, "|net network packet tcp socket conn transmi receive |rx |tx 网络 带宽"),
    (
        Kind.DISK,
        ("disk |fs filesys syscall iops |io inode volume (?<!th)read(?!y) writ 磁盘"),
    ),
    (
        Kind.TRAFFIC,
        "request |rps |qps |tps workload throughput traffic |rate count |calls? 请求 流量 吞吐",
    ),
)
_OUTGOING = re.compile("client|outbound|egress|upstream|downstream|dependenc")


def _pattern(words: str) -> re.Pattern[str]:
    alone = r"(?:^|[^a-z0-9]){}(?![a-z0-9])"
    parts = (alone.format(one[1:]) if one[0] == "|" else one for one in words.split())
    return re.compile("|".join(parts))


_NAMED = tuple((kind, _pattern(words)) for kind, words in _NAMES)

# How much a full shift of each kind says about where the cause lies. Own time, failures and the
# resources of a process speak of the component itself; traffic, bytes and disk follow the load,
# and the time of outgoing calls speaks of somebody else.
WEIGHT: dict[Kind, float] = {
    Kind.LATENCY: 1.0,
    Kind.ERRORS: 1.0,
    Kind.CPU: 1.0,
    Kind.MEMORY: 1.0,
    Kind.LOGS: 1.0,
    Kind.NETWORK: 0.5,
    Kind.DISK: 0.5,
    Kind.TRAFFIC: 0.5,
    Kind.OTHER: 0.5,
    Kind.WAITING: 0.3,
}

_GOOD = re.compile(r"success|availab|uptime|hit.?ratio|成功率|可用")
_COUNTER = re.compile(r"(?:_|-|\.)(?:total|count|sum)$")


def kind_of(metric: str) -> Kind:
    """The first kind that the name fits. Time of calls to others is a kind of its own."""
    name = metric.lower()
    kind = next((kind for kind, pattern in _NAMED if pattern.search(name)), Kind.OTHER)
    return Kind.WAITING if kind is Kind.LATENCY and _OUTGOING.search(name) else kind


def is_share_of_good(metric: str) -> bool:
    """Whether the metric is near its ceiling when all is well, as an availability is."""
    return _GOOD.search(metric.lower()) is not None


def is_named_a_counter(metric: str) -> bool:
    return _COUNTER.search(metric.lower()) is not None
