"""Metrics by the words of a person: what a question may mean by "queue length of orders", ranked."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

# What is said, in Chinese and in English, and the parts of metric names that stand for it, best first.
SAID: Mapping[str, tuple[str, ...]] = {
    "queue": ("queue", "backlog"),
    "length": ("length", "depth", "size", "message", "pending", "backlog", "waiting"),
    "depth": ("depth", "length", "size", "message", "pending"),
    "backlog": ("backlog", "pending", "lag", "queue", "waiting"),
    "lag": ("lag", "behind", "delay"),
    "latency": ("latency", "duration", "response"),
    "duration": ("duration", "latency"),
    "slow": ("duration", "latency"),
    "error": ("error", "failure", "failed", "exception"),
    "failure": ("failure", "failed", "error"),
    "request": ("request", "req", "http"),
    "traffic": ("request", "traffic", "throughput"),
    "connection": ("connection", "conn"),
    "memory": ("memory", "mem", "heap", "rss"),
    "cpu": ("cpu",),
    "disk": ("disk", "filesystem", "volume", "fs"),
    "restart": ("restart",),
    "thread": ("thread", "goroutine"),
    "throttling": ("throttled",),
    "replica": ("replica",),
    "session": ("session",),
    "cache": ("cache",),
    "hit": ("hit",),
    "temperature": ("temperature", "temp", "celsius"),
}
CHINESE: Mapping[str, str] = {
    "队列": "queue", "长度": "length", "深度": "depth", "积压": "backlog", "堆积": "backlog", "滞后": "lag",
    "延迟": "latency", "耗时": "latency", "响应时间": "latency", "变慢": "latency", "错误": "error", "报错": "error",
    "失败": "failure", "请求": "request", "流量": "traffic", "连接": "connection", "内存": "memory", "处理器": "cpu",
    "磁盘": "disk", "重启": "restart", "线程": "thread", "限流": "throttling", "副本": "replica", "会话": "session",
    "缓存": "cache", "命中": "hit", "温度": "temperature", "订单": "order", "支付": "payment", "结账": "checkout",
    "购物车": "cart", "库存": "inventory", "用户": "user", "消息": "message", "任务": "job",
}  # fmt: skip
LOW = (
    "too low",
    "low ",
    "drops",
    "falls below",
    "below",
    "too few",
    "过低",
    "太低",
    "低于",
    "不足",
    "太少",
    "跌",
)
IDLE = frozenset(
    [
        "a",
        "an",
        "and",
        "alert",
        "alerting",
        "alerts",
        "be",
        "by",
        "can",
        "could",
        "create",
        "for",
        "from",
        "get",
        "give",
        "go",
        "goes",
        "good",
        "has",
        "have",
        "high",
        "if",
        "in",
        "is",
        "it",
        "its",
        "make",
        "me",
        "my",
        "of",
        "on",
        "or",
        "our",
        "over",
        "please",
        "propose",
        "recommend",
        "reach",
        "rule",
        "rules",
        "set",
        "should",
        "some",
        "suggest",
        "that",
        "the",
        "threshold",
        "thresholds",
        "to",
        "too",
        "us",
        "want",
        "we",
        "what",
        "when",
        "which",
        "with",
        "would",
        "large",
        "long",
        "big",
        "many",
        "much",
        "number",
        "count",
    ]
)
# Parts that say how a metric is counted, and not of what.
UNITS = frozenset(
    [
        "total",
        "seconds",
        "second",
        "bytes",
        "byte",
        "bucket",
        "count",
        "sum",
        "ratio",
        "percent",
        "info",
        "created",
    ]
)
PARTS = ("_bucket", "_sum", "_count")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
EXACT, NEAR, EXPLAINED, LABELLED, ALIEN = 1.0, 0.8, 0.4, 0.7, 0.05
# So much better than the next one is clear; so little is nothing.
CLEAR, LEAST = 0.3, 0.8


@dataclass(frozen=True, slots=True)
class Metric:
    """A family: of a histogram all its parts. `kind`: counter, gauge, histogram, summary or unknown."""

    name: str
    kind: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class Meant:
    """A metric that may be meant, by which words, and whose series: those with these labels."""

    metric: Metric
    score: float
    words: tuple[str, ...]
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


def asked_words(question: str) -> list[str]:
    """The words that may name a metric or a label, each once, in their order."""
    told = question
    for chinese, english in sorted(CHINESE.items(), key=lambda one: -len(one[0])):
        told = told.replace(chinese, f" {english} ")
    found = [stem(one) for one in _WORD.findall(told) if one.lower() not in IDLE]
    return list(dict.fromkeys(found))


def as_said(question: str) -> dict[str, str]:
    """The words of `asked_words`, each as it stands in the question."""
    chinese = {stem(english): one for one, english in CHINESE.items() if one in question}
    told = {stem(one): one for one in reversed(_WORD.findall(question))}
    return chinese | told


def wants_low(question: str) -> bool:
    """Whether what is too low is bad."""
    return any(one in question.lower() for one in LOW)


def families(names: Iterable[str], told: Mapping[str, tuple[str, str]]) -> list[Metric]:
    """Metrics by the names of their series, with the type and help that Prometheus tells of them."""
    given = set(names)
    found: dict[str, Metric] = {}
    for name in sorted(given):
        base = next((name[: -len(one)] for one in PARTS if name.endswith(one)), "")
        whole = f"{base}_bucket" in given or told.get(base, ("", ""))[0] in ("histogram", "summary")
        family = base if base and whole else name
        if family.endswith(("_info", "_created")) or family in found:
            continue
        kind, explained = told.get(family) or told.get(family.removesuffix("_total")) or ("", "")
        if f"{family}_bucket" in given:
            kind = "histogram"
        elif not kind or kind == "unknown":
            kind = "counter" if family.endswith("_total") else "gauge"
        found[family] = Metric(family, kind, explained)
    return list(found.values())


def ranked(words: Sequence[str], metrics: Sequence[Metric]) -> list[Meant]:
    """The metrics whose names or explanations have any of the words, the likeliest first."""
    found = [_meant(words, one) for one in metrics]
    return sorted(
        (one for one in found if one.words), key=lambda one: (-one.score, one.metric.name)
    )


def narrowed(meant: Meant, words: Sequence[str], series: Sequence[Mapping[str, str]]) -> Meant:
    """The same with the labels that words which its name has not stand for."""
    labels: dict[str, str] = {}
    taken = list(meant.words)
    for word in words:
        if word in meant.words:
            continue
        for name, value in sorted({pair for one in series for pair in one.items()}):
            if name != "__name__" and name not in labels and word in _parts(value):
                labels[name] = value
                taken.append(word)
                break
    score = meant.score + LABELLED * len(labels)
    return Meant(meant.metric, score, tuple(taken), labels)


def clear(found: Sequence[Meant], words: Sequence[str]) -> bool:
    """Whether the first is meant beyond doubt: far better than the next, by at least half of the words."""
    if not found or found[0].score < LEAST or len(found[0].words) * 2 < len(words):
        return False
    return len(found) == 1 or found[0].score - found[1].score >= CLEAR


def expression(meant: Meant, *, below: bool) -> str:
    """What is compared with a threshold."""
    name, kind = meant.metric.name, meant.metric.kind
    told = ",".join(f"{label}={_quoted(value)}" for label, value in sorted(meant.labels.items()))
    chosen = f"{{{told}}}" if told else ""
    if kind == "histogram":
        return f"histogram_quantile(0.95, sum by (le) (rate({name}_bucket{chosen}[5m])))"
    if kind == "counter":
        return f"sum(rate({name}{chosen}[5m]))"
    return f"{'min' if below else 'max'}({name}{chosen})"


def alert_name(meant: Meant, *, below: bool) -> str:
    """A name as alerts have them, e.g. OrdersQueueMessagesHigh."""
    whose = [part for value in meant.labels.values() for part in _WORD.findall(value)]
    of = [one for one in re.split(r"[^A-Za-z0-9]+", meant.metric.name) if one and one not in UNITS]
    return "".join(one[0].upper() + one[1:] for one in [*whose, *of]) + ("Low" if below else "High")


def spaced(name: str) -> str:
    """A name as alerts have them in words that are read: Orders queue length high."""
    first, *rest = _HUMP.sub(" ", name).split(" ")
    return " ".join([first, *(one if one.isupper() else one.lower() for one in rest)])


def stem(word: str) -> str:
    """Without the end of a plural."""
    low = word.lower()
    if low.endswith("ies") and len(low) > 4:
        return f"{low[:-3]}y"
    if low.endswith("s") and len(low) > 3 and not low.endswith(("ss", "us", "is")):
        return low[:-1]
    return low


def _parts(text: str) -> set[str]:
    return {stem(one) for hump in _WORD.findall(text) for one in _HUMP.split(hump)}


def _meant(words: Sequence[str], metric: Metric) -> Meant:
    parts, explained = _parts(metric.name), _parts(metric.help)
    score, taken, used = 0.0, list[str](), set[str]()
    for word in words:
        means = SAID.get(word, (word,))
        hit = next((one for one in means if one in parts and one not in used), "")
        if hit:
            used.add(hit)
            score += EXACT if hit == means[0] else NEAR
        elif explained & set(means):
            score += EXPLAINED
        else:
            continue
        taken.append(word)
    return Meant(metric, score - ALIEN * len(parts - used - UNITS), tuple(taken))


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
