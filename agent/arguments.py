"""Pure: the arguments a sentence contains, under the names of contracts.md."""

import re
from collections.abc import Mapping
from typing import Any

from agent import durations
from agent.commanding import ordered
from agent.covering import without_rejected
from agent.naming import CAMEL, TEAM, could_be_name, marked_namespace, object_named
from agent.numerals import COUNT, ENGLISH_NUMBERS, number_of
from agent.scoring import LOOKS

METRICS = {
    "qps": r"\bqps\b|\brps\b|requests?\s(?:rate|per\ssecond)|requests?/s|throughput|traffic|流量|吞吐|请求量|每秒[^，。]{0,6}请求",
    "cpu": r"\bcpus?\b|处理器",
    "memory": r"\bmemory\b|\bmem\b|\bram\b|内存(?!条|溢出)",
    "disk": r"\bdisks?\b|\bstorage\b|磁盘|硬盘|存储空间|的盘",
}
CURRENCIES = {
    "USD": r"\$|\busd\b|\bdollars?\b|美元|美金|刀",
    "EUR": r"€|\beur\b|\beuros?\b|欧元|欧(?![\u4e00-\u9fff])|欧的",
    "GBP": r"£|\bgbp\b|\bpounds?\b|英镑",
    "CNY": r"¥|￥|\bcny\b|\brmb\b|\byuan\b|人民币|元(?!旦)|块钱|[千万]块",
}
CHANNELS = {
    "slack": r"\bslack\b",
    "dingtalk": r"\bdingtalk\b|钉钉",
    "feishu": r"\bfeishu\b|\blark\b|飞书",
    "email": r"\be-?mails?\b|\b(?:by|via|per)\smail\b|邮件|邮箱",
    "webhook": r"\bwebhooks?\b",
    "teams": r"\b(?:on|via|to|into) teams\b(?!\s\w+\s(?:and|or)\b)|\bms teams\b|\bmicrosoft teams\b",
    "pagerduty": r"\bpagerduty\b",
    "sms": r"\bsms\b|短信",
    "wecom": r"\bwecom\b|企业微信",
}
SEVERITIES = {
    "critical": r"\bcritical\b|\bp0\b|\bsev-?1\b|严重|紧急|致命",
    "warning": r"\bwarnings?\b|警告级|警告",
    "high": r"\bhigh[\s-](?:severity|priority)\b|高优|高级别",
    "info": r"\binfo(?:rmational)?\sseverity\b|提示级",
}
# "Where does it run" names no node, and "how many instances has it" asks for no pod.
WHERE = re.compile(r"\b(?:which|what)\snodes?\b|(?:哪|什么)[个台些]?\s*(?:节点|机器|主机|nodes?)")
HOW_MANY = re.compile(
    r"\b(?:how many|number of)\s(?:instances|replicas|copies)|(?:几|多少)个?\s*(?:实例|副本)"
)
MACHINES = re.compile(r"\b(?:machines|hosts|servers)\b|机器|主机|服务器")
_COUNT = rf"({COUNT})"
REPLICAS = re.compile(
    rf"{_COUNT}\s*(?:(?:more|extra)\s)?(?:replicas?|pods|instances|copies|个?\s*replicas?|个?\s*副本|个?\s*实例|个\s*pod)"
    r"|(?:\bscale\s+(?:\w+\s)?[\w-]+\s|(?:扩容|缩容|扩|缩)[^，。]{0,30}?到|(?:扩容|缩容)\s*[\w-]+\s|to|to\s+be"
    r"|replicas?\s*(?:=|to|of\s+[\w-]+\s+to)|(?:副本数?|replicas?)\s*(?:改为|改成|设为|设成|调到|调成|调为|调整到|调整为|增加到|减少到|降到|提到|加到|到)?)"
    rf"\s*{_COUNT}(?![a-z0-9.])"
)
# "Bump web to twelve", "web 加到十二个": how many, where nothing else is said to be counted.
BROUGHT = re.compile(
    rf"\b(?:bump|raise|take|bring|drop|grow|shrink|reduce|increase|lower|get|put|set|go\swith)\s(?:the\s)?[\w-]+\s(?:(?:up|down|back)\s)?(?:from\s\S+\s)?to\s{_COUNT}(?:\s(?:please|pls|now|then))*\W*$"
    rf"|^\W*[\w-]+\sto\s{_COUNT}\W*$|(?:提|加|升|降|减|调|开|改|弄|增|凑|补|扩|缩|拉|减少|增加|调整)[到成为]\s*{_COUNT}\s*个?吧?\W*$"
)
TIMES = {
    "k": 1_000, "grand": 1_000, "thousand": 1_000, "hundred": 100, "million": 1_000_000,
    "百": 100, "千": 1_000, "万": 10_000,
}  # fmt: skip
AMOUNT = re.compile(
    r"(?:[$€£¥￥]\s*)?(\d[\d,]*(?:\.\d+)?|[一二两三四五六七八九十]+(?=[千万百])|\b(?:"
    + ENGLISH_NUMBERS
    + r")(?=\s(?:thousand|hundred|grand|million)\b))\s*(k\b|grand\b|thousand\b|hundred\b|million\b|万|千|百)?(?![\d.,]*\s*(?:%|percent|天|日|周|个?月|个?小时|分钟|(?:days?|weeks?|months?|hours?|minutes?|quarters?|[hd])\b))(?![\d.])\s*(?:usd|eur|gbp|cny|rmb|dollars?|euros?|pounds?|yuan|美元|美金|欧元|英镑|元|块)?"
)
# "From 3 to 5": the last is meant.
INSTEAD_OF = re.compile(r"\bfrom\b|[由从].{1,20}(?:改|调|提|升|降|加|减|涨|到|为)")
THRESHOLD = re.compile(
    r"(?:above|over|exceeds?|exceeding|below|under|than|reaches|pass(?:es)?|cross(?:es)?|hits?|tops|climbs|beyond|past|to|at(?=\s*\d+\s*%)|超过?了?|高于|大于|低于|小于|达到|到了?|[过破]了?|改成|改为|设成|设为|调成|调为)\s*(\d+(?:\.\d+)?)(?![\d:.]|\s*(?:小时|个小时|分钟|天|周|hours?|h\b|hrs?\b|minutes?|mins?\b|days?|weeks?))\s*(%|percent|ms|s\b|毫秒)?"
)
HASH_CHANNEL = re.compile(r"(?<!\w)#[a-z][\w-]*")


# What is asked of systems as wholes: "which services depend on it" asks for no Service.
OF_SYSTEMS = frozenset(("dependencies", "unusual", "findings", "incidents"))


# What waits for a yes, and how something is: both are asked of now, whatever day it is.
OF_NOW = frozenset(("plans", "health"))
# What lasts from now on. What fired is asked about backwards.
LASTING = frozenset(("silences", "rules"))

# Ordinary words that are teams where a team is named.
TEAMS = frozenset(
    ("core", "data", "search", "storage", "monitoring", "platform", "network", "users", "database")
)


def extract(message: str, *, subagent: str, intent: str) -> dict[str, Any]:
    """Every argument the message contains and its subagent takes."""
    text = message.lower()
    told = ordered(text) if intent == "change" else text
    of_many = subagent not in ("rca", "autofix") or intent in LOOKS
    found: dict[str, Any] = dict(object_named(message, of_many=of_many))
    if intent in OF_SYSTEMS and found.get("kind") in ("Service", "Pod"):
        del found["kind"]
    place = str(found.get("namespace") or "")
    if intent == "logs" and not found.get("name") and place != marked_namespace(message):
        found |= {"namespace": "", "name": place, "service": place}  # a place writes no log
    if intent == "budget" and "service" in found and not found.get("namespace"):
        found["namespace"] = found.pop("service")  # budgets are kept for places and teams
        found.pop("name", None)
    found |= _times(told, subagent, intent)
    found |= _first_word("metric", METRICS, told)
    found |= _by_subagent(text, message, subagent, intent)
    if intent == "list" and not (found.get("kind") or found.get("name")) and MACHINES.search(text):
        found["kind"] = "Node"
    elsewhere = found.get("kind") == "Node" and found.get("name") and WHERE.search(text)
    any_service = subagent == "cost" and found.get("kind") == "Service" and not found.get("name")
    if elsewhere or any_service:
        del found["kind"]
    counted = found.get("replicas") is not None or (found.get("service") and HOW_MANY.search(text))
    if counted and found.get("kind") == "Pod":
        del found["kind"]  # "five instances" are how many, not of what
        found["name"] = found.get("name") or found.get("service") or ""
    return {key: value for key, value in found.items() if value not in ("", None)}


def _times(text: str, subagent: str, intent: str) -> dict[str, str]:
    if intent in OF_NOW:
        return {}
    ahead = durations.horizon(text) if subagent == "cost" else ""
    if subagent == "alert_admin" and intent != "alerts":
        lasts = durations.lasting(text) if intent in LASTING else ""
        return {"duration": lasts, "at": durations.clock(text)}
    if subagent == "cost" and (ahead or intent == "forecast"):
        reach = durations.extent(text) or (
            "" if durations.window(text) else durations.lasting(text)
        )
        return {"horizon": reach, "at": durations.clock(text)}
    back = durations.window(text) or (durations.lasting(text) if intent in LOOKS else "")
    return {"window": back, "at": durations.clock(text)}


def _by_subagent(text: str, message: str, subagent: str, intent: str) -> dict[str, Any]:
    found = (match[1] for pattern in TEAM for match in pattern.finditer(text))
    team = next((one for one in found if could_be_name(one, certain=True) or one in TEAMS), "")
    if subagent == "autofix":
        return {"replicas": _replicas(text)}
    if subagent == "cost":
        return {"team": team, **_money(text, of_a_budget=intent == "budget")}
    if subagent == "alert_admin":
        return {
            "team": team,
            "threshold": _threshold(text),
            "alert": next(iter(CAMEL.findall(message)), ""),
            **_first_meant("severity", SEVERITIES, text),
            **_channel(text),
        }
    return {}


def _channel(text: str) -> dict[str, str]:
    if named := HASH_CHANNEL.search(without_rejected(text)) or HASH_CHANNEL.search(text):
        return {"channel": named[0]}
    return _first_meant("channel", CHANNELS, text)


def _replicas(text: str) -> int | None:
    found = next(iter([*REPLICAS.finditer(text)][::-1]), None)  # "from 2 to 5" means the last
    if brought := BROUGHT.search(text):
        return number_of(next(one for one in brought.groups() if one))
    if not found or not re.search(
        r"scal|replica|\badd\b|副本|实例|扩|缩|加|instances|copies", text
    ):
        return None
    return number_of(found[1] or found[2])


def _money(text: str, *, of_a_budget: bool) -> dict[str, Any]:
    currency = _first_word("currency", CURRENCIES, text)
    found = list(AMOUNT.finditer(text)) if currency or of_a_budget else []
    if not found:
        return currency
    told = found[-1] if INSTEAD_OF.search(text) else found[0]
    times = TIMES.get(told[2] or "", 1)
    digits = told[1].replace(",", "")
    number = float(digits) if digits[0].isdigit() else number_of(digits)
    amount = number * times
    return {"amount": int(amount) if amount == int(amount) else amount, **currency}


def _threshold(text: str) -> float | int | None:
    every = list(THRESHOLD.finditer(text))
    if not every:
        return None
    found = every[-1] if INSTEAD_OF.search(text) else every[0]
    number = float(found[1])
    return int(number) if number == int(number) else number


def _first_meant(key: str, words: Mapping[str, str], text: str) -> dict[str, str]:
    """What is meant beside what is ruled out; what is only ruled out is what the sentence is about."""
    return _first_word(key, words, without_rejected(text)) or _first_word(key, words, text)


def _first_word(key: str, words: Mapping[str, str], text: str) -> dict[str, str]:
    for name, pattern in words.items():
        if re.search(pattern, text):
            return {key: name}
    return {}
