"""Pure: the arguments a sentence contains, under the names of contracts.md."""

import re
from collections.abc import Mapping
from typing import Any

from agent import durations
from agent.lexicon.kinds import KINDS, OWN_NAME
from agent.lexicon.stopwords import AMBIGUOUS, STOPWORDS

_NAME = r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?"
_HAN = r"\u4e00-\u9fff"
NAME = re.compile(rf"(?<![\w#@.:/-]){_NAME}(?![\w:-])")
QUOTED = re.compile(rf"[`'\"“‘「]({_NAME})[`'\"”’」]")


# A pod's own name ends with an ordinal or with what its controller made up.
POD_NAME = re.compile(r"-(?:\d+|[a-z0-9]*\d[a-z0-9]*)$|-[a-z0-9]{8,10}-[a-z0-9]{5}$")


def _kind_words() -> dict[str, str]:
    words: dict[str, str] = {}
    for kind, names in KINDS.items():
        for name in names:
            words[name] = kind
            if name.isascii() and len(name) > 2:
                words[f"{name}es" if name.endswith("ss") else _plural(name)] = kind
    return words


def _plural(name: str) -> str:
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"


KIND_WORDS = _kind_words()
_KIND = "|".join(re.escape(word) for word in sorted(KIND_WORDS, key=len, reverse=True))
KIND = re.compile(rf"(?<![a-z0-9-])(?:{_KIND})(?![a-z0-9-])")
SLASHED = re.compile(rf"(?<![a-z0-9-])({_KIND})\s?/\s?({_NAME})")
KIND_THEN_NAME = re.compile(
    rf"(?<![a-z0-9-])({_KIND})\s+(?:named\s+|called\s+|的\s*)?[`'\"]?({_NAME})(?![\w-])"
)
NAME_THEN_KIND = re.compile(
    rf"(?<![\w-])[`'\"]?({_NAME})(?![\w-])[`'\"]?(?:'s)?\s*的?\s*({_KIND})(?![a-z0-9-])"
)

NAMESPACE = (
    re.compile(
        rf"(?:\bnamespaces?|\bns|命名空间|名字空间)\s*[:=/]?\s*(?:named\s+|called\s+|的\s*)?[`'\"]?({_NAME})"
    ),
    re.compile(rf"(?<![\w-])(?:-n|--namespace)[\s=]+({_NAME})"),
    re.compile(
        rf"(?<![\w-])[`'\"]?({_NAME})(?![\w-])[`'\"]?\s*(?:的|这个)?\s*(?:namespace|ns\b|命名空间|名字空间)"
    ),
)
IN_PLACE = re.compile(
    rf"\b(?:in|from|within|inside|across)\s+(?:the\s+)?[`'\"]?({_NAME})[`'\"]?(?![\w-])(?!\s+(?:service|pod|deployment|node)\b)"
)
IN_PLACE_ZH = re.compile(rf"(?<![\w-])({_NAME})\s*(?:环境|里面|里边|里|中的?|下面|下的?|空间)")

# Where only a name can stand.
CERTAIN_SLOT = re.compile(
    rf"\b(?:logs?|cpu|memory|ram|disk|usage|status|state|replicas?|limits?|image|latency|qps|version"
    rf"|errors?|5xx|events|health|metrics|rollout|releases?|deploy)\s+(?:usage\s+)?(?:of|for|on)\s+(?:the\s+)?({_NAME})"
)
# Ordinary words that are namespaces in most clusters: after "in" they are meant so.
PLACES = frozenset(("default", "monitoring", "logging", "data", "database", "storage", "system"))
# What stands before a name, or after it, in a question about one thing.
NAME_SLOTS = (
    re.compile(
        rf"\b(?:requests?|cost|costs|forecast|load|deployment|service|root\scause|errors?|logs?|5xx)\s+"
        rf"(?:of|for|on|from|in)\s+(?:the\s+)?({_NAME})"
    ),
    re.compile(
        rf"\b(?:restart|scale|rollback|roll\sback|revert|fix|bounce|drain|cordon|uncordon|describe"
        rf"|diagnose|investigate|right-size|rightsize|delete|reach|evict|repair|redeploy|debug|silence"
        rf"|mute|raise|increase|reboot|recreate|inspect|analy[sz]e|troubleshoot|check)\s+"
        rf"(?:the\s+)?(?:{_KIND})?\s*({_NAME})"
    ),
    re.compile(
        rf"\b(?:why|what|when|how|where)\s+(?:is|are|was|were|does|did|do|has|have|can't|cannot|isn't|won't)\s+"
        rf"(?:the\s+)?({_NAME})"
    ),
    re.compile(rf"\b(?:is|are|was|will|did|does)\s+(?:the\s+)?({_NAME})\s+\w+"),
    re.compile(
        rf"({_NAME})(?:'s\b|\s+(?:is|are|was|were|keeps?|has|have|had|returns?|crashed|crashes|failed"
        rf"|fails|service|went|died|stopped|started|cannot|can't|gets|looks|seems|responds)\b)"
    ),
    re.compile(rf"\b(?:with|of|for|on|to|running)\s+(?:the\s+)?({_NAME})"),
)

METRICS = {
    "qps": r"\bqps\b|\brps\b|requests?\s(?:rate|per\ssecond)|throughput|traffic|流量|吞吐|请求量",
    "cpu": r"\bcpus?\b|处理器",
    "memory": r"\bmemory\b|\bmem\b|\bram\b|内存",
    "disk": r"\bdisks?\b|\bstorage\b|磁盘|硬盘|存储空间",
}
CURRENCIES = {
    "USD": r"\$|\busd\b|\bdollars?\b|美元|美金|刀",
    "EUR": r"€|\beur\b|\beuros?\b|欧元",
    "GBP": r"£|\bgbp\b|\bpounds?\b|英镑",
    "CNY": r"¥|￥|\bcny\b|\brmb\b|\byuan\b|人民币|元(?!旦)|块钱",
}
CHANNELS = {
    "slack": r"\bslack\b",
    "dingtalk": r"\bdingtalk\b|钉钉",
    "feishu": r"\bfeishu\b|\blark\b|飞书",
    "email": r"\be-?mails?\b|邮件|邮箱",
    "webhook": r"\bwebhooks?\b",
    "teams": r"\bon teams\b|\bms teams\b|\bmicrosoft teams\b",
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
REPLICAS = re.compile(
    r"(\d+|zero|one|two|three|four|five)\s*(?:replicas?|pods|instances|copies|个?\s*副本|个?\s*实例|个\s*pod)"
    r"|(?:to|to\s+be|replicas?\s*(?:=|to|of\s+[\w-]+\s+to)|副本数?\s*(?:改为|设为|调到|到)?)\s*(\d+|zero|one|two|three|four|five)\b"
)
SMALL = {"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
AMOUNT = re.compile(
    r"(?:[$€£¥￥]\s*)?(\d[\d,]*(?:\.\d+)?)\s*(k\b|万)?\s*(?:usd|eur|gbp|cny|rmb|dollars?|euros?|pounds?|yuan|美元|美金|欧元|英镑|元|块)?"
)
THRESHOLD = re.compile(
    r"(?:above|over|exceeds?|exceeding|below|under|than|reaches|to|超过|高于|大于|低于|小于|达到|到)\s*(\d+(?:\.\d+)?)\s*(%|percent|ms|s\b|毫秒)?"
)
TEAM = (
    re.compile(rf"\b(?:the\s+)?({_NAME})\s+team\b"),
    re.compile(rf"\bteam\s+({_NAME})"),
    re.compile(rf"({_NAME})\s*(?:团队|小组|组)"),
)
HASH_CHANNEL = re.compile(r"(?<!\w)#[a-z][\w-]*")
CAMEL = re.compile(r"\b(?:[A-Z][a-z0-9]+){2,}\b")


def extract(message: str, *, subagent: str, intent: str) -> dict[str, Any]:
    """Every argument the message contains and its subagent takes."""
    text = message.lower()
    found: dict[str, Any] = dict(_object(text, message))
    found |= _times(text, subagent, intent)
    found |= _first_word("metric", METRICS, text)
    found |= _by_subagent(text, message, subagent)
    return {key: value for key, value in found.items() if value not in ("", None)}


def kind_of(word: str) -> str:
    """The kind a word names; "" when it names none."""
    return KIND_WORDS.get(word.lower(), "")


def _object(text: str, message: str) -> Mapping[str, str]:
    namespace = _namespace(text)
    taken = {namespace, *(match[1] for pattern in TEAM for match in pattern.finditer(text))}
    kind, name = _kind_and_name(text, taken)
    if not name:
        name = _bare_name(text, message, taken)
    if not namespace and not name:
        namespace = _place(text, taken)
        taken.add(namespace)
    if not namespace and name:
        place = _place(text, taken)
        namespace = place if place != name else ""
    return _told(kind, name, namespace)


def _told(kind: str, name: str, namespace: str) -> dict[str, str]:
    """A name of no certain kind may be an object's or a service's: it is told as both."""
    if kind == "Pod" and name and not POD_NAME.search(name):
        return {"namespace": namespace, "kind": kind, "service": name}
    if name and kind not in OWN_NAME:
        return {"namespace": namespace, "kind": kind, "name": name, "service": name}
    return {"namespace": namespace, "kind": kind, "name": name}


def _namespace(text: str) -> str:
    for pattern in NAMESPACE:
        for match in pattern.finditer(text):
            name = match[1]
            if name not in STOPWORDS and not KIND.fullmatch(name):
                return name
    # A word that could mean much else is a namespace when it stands right beside the word.
    beside = re.search(rf"(?:-n|--namespace)[\s=]+({_NAME})|\bnamespace\s+({_NAME})", text)
    name = (beside[1] or beside[2]) if beside else ""
    return "" if name in {"is", "are", "has", "have", "with", "of", "in", "for", "cost"} else name


def _place(text: str, taken: set[str]) -> str:
    """A name after "in": most often a namespace."""
    for pattern in (IN_PLACE, IN_PLACE_ZH):
        for match in pattern.finditer(text):
            if match[1] in PLACES or (_could_be_name(match[1]) and match[1] not in taken):
                return match[1]
    return ""


def _kind_and_name(text: str, taken: set[str]) -> tuple[str, str]:
    for match in (*SLASHED.finditer(text), *KIND_THEN_NAME.finditer(text)):
        kind, name = KIND_WORDS[match[1]], match[2]
        if kind != "Namespace" and _could_be_name(name) and name not in taken:
            return kind, name
    for match in NAME_THEN_KIND.finditer(text):
        kind, name = KIND_WORDS[match[2]], match[1]
        certain = kind != "Pod" and _could_be_name(name, certain=True)
        if kind != "Namespace" and (certain or _could_be_name(name)) and name not in taken:
            return ("Pod", "") if kind == "Pod" and _is_place(text, name) else (kind, name)
    kinds = [KIND_WORDS[match[0]] for match in KIND.finditer(text)]
    own = [kind for kind in kinds if kind != "Namespace"]
    return next(iter(own or kinds), ""), ""


def _is_place(text: str, name: str) -> bool:
    return any(match[1] == name for match in IN_PLACE.finditer(text))


def _bare_name(text: str, message: str, taken: set[str]) -> str:
    """The likeliest name that stands without a kind."""
    if quoted := QUOTED.search(text):
        return quoted[1]
    places = {match[1] for pattern in (IN_PLACE, IN_PLACE_ZH) for match in pattern.finditer(text)}
    camel = {word.lower() for word in CAMEL.findall(message)}
    spoken_for = taken | places | camel
    for match in CERTAIN_SLOT.finditer(text):
        if _could_be_name(match[1], certain=True) and match[1] not in spoken_for:
            return match[1]
    for name in (*_slotted(text), *_shaped(text, message)):
        if _could_be_name(name) and name not in spoken_for:
            return name
    return ""


def _slotted(text: str) -> list[str]:
    """Names where a sentence expects one, the first first."""
    found = [match for pattern in NAME_SLOTS for match in pattern.finditer(text)]
    return [match[1] for match in sorted(found, key=lambda match: match.start(1))]


def _shaped(text: str, message: str) -> list[str]:
    """What looks like a name; in a Chinese sentence every Latin word does."""
    chinese = bool(re.search(rf"[{_HAN}]", message))
    words = [match[0] for match in NAME.finditer(text)]
    return [word for word in words if chinese or re.search(r"[a-z]-[a-z0-9]|[a-z]\d", word)]


def _could_be_name(word: str, *, certain: bool = False) -> bool:
    stop = STOPWORDS - AMBIGUOUS if certain else STOPWORDS
    return (
        word not in stop
        and not re.fullmatch(r"[\d.]+[a-z]{0,3}", word)
        and word not in KIND_WORDS
        and word not in METRICS
        and word not in CHANNELS
    )


def _times(text: str, subagent: str, intent: str) -> dict[str, str]:
    ahead = durations.horizon(text) if subagent == "cost" else ""
    if subagent == "alert_admin":
        return {"duration": durations.lasting(text), "at": durations.clock(text)}
    if subagent == "cost" and (ahead or intent == "forecast"):
        return {"horizon": ahead, "at": durations.clock(text)}
    return {"window": durations.window(text), "at": durations.clock(text)}


def _by_subagent(text: str, message: str, subagent: str) -> dict[str, Any]:
    team = next((m[1] for p in TEAM for m in p.finditer(text) if _could_be_name(m[1])), "")
    if subagent == "autofix":
        return {"replicas": _replicas(text)}
    if subagent == "cost":
        return {"team": team, **_money(text)}
    if subagent == "alert_admin":
        return {
            "team": team,
            "threshold": _threshold(text),
            "alert": next(iter(CAMEL.findall(message)), ""),
            **_first_word("severity", SEVERITIES, text),
            **_channel(text),
        }
    return {}


def _channel(text: str) -> dict[str, str]:
    if named := HASH_CHANNEL.search(text):
        return {"channel": named[0]}
    return _first_word("channel", CHANNELS, text)


def _replicas(text: str) -> int | None:
    found = REPLICAS.search(text)
    if not found or not re.search(r"scal|replica|副本|实例|扩|缩|instances|copies", text):
        return None
    word = found[1] or found[2]
    return SMALL[word] if word in SMALL else int(word)


def _money(text: str) -> dict[str, Any]:
    currency = _first_word("currency", CURRENCIES, text)
    found = AMOUNT.search(text) if currency or "budget" in text or "预算" in text else None
    if not found:
        return currency
    times = {"k": 1_000, "万": 10_000}.get(found[2] or "", 1)
    amount = float(found[1].replace(",", "")) * times
    return {"amount": int(amount) if amount == int(amount) else amount, **currency}


def _threshold(text: str) -> float | int | None:
    found = THRESHOLD.search(text)
    if not found:
        return None
    number = float(found[1])
    return int(number) if number == int(number) else number


def _first_word(key: str, words: Mapping[str, str], text: str) -> dict[str, str]:
    for name, pattern in words.items():
        if re.search(pattern, text):
            return {key: name}
    return {}
