"""Pure: what is said of those that are wanted: that they do not set something, which image they run, or how they are."""

import re

from agent.asked import Asked
from agent.intents import as_typed
from agent.lexicon.kinds import KIND_WORDS
from agent.lexicon.stopwords import STOPWORDS

# What is asked to be missing, and which argument of `kubernetes_list_workloads` that is.
_WITHOUT = (
    r"(?:\b(?:no|without|lack\w*|miss(?:es|ing)?|never|not|unset|any)\b|n't|没有?|未|缺少?|不带|无)"
)
_SET = r"(?:\s*(?:set|have|having|define|declare|any|an?|the|their|its|resource|resources|设置?了?|配置?了?|有|定义|声明|加|写|写明|任何|资源)\s*)*"
_KINDS: tuple[tuple[str, str], ...] = (
    ("memory_limit", r"(?:memory|mem|内存)\s*的?(?:limits?|限制|上限)|limits?\s(?:on|for|of)\s(?:\w+\s)?memory"),
    ("cpu_limit", r"cpu\s*的?(?:limits?|限制|上限)|limits?\s(?:on|for|of)\s(?:\w+\s)?cpu"),
    ("memory_request", r"(?:memory|mem|内存)\s*的?(?:requests?|请求|申请)"),
    ("cpu_request", r"cpu\s*的?(?:requests?|请求|申请)"),
    ("readiness_probe", r"readiness(?:\s?(?:probes?|checks?|探针))?|就绪(?:性)?(?:探针|检查|探测)"),
    ("liveness_probe", r"liveness(?:\s?(?:probes?|checks?|探针))?|存活(?:性)?(?:探针|检查|探测)"),
    ("limits", r"limits?\b|限制|上限"),
    ("requests", r"requests?\b(?!\s(?:come|arrive|reach|get|per))|资源请求|申请量"),
    ("readiness_probe", r"(?:health\s?)?(?:probes?|checks?)\b|(?:健康)?(?:探针|检查)"),
)  # fmt: skip
_LACKING = tuple((what, re.compile(rf"{_WITHOUT}{_SET}\s*(?:{words})")) for what, words in _KINDS)


def lacking(question: str) -> str:
    """What workloads are asked for that do not set it; "" where nothing of the kind is."""
    words = question.lower()
    return next((what for what, pattern in _LACKING if pattern.search(words)), "")


_IMAGE = r"([a-z0-9](?:[\w./:@-]*[a-z0-9])?)"
_IMAGES = (
    re.compile(
        rf"\bimages?\s(?:(?:named|called|like|from|of|by|with|containing|version|tag|registry|repository|the)\s)*[`'\"]?{_IMAGE}"
    ),
    re.compile(rf"[`'\"]?{_IMAGE}[`'\"]?\s*(?:的|这个|那个)?\s*(?:\bimages?\b|镜像)"),
    re.compile(rf"镜像\s*(?:是|为|叫|来自|含有?|包含|用的?是|名)?\s*[`'\"]?{_IMAGE}"),
)


def image_of(question: str) -> str:
    """What the image of those that are wanted is called, or a part of that; "" where none is said."""
    words = question.lower()
    told = (found[1] for pattern in _IMAGES for found in pattern.finditer(words))
    return next((one for one in told if one not in STOPWORDS and one not in KIND_WORDS), "")


def in_image(asked: Asked) -> str:
    """The image that many are asked for by; "" where one thing's image is asked for, or no image."""
    image = image_of(as_typed(asked.question)) if asked.intent == "list" else ""
    of_one = asked.name and asked.name not in image
    return "" if of_one else image


# Only pods restart; their workload's row says nothing of it.
OF_RESTARTS = re.compile(r"\brestart\w*|重启")
# For how long something runs is told by its pods as well: a workload is as old as its first version.
_UPTIME = re.compile(
    r"\bhow\slong\b.*\b(?:up|running|alive|online)\b|\buptime\b|(?:跑|运行|上线|启动|存活|在线)[了过]?多[久长]|多[久长]没(?:有)?重启"
)


def asks_uptime(question: str) -> bool:
    """Whether it is asked for how long something has been running."""
    return bool(_UPTIME.search(question.lower()))


# How pods are, as `kubernetes_list_pods` knows it by part of its status; the first that fits.
_STATES: tuple[tuple[str, str], ...] = (
    ("Pending", r"\bpending\b|等待调度|没调度|调度不"),
    ("Terminating", r"\bterminating\b|正在终止|删不掉"),
    ("Evicted", r"\bevicted\b|被驱逐"),
    ("OOMKilled", r"\boom-?killed\b"),
    ("CrashLoopBackOff", r"\bcrash-?loop\w*"),
    ("ImagePull", r"\bimagepull\w*|拉不(?:下来|到)?镜像|镜像拉"),
    ("Completed", r"\bcompleted\b|已完成"),
    ("unhealthy", (r"unhealthy|not ready|notready|unready|failing|failed|broken|crash|\bdown\b|\bstuck\b|\bnot\srunning\b"
                  r"|异常|不健康|[未没]就绪|故障|有问题|起不来|没起来|挂|失败|卡住|不正常")),
)  # fmt: skip
_BY_STATE = tuple((state, re.compile(words)) for state, words in _STATES)


def pod_state(question: str) -> str:
    """The state of the pods that are asked for; "" for pods in any."""
    words = question.lower()
    return next((state for state, pattern in _BY_STATE if pattern.search(words)), "")
