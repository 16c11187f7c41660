"""Pure: which part of one object's settings is asked for: "which env vars does web have", "web 的内存 limit 是多少"."""

import re
from dataclasses import replace

from agent.asked import Asked

RUNNING = frozenset(("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"))
_PARTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("env", re.compile(r"\benv(?:ironment)?(?:\s?var(?:iable)?s?)?\b|环境变量")),
    ("probes", re.compile(r"\bprobes?\b|health\s?checks?|探针|健康检查")),
    (
        "resources",
        re.compile(
            r"\b(?:requests?|limits?)\b(?!/s)|\bresources\b|(?:内存|cpu|资源)的?(?:限制|上限|申请)"
        ),
    ),
    (
        "mounts",
        re.compile(
            r"\b(?:secrets?|config\s?maps?|volumes?)\b|\bmount\w*|挂载|挂了(?:什么|哪些)|存储卷"
        ),
    ),
    ("ports", re.compile(r"\bports?\b|端口")),
)
# Where use is asked for beside the limit, a measurement answers: "how close to its limit".
_USE = re.compile(r"\bus(?:e|es|ing|age)\b|\bclose\b|\bnear\b|\bover\b|用了|使用|接近|快到|超过")


def part_of(asked: Asked) -> str:
    """The part of one thing's settings that is asked for; "" for none, or for things by the dozen."""
    words = asked.question.lower()
    if asked.intent != "list" or not asked.name or len(asked.names) > 1 or _USE.search(words):
        return ""
    return next((part for part, pattern in _PARTS if pattern.search(words)), "")


def of_what_runs(asked: Asked) -> Asked:
    """The same of the workload that is named: "the secrets mounted in web" are not a Secret named web."""
    if asked.kind in RUNNING:
        return asked
    others = {key: value for key, value in asked.arguments.items() if key != "kind"}
    return replace(asked, arguments=others)
