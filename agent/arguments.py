"""Pure: the arguments a sentence contains, under the names of contracts.md."""

import re
from collections.abc import Mapping
from typing import Any

from agent import durations
from agent.commanding import ordered
from agent.counting import count_ordered
from agent.covering import without_rejected
from agent.hosts import service_of
from agent.lexicon.kinds import KIND_PATTERN
from agent.lexicon.slots import NAME_SHAPE
from agent.naming import (
    CAMEL,
    TEAM,
    TEAM_THEN_NAME,
    could_be_name,
    could_be_team,
    marked_namespace,
    object_named,
    spelt,
)
from agent.numerals import COUNT, ENGLISH_NUMBERS, number_of
from agent.ordering import without_ruled_out
from agent.scoring import LOOKS
from agent.sizing import sets_amounts

METRICS = {
    "qps": r"\bqps\b|\brps\b|requests?\s(?:rate|per\ssecond)|requests?/s|throughput|traffic|\bhow\smany\s(?:requests|calls|hits|queries|visitors)\b(?!\s(?:fail|time|error))|流量|吞吐|请求量|每秒[^，。]{0,6}请求",
    "cpu": r"\bcpus?\b|\bhow\smany\scores\b|处理器",
    "memory": r"\bmemory\b|\bheap\b(?!\s(?:space|dump))|\bmem\b|\bram\b|内存(?!条|溢出)",
    "disk": r"\bdisks?\b|\bout\sof\sspace\b|(?<!no\s)\bspace\s(?:left|free)\b|\bfree\sspace\b|\bstorage\b(?!\s?class)|磁盘|硬盘|存储空间|的盘|盘(?:快|要|快要|写|塞|用|打|占)*[满爆]|(?:剩|可用|占)[^，。命名]{0,4}空间|(?<![名称字])空间[^，。]{0,3}(?:剩|不足|不够)",
}
CURRENCIES = {
    "USD": r"\$|\busd\b|\bdollars?\b|美元|美金|刀",
    "EUR": r"€|\beur\b|\beuros?\b|欧元|欧(?![\u4e00-\u9fff])|欧的",
    "GBP": r"£|\bgbp\b|\bpounds?\b|英镑",
    "CNY": r"¥|￥|\bcny\b|\brmb\b|\byuan\b|人民币|元(?!旦)|块钱|[千万]块|\d\s?块(?!\s?(?:盘|硬盘|磁盘|卡|板|gpu|云盘))",
}
CHANNELS = {
    "slack": r"\bslack\b",
    "dingtalk": r"\bdingtalk\b|钉钉",
    "feishu": r"\bfeishu\b|\blark\b|飞书",
    "email": r"\be-?mails?\b|\b(?:by|via|per|an?|any|no)\smail\b|邮件|邮箱",
    "webhook": r"\bwebhooks?\b",
    "teams": r"\b(?:on|via|to|into) teams\b(?!\s\w+\s(?:and|or)\b)|\bteams\s(?:channel|notifications?|messages?)\b|\bms teams\b|\bmicrosoft teams\b",
    "pagerduty": r"\bpagerduty\b",
    "sms": r"\bsms\b|短信",
    "wecom": r"\bwecom\b|企业微信|企微",
}
SEVERITIES = {
    "critical": r"\bcriticals?\b|\bp0\b|\bsev-?1\b|严重|紧急|致命",
    "warning": r"\bwarnings?\b|警告级|警告",
    "high": r"\bhigh[\s-](?:severity|priority)\b|高优|高级别",
    "info": r"\binfo(?:rmational)?\sseverity\b|提示级",
}
# Which of two kinds something is, is what is asked: "is it a statefulset or a deployment".
EITHER = re.compile(
    rf"(?:{KIND_PATTERN})\s*(?:还是|\bor\b(?:\san?\b)?)\s*(?:{KIND_PATTERN})(?![a-z])"
)
# "Where does it run" names no node, and "how many instances has it" asks for no pod.
WHERE = re.compile(r"\b(?:which|what)\snodes?\b|(?:哪|什么)[个台些]?\s*(?:节点|机器|主机|nodes?)")
ON_WHICH = re.compile(r"\b(?:in|on)\s(?:which|what)\snodes?\b|在(?:哪|什么)[个台些]?\s*节点")
HOW_MANY = re.compile(
    r"\b(?:how many|number of)\s(?:instances|replicas|copies)|(?:几|多少)个?\s*(?:实例|副本)"
)
# Of a rule, how many of them are too few.
COUNTED_BELOW = re.compile(
    r"\b(?:less|fewer|more)\sthan\s\w+\s(?:pods|instances|replicas)\b|\b(?:below|under|above|over)\s\d+\s(?:pods|instances|replicas)\b"
)
# A node that takes pods is no pod.
TAKING_PODS = re.compile(
    r"\b(?:take|takes|accept|accepts|(?:not|never|no\slonger)\s(?:get|receive|run))\s(?:any\s)?(?:more\s|new\s|further\s)*pods\b|放(?:新的?)?\s*pod|接\s*pod"
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
    rf"\b(?:bump|raise|take|bring|drop|grow|shrink|reduce|increase|lower|get|put|set|go\swith)\s(?:the\s)?[\w-]+\s(?:(?:up|down|back)\s)?(?:from\s\S+\s)?to\s{_COUNT}(?:\s(?:please|pls|now|then))*(?:\s(?:for|until|till|over|during|tonight|overnight)\b[^,.;]*)?\W*$"
    rf"|\b(?:replicas?|pods|instances|copies)\b[^.?!]*,\s*(?:\w+\s)?{_COUNT}\s(?:will\sdo|(?:is|are)\s(?:enough|plenty|fine)|suffices?)\b"
    rf"|^\W*[\w-]+\sto\s{_COUNT}(?:\s(?:please|pls|now|then))*\W*$|(?:提|加|升|降|减|调|开|改|弄|增|凑|补|扩|缩|拉|减少|增加|调整)[到成为回]\s*{_COUNT}\s*个?吧?\W*$"
)
# Says which plan is meant, not when.
JUST_NOW = re.compile(r"刚才|刚刚|今晚|\bjust now\b|\btonight\b")
COUNTED = re.compile(r"replicas[-+]=(\d+)")
TIMES = {
    "k": 1_000, "grand": 1_000, "thousand": 1_000, "hundred": 100, "million": 1_000_000,
    "百": 100, "千": 1_000, "万": 10_000,
}  # fmt: skip
# "From 500-800" is from one to the other.
RANGE = re.compile(
    r"((?:\bfrom|[从由])\s?[$€£¥￥]?\d[\d,.]*(?:k|千|万)?)\s?[-–~]\s?(?=[$€£¥￥]?\d)"
)
# A sign right before a sum, and no dash between two words or numbers.
BELOW_ZERO = re.compile(r"(?:^|[^\w-])[-−]$|负\s?$|\bminus\s$", re.ASCII)
AMOUNT = re.compile(
    r"(?:[$€£¥￥]\s*)?(?<![a-z0-9]-)((?:(?<![a-z])|(?<=usd)|(?<=eur)|(?<=gbp)|(?<=cny)|(?<=rmb))\d[\d,]*(?:\.\d+)?|[一二两三四五六七八九][一二两三四五六七八九十百千万零]*[百千万][一二三四五六七八九](?![一-鿿]*[百千万])|[一二两三四五六七八九十]+(?=[千万百])|\b(?:"
    + ENGLISH_NUMBERS
    + r")(?=\s(?:thousand|hundred|grand|million)\b))\s*(k\b|grand\b|thousand\b|hundred\b|million\b|万|千|百)?(?![\d.,]*\s*(?:%|percent|天|日|周|个?月|个?小时|分钟|(?:days?|weeks?|months?|hours?|minutes?|quarters?|[hd])\b))(?![\d.])\s*(?:usd|eur|gbp|cny|rmb|dollars?|euros?|pounds?|yuan|美元|美金|欧元|英镑|元|块)?"
)
# "From 3 to 5": the last is meant.
INSTEAD_OF = re.compile(
    r"\bfrom\b|\d\S*\s?(?:->|→|=>)|[由从].{1,20}(?:改|调|提|升|降|加|减|涨|到|为)"
)
THRESHOLD = re.compile(
    r"(?:thresholds?\sof|above|over|exceeds?|make\sit|make\sthat|set\sit\sat|exceeding|below|under|than|less\sthan|fewer\sthan|reaches|pass(?:es)?|cross(?:es)?|hits?|tops|climbs|beyond|past|to|at(?=\s*\d+\s*%)|超过?了?|高于|大于|低于|少于|不足|小于|达到|到了?|[过破]了?|改成|改为|设成|设为|调成|调为)\s*(\d+(?:\.\d+)?)(?![\d:.]|\s*(?:小时|个小时|分钟|天|周|点|号|hours?|h\b|hrs?\b|minutes?|mins?\b|days?|weeks?))\s*(%|percent|ms|s\b|毫秒)?"
)
HASH_CHANNEL = re.compile(r"(?<!\w)#[a-z][\w-]*")
# A channel that is called by a name of its own: "the night-shift channel", "channel night-shift".
NAMED_CHANNEL = re.compile(
    rf"(?<![\w#-])({NAME_SHAPE})\s*(?:channel\b|渠道|通道)|(?:\bchannel|渠道|通道)\s+(?:named\s|called\s)?({NAME_SHAPE})(?![\w-])"
)


# What is asked of systems as wholes: "which services depend on it" asks for no Service.
OF_SYSTEMS = frozenset(("dependencies", "unusual", "findings", "incidents"))


# What others are asked about depend on: "what happens to web if redis dies" is about redis.
FALLEN = re.compile(
    rf"\b(?:if|when|once)\s(?:the\s)?({NAME_SHAPE})\s(?:goes|dies|fails|is\s(?:down|gone)|went|stops|crashes|disappears|breaks)\b"
    rf"|(?<![\w-])({NAME_SHAPE})\s*(?:如果|要是|一旦)?\s*(?:挂|宕|停|倒|崩|断|没)(?:了|掉|机)"
)
# What waits for a yes, and how something is: both are asked of now, whatever day it is.
OF_NOW = frozenset(("plans", "health", "dependencies"))
# What lasts from now on. What fired is asked about backwards.
LASTING = frozenset(("silences", "rules"))

# "Make it 3" is no threshold of a silence.
HAVE_NO_THRESHOLD = frozenset(("silences", "channels"))

# Ordinary words that are teams where a team is named.
TEAMS = frozenset(
    ("core", "data", "search", "storage", "monitoring", "platform", "network", "users", "database")
)


def extract(message: str, *, subagent: str, intent: str) -> dict[str, Any]:
    """Every argument the message contains and its subagent takes."""
    text = message.lower()
    told = ordered(text) if intent == "change" else text
    of_many = subagent not in ("rca", "autofix") or intent in LOOKS
    found = _object(message, subagent, of_many=of_many)
    if intent in OF_SYSTEMS and found.get("kind") in ("Service", "Pod"):
        del found["kind"]
    found |= _no_place(str(found.get("namespace") or ""), found, message, intent)
    if intent == "budget":
        found = _of_a_place(found)
    if intent == "dependencies" and (fallen := FALLEN.search(spelt(message))):
        found |= _of_name(fallen[1] or fallen[2])
    found |= _times(told, subagent, intent)
    found |= _metric(told, intent)
    found |= _by_subagent(text, message, subagent, intent)
    found = _of_the_channel(_without_place(found, message))
    if intent == "list" and not (found.get("kind") or found.get("name")) and MACHINES.search(text):
        found["kind"] = "Node"
    if intent == "change":
        found = _ordered_of(found, text)
    elsewhere = (found.get("kind") == "Node" and found.get("name") and WHERE.search(text)) or (
        found.get("kind") == "Node" and ON_WHICH.search(text)
    )
    any_service = subagent == "cost" and found.get("kind") == "Service" and not found.get("name")
    if elsewhere or any_service:
        del found["kind"]
    ordered_so_many = (intent == "change" or subagent == "cost") and count_ordered(text)
    how_many = HOW_MANY.search(text) or ordered_so_many or COUNTED_BELOW.search(text)
    counted = found.get("replicas") is not None or (found.get("service") and how_many)
    if (counted or TAKING_PODS.search(text)) and found.get("kind") == "Pod":
        del found["kind"]  # "five instances" are how many, not of what
        found["name"] = found.get("name") or found.get("service") or ""
    return {key: value for key, value in found.items() if value not in ("", None)}


def _metric(text: str, intent: str) -> dict[str, str]:
    """What is measured. Nobody saves traffic: "nights have no traffic, what can go?" only tells why."""
    found = _first_word("metric", METRICS, text)
    return {} if intent == "savings" and found.get("metric") == "qps" else found


def _of_a_place(found: Mapping[str, Any]) -> dict[str, Any]:
    """Budgets are kept for places and teams: what is named without one is a place."""
    if "service" not in found or found.get("namespace"):
        return dict(found)
    return {**found, "namespace": found["service"], "service": "", "name": ""}


def _of_the_channel(found: Mapping[str, Any]) -> dict[str, Any]:
    """A name that is the channel's is nothing else's."""
    is_channel = found.get("channel") and found["channel"] == found.get("name")
    return {**found, "name": "", "service": ""} if is_channel else dict(found)


def _ordered_of(found: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Without what only tells why ("its disk is dying": no change gives a disk) or is not to be touched
    ("leave its pods alone")."""
    told = {key: value for key, value in found.items() if (key, value) != ("metric", "disk")}
    left = without_ruled_out(text)
    if told.get("kind") and left != text:
        told["kind"] = object_named(left, of_many=False).get("kind", "")
    return told


def _no_place(place: str, found: Mapping[str, Any], message: str, intent: str) -> dict[str, str]:
    """What stands like a place and is none: a place writes no log, and has no replicas ("remove one
    replica from cart")."""
    if found.get("name") or not place or place == marked_namespace(message):
        return {}
    if intent == "logs":
        return {"namespace": "", "name": place, "service": place}
    counts = intent == "change" and bool(count_ordered(message))
    return {"namespace": "", **_of_name(place)} if counts else {}


def _object(message: str, subagent: str, *, of_many: bool) -> dict[str, Any]:
    """What is named; where nothing is, the Service of an address that a fault is about."""
    found: dict[str, Any] = dict(object_named(message, of_many=of_many))
    if EITHER.search(message.lower()):
        found["kind"] = ""
    if first := _said_before(str(found.get("name", "")), message):
        found |= {key: first for key in ("name", "service") if key in found}
    if subagent != "rca" or found.get("name") or found.get("service"):
        return found
    name, namespace = service_of(message)
    return {**found, "name": name, "service": name, "namespace": namespace} if name else found


def _without_place(found: Mapping[str, Any], message: str) -> dict[str, Any]:
    """Nodes are in no namespace, and "the encoder nodes" are some of them, none of that name."""
    if found.get("kind") != "Node":
        return dict(found)
    place, name = marked_namespace(message), str(found.get("name") or "")
    some = name.isalpha() and f"{name} nodes" in message.lower()
    return {**found, "namespace": place, **({"name": "", "service": ""} if some else {})}


def _said_before(name: str, message: str) -> str:
    """The first of several that are asked about alike: "whether cart and checkout are running"."""
    before = (
        rf"(?<![\w./-])({NAME_SHAPE})(?:,\s|\s(?:and|or|&)\s)(?:the\s)?{re.escape(name)}(?![\w-])"
    )
    found = re.search(before, spelt(message)) if name else None
    between = found and "between" in message[: found.start()].lower()
    return found[1] if found and not between and could_be_name(found[1]) else ""


def _of_name(name: str) -> dict[str, str]:
    """Something by a name that may be anybody's word for a workload."""
    return {"name": name, "service": name} if could_be_name(name) else {}


def _times(text: str, subagent: str, intent: str) -> dict[str, str]:
    if intent in OF_NOW or (intent == "change" and sets_amounts(text)):
        return {}  # "200m" of a core is no time
    if intent == "change":
        text = JUST_NOW.sub(" ", text)
    ahead = durations.horizon(text) if subagent == "cost" else ""
    if subagent == "alert_admin" and intent != "alerts":
        lasts = durations.lasting(text) if intent in LASTING else ""
        return {"duration": lasts, "at": durations.clock(text)}
    if subagent == "cost" and (ahead or intent == "forecast"):
        reach = durations.extent(text) or (
            "" if durations.window(text) else durations.lasting(text)
        )
        within = durations.rest_of(text) if intent == "forecast" else ""
        return {"horizon": reach or within, "at": durations.clock(text)}
    back = durations.window(text) or (durations.lasting(text) if intent in LOOKS else "")
    return {"window": back, "at": durations.clock(text)}


def _by_subagent(text: str, message: str, subagent: str, intent: str) -> dict[str, Any]:
    team = _team(text)
    if subagent == "autofix":
        return {"replicas": _replicas(text)}
    if subagent == "cost":
        return {"team": team, **_money(text, of_a_budget=intent == "budget")}
    if subagent == "alert_admin":
        return {
            "team": team,
            "threshold": None if intent in HAVE_NO_THRESHOLD else _threshold(text),
            "alert": next(iter(CAMEL.findall(message)), ""),
            **_first_meant("severity", SEVERITIES, text),
            **_channel(text),
        }
    return {}


def _team(text: str) -> str:
    """The team named: behind the word where a name stands there ("cap team falcon"), else before it."""
    behind = next((one[1] for one in TEAM_THEN_NAME.finditer(text) if could_be_team(one)), "")
    found = (match[1] for pattern in TEAM for match in pattern.finditer(text))
    return behind or next(
        (one for one in found if could_be_name(one, certain=True) or one in TEAMS), ""
    )


def _channel(text: str) -> dict[str, str]:
    if named := HASH_CHANNEL.search(without_rejected(text)) or HASH_CHANNEL.search(text):
        return {"channel": named[0]}
    if kind := _first_meant("channel", CHANNELS, text):
        return kind
    called = NAMED_CHANNEL.search(text)
    name = called and (called[1] or called[2])
    return {"channel": name} if name and could_be_name(name) else {}


def _replicas(text: str) -> int | None:
    found = next(iter([*REPLICAS.finditer(text)][::-1]), None)  # "from 2 to 5" means the last
    if brought := BROUGHT.search(text):
        return number_of(next(one for one in brought.groups() if one))
    if (count := COUNTED.fullmatch(count_ordered(text))) and not found:
        return int(count[1])
    if not found or not re.search(
        r"scal|replica|\badd\b|\b(?:more|extra|another|fewer)\b|\b(?:bump|raise|bring|take|grow|shrink|up|down|run|start)\b|副本|实例|扩|缩|加|instances|copies",
        text,
    ):
        return None
    return number_of(found[1] or found[2])


def _money(text: str, *, of_a_budget: bool) -> dict[str, Any]:
    text = RANGE.sub(r"\1 to ", text)
    currency = _first_word("currency", CURRENCIES, text)
    found = list(AMOUNT.finditer(text)) if currency or of_a_budget else []
    if not found:
        return currency
    told = found[-1] if INSTEAD_OF.search(text) else found[0]
    times = TIMES.get(told[2] or "", 1)
    digits = told[1].replace(",", "")
    number = float(digits) if digits[0].isdigit() else number_of(digits)
    amount = number * times * (-1 if BELOW_ZERO.search(text[: told.start(1)]) else 1)
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
    """The one that is said first."""
    found = {
        name: match.start()
        for name, pattern in words.items()
        if (match := re.search(pattern, text))
    }
    return {key: min(found, key=lambda one: found[one])} if found else {}
