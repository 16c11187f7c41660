"""Pure: the requests and limits that a sentence names, as autofix_plan takes them."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from agent.numerals import COUNT, number_of

_L, _R = r"(?<![a-z0-9-])", r"(?![a-z0-9-])"  # \b takes a Chinese character for a letter
RESOURCES = {
    "memory": re.compile(rf"{_L}(?:memory|mem|ram){_R}|内存"),
    "cpu": re.compile(
        rf"{_L}(?:v?cpus?|processors?|cores?|millicores?){_R}|处理器|核(?!心|查|对|实)"
    ),
}
PARTS = {
    "requests": re.compile(rf"{_L}(?:requests?|reservations?|at\sleast|guaranteed){_R}|请求|申请|预留|下限|保底|至少"),
    "limits": re.compile(rf"{_L}(?:limits?|caps?|ceiling|max(?:imum)?|at\smost){_R}|上限|限制|限额|最多|最大"),
}  # fmt: skip
# What is no amount of a container: volumes, quotas, heaps, alerts and autoscalers have their own.
OTHERS = re.compile(
    rf"{_L}(?:disks?|storage|volumes?|pvcs?|quotas?|heap|xmx|env\w*|alerts?|thresholds?|hpa|autoscalers?){_R}"
    r"|磁盘|硬盘|存储|卷|配额|堆|环境变量|告警|阈值"
)
SETS = re.compile(
    rf"{_L}(?:set|raise|increase|bump|up|lower|reduce|decrease|cut|drop|shrink|trim|give|grant|double|triple"
    rf"|quadruple|halve|change|make|adjust|update|limit|cap|put|bring|grow|add|allow|allocate|assign|scale|resize|take|shave|knock|trim|needs?|wants?|require){_R}"
    r"|设|调|改|加|减|升|降|提|翻|给|限|扩|缩|拉|分配|增|放宽|砍|压|留|收|配|涨到|补|开到|弄|搞|削|扣|上到|下到"
)
# Where one of these is said first, it is what is to be done.
ANOTHER = re.compile(
    rf"{_L}(?:restart|roll\s?back|revert|undo|drain|cordon|evict|re-?run|pin|why|how|what|which){_R}"
    r"|重启|回滚|回退|撤销|排空|驱逐|重跑|为什么|为何|怎么|多少"
)
LESS = re.compile(
    r"\b(?:lower|reduc|decreas|cut|drop|shrink|trim|take|less)\w*|降|减|调低|调小|缩|少|砍|削|扣|压"
)
_WORD_TIMES = {
    "double": "2", "doubled": "2", "twice": "2", "翻倍": "2", "翻一倍": "2", "翻番": "2", "翻一番": "2", "加倍": "2",
    "triple": "3", "tripled": "3", "quadruple": "4",
    "halve": "0.5", "halved": "0.5", "减半": "0.5", "减一半": "0.5", "降一半": "0.5", "砍半": "0.5", "砍一半": "0.5",
}  # fmt: skip
_TIMES = "|".join(sorted(_WORD_TIMES, key=len, reverse=True))
# "A quarter more", "by a third", "四分之一", "两成".
_NTHS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "tenth": 10}
_SHARE = rf"(?:(?<=by\s)|(?<=to\s)|(?<=add\s)|(?=\S+\s\w+\s(?:more|less|fewer|extra|off|of\s(?:its|the|that|what)|again)\b))(?:an?|one|two|three)\s(?:{'|'.join(_NTHS)})s?\b"
_SHARE_ZH = r"[一二三四五六七八九十]分之[一二两三四五六七八九]|[一二两三四五六七八九]成(?![本功])|(?<=[到为成剩掉])一半"
AMOUNT = re.compile(
    rf"(?P<word>{_L}(?:{_TIMES})(?![a-z]))"
    r"|(?P<half>\b(?:by|in)\shalf\b)"
    r"|(?P<percent>\d+(?:\.\d+)?)\s?(?:%|percent\b|个百分点)"
    rf"|(?P<share>{_SHARE_ZH}|{_SHARE})"
    rf"|(?P<times>\d+(?:\.\d+)?|{COUNT})\s?(?:倍|times\b|x\b)"
    rf"|(?P<cores>\d+(?:\.\d+)?|half\san?|an?|半|{COUNT})\s?个?\s?(?P<fine>milli|毫)?-?(?:v?cpus?|cores?|核|c)(?:心)?{_R}"
    r"|(?<![a-z0-9.-])(?P<size>\d+(?:\.\d+)?)\s?个?\s?(?P<unit>[kmgt]i?b?|megs?|gigs?|megabytes?|gigabytes?|兆|吉)(?![a-z0-9])"
    r"|(?:\bto|=|:|：|到|为|成|至)\s*(?P<bare>\d+(?:\.\d+)?)(?![\d.]|\s?(?:[kmgt]i?b?|c|x|v?cpus?|cores?|milli\w*|times|percent|per|replicas?|pods?|instances?|copies|megs?|gigs?|\w*bytes?|hours?|days?|min\w*|seconds?|s|h|d|ms)\b|\s?[%个倍副毫核兆吉]|[a-z]|-)"
)
# "cart mem 1g", "requests 100m/128Mi": amounts of something, and no word more.
_OF = "|".join(one.pattern for one in (*RESOURCES.values(), *PARTS.values()))
BARE = re.compile(
    rf"(?:[^:：]{{1,40}}[:：]|\W*(?:[a-z][\w-]*\s+)?)\W*(?=.*\d)(?:(?:{_OF}|\d+(?:\.\d+)?\s?(?:[kmgt]i?b?|c|cores?|核)?|to|and|的|和|now|please|pls|吧|个)[\s\W]*)+"
)
BREAK = re.compile(r"[,，;；、。]|\band\b|并且?|同时|然后|另外")
OLD = re.compile(r"(?:\bfrom|从|由)\s*$")
AT = re.compile(r"(?:\bto|=|:|：|\bat|\bof|\bis|到|为|成|至)\s*$")
BY = re.compile(r"\bby\s*$")
MORE = re.compile(
    r"(?:\badd|\badditional|\banother|\bextra|加|增加|多|多给|再给|追加|调大|调高|提高|提升|上调)了?\s*(?:an?\s|个)?\s*$"
)
FEWER = re.compile(r"(?:减|减少|减掉|削掉|削|砍掉|扣掉|去掉|拿掉|降低|调小|调低|下调|少给)了?\s*$")
# Nothing but memory is counted in these: "give it 512Mi more".
OF_MEMORY = re.compile(r"(?<![\w.-])\d+(?:\.\d+)?\s?(?:[mg]ib?|[mg]b|gigs?|megs?)(?![a-z0-9])")
# "100m/128Mi": of a pair the first is CPU.
PAIR = re.compile(r"\s*/\s*(?:\d|$)")
TAKEN_OFF = re.compile(r"\b(?:away|off|from)\b")
# "一个半 G" is 1.5 G, "half a gig" 512 Mi.
HALVES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"(\d+|[一二两三四五六七八九])个半\s?(?=[kmgt]i?b?\b|吉|核)"), lambda found: f"{number_of(found[1])}.5 "),
    (re.compile(r"\b(?:an?\s)?quarter\s(?:of\san?\s)?(?:v?cpu\s)?(?=cores?\b)|四分之一个?\s?(?=核)"), lambda _: "0.25 "),
    (re.compile(r"\bhalf\san?\s(?:gig(?:abyte)?s?|gi?b?)\b|半个?\s?(?:gi?b?(?![a-z])|吉)"), lambda _: "512 mi"),
)  # fmt: skip
BESIDE = re.compile(r"\s*(?P<more>more|extra|additional)|\s*(?P<less>less|fewer)")
CONTAINER = (
    re.compile(r"\bcontainers?\s+(?:named\s+|called\s+)?[`'\"]?(?P<name>[a-z0-9][-a-z0-9]*)"),
    re.compile(r"容器\s*[`'\"“「]?(?P<name>[a-z0-9][-a-z0-9]*)"),
    re.compile(r"[`'\"]?(?P<name>[a-z0-9][-a-z0-9]*)[`'\"]?\s*(?:这个|那个)?\s*(?:容器|\bcontainer\b)"),
)  # fmt: skip
NO_CONTAINER = re.compile(
    r"the|an?|its|this|that|each|every|all|any|main|of|in|for|from|to|only|same|right|other|one|by|and"
    r"|memory|cpu|limits?|requests?"
)


@dataclass(frozen=True, slots=True)
class Sizes:
    """`amounts` as autofix_plan takes them; empty where the sentence sets none."""

    amounts: tuple[str, ...] = ()
    container: str = ""


@dataclass(frozen=True, slots=True)
class _Around:
    """An amount, with the words before it since the last, and those behind it up to a break."""

    match: re.Match[str]
    before: str
    behind: str

    def resources(self) -> list[str]:
        if self.match["cores"]:
            return ["cpu"]
        return _named(RESOURCES, self.before) or _named(RESOURCES, self.behind)

    def parts(self) -> list[str]:
        return _named(PARTS, self.before) or _named(PARTS, self.behind) or [""]


def sizes(question: str, name: str = "") -> Sizes:
    """What a sentence sets of CPU and memory; nothing where it asks for something else first."""
    text = question.lower()
    container = _container(text, name)
    for known in filter(None, (name.lower(), container)):
        text = re.sub(rf"{_L}{re.escape(known)}{_R}", " ", text)
    text = _whole(text)
    sets, another = SETS.search(text) or BARE.fullmatch(text), ANOTHER.search(text)
    if not sets or (another and another.start() < sets.start()) or OTHERS.search(text):
        return Sizes()
    if not (_named(RESOURCES, text) or _named(PARTS, text) or OF_MEMORY.search(text)):
        return Sizes()
    found: list[str] = []
    resources: list[str] = []
    parts: list[str] = []
    for one in _around(text):
        parts = parts if one.before.strip() == "/" else one.parts()
        known = one.resources() or _by_unit(one) or resources or _named(RESOURCES, text)
        resources = known or ["cpu"]  # "200m" alone
        if not OLD.search(one.before):
            found += _written(one, resources, parts)
    return Sizes(tuple(dict.fromkeys(found)), container if found else "")


def sets_amounts(text: str) -> bool:
    """Whether a sentence sets an amount of CPU or memory, whatever of."""
    return bool(sizes(text).amounts)


def names_resource(question: str, name: str) -> bool:
    """Whether a sentence says of what an amount is: "only 768Mi" goes on with what was set before."""
    text = (
        re.sub(rf"{_L}{re.escape(name.lower())}{_R}", " ", question.lower()) if name else question
    )
    return bool(_named(RESOURCES, text.lower()) or _named(PARTS, text.lower()))


def says_amount(text: str) -> bool:
    """Whether a lower-case reply says an amount and orders nothing else: "rather 2Gi"."""
    return bool(AMOUNT.search(_whole(text))) and not ANOTHER.search(text)


def is_amount_set(clause: str) -> bool:
    """Whether a lower-case clause sets an amount, of whatever was said before it."""
    return bool(BARE.fullmatch(clause) or (SETS.search(clause) and AMOUNT.search(_whole(clause))))


def _whole(text: str) -> str:
    """Halves in numbers: "一个半 g" is 1.5 g."""
    for pattern, plain in HALVES:
        text = pattern.sub(plain, text)
    return text


def sizes_after(question: str, earlier: str, name: str = "") -> Sizes:
    """What a reply changes of what the sentence before it set: the amount ("make that 1Gi"), or only
    the container ("the proxy container"). Nothing where that one set nothing."""
    before, text = sizes(earlier, name), question.lower()
    container = _container(text, name)
    if not before.amounts or ANOTHER.search(text):
        return Sizes()
    if not AMOUNT.search(text):
        return Sizes(before.amounts if container else (), container)
    fields = [re.split(r"[-+*]?=", one)[0] for one in before.amounts]
    found = [sizes(f"set {one.replace('.', ' ')} {question}", name) for one in fields]
    amounts = dict.fromkeys(one for each in found for one in each.amounts)
    return Sizes(tuple(amounts), container or before.container)


def _around(text: str) -> list[_Around]:
    """Every amount in its words; what stood behind one, and was about it, is not before the next."""
    found: list[_Around] = []
    matches, start = list(AMOUNT.finditer(text)), 0
    for n, match in enumerate(matches, 1):
        end = matches[n].start() if n < len(matches) else len(text)
        cut = BREAK.search(text, match.end(), end)
        behind = text[match.end() : cut.start() if cut else end]
        one = _Around(match, text[start : _start(match)], behind)
        start = match.end() + len(behind) if cut and not _told_before(one) else match.end()
        found.append(one)
    return found


def _start(match: re.Match[str]) -> int:
    """Of the number: "to 2" keeps its word for what stands before."""
    return match.start("bare") if match["bare"] else match.start()


def _told_before(one: _Around) -> bool:
    return bool(_named(PARTS, one.before))


def _named(words: dict[str, re.Pattern[str]], text: str) -> list[str]:
    return [name for name, pattern in words.items() if pattern.search(text)]


def _by_unit(one: _Around) -> list[str]:
    """Only memory comes in gigabytes; "200m" may be of either, but before a slash it is of CPU."""
    if one.match["unit"] == "m" and PAIR.match(one.behind):
        return ["cpu"]
    return ["memory"] if one.match["unit"] not in (None, "m") else []


def _written(one: _Around, resources: list[str], parts: list[str]) -> list[str]:
    told: list[str] = []
    for resource in resources:
        value = _factor(one) or _amount(one, resource)
        told += [f"{part}.{resource}{value}".lstrip(".") for part in parts if value]
    return told


def _amount(one: _Around, resource: str) -> str:
    match = one.match
    if match["size"]:
        unit = match["unit"]
        if resource == "cpu":
            return f"{_how(one)}{match['size']}m" if unit == "m" else ""
        scale = {"兆": "m", "吉": "g"}.get(unit, unit)[0]
        return f"{_how(one)}{match['size']}{'Ki' if scale == 'k' else f'{scale.upper()}i'}"
    if resource != "cpu":
        return ""
    number = match["cores"] or match["bare"]
    if number and (number[0].isdigit()):
        return f"{_how(one)}{number}{'m' if match['fine'] else ''}"
    if not number:
        return ""
    if number.startswith(("half", "半")):
        return f"{_how(one)}500m"
    return f"{_how(one)}{1 if number in ('a', 'an') else number_of(number)}"


def _how(one: _Around) -> str:
    beside = BESIDE.match(one.behind)
    taken = re.search(r"\b(?:take|shave|knock|trim)\b", one.before) and TAKEN_OFF.search(one.behind)
    if taken or (beside and beside["less"]) or FEWER.search(one.before):
        return "-="
    if (beside and beside["more"]) or MORE.search(one.before):
        return "+="
    if BY.search(one.before):
        return "-=" if LESS.search(one.before) else "+="
    return "="


def _factor(one: _Around) -> str:
    """`*=` and how often; "" for an amount."""
    match, beside = one.match, BESIDE.match(one.behind)
    less = bool(LESS.search(one.before) or (beside and beside["less"]))
    if match["word"]:
        return f"*={_WORD_TIMES[match['word']]}"
    if match["half"]:
        return "*=1.5" if match["half"].startswith("by") and not less else "*=0.5"
    if match["percent"]:
        return _by_share(float(match["percent"]) / 100, one, less=less)
    if match["share"]:
        return _by_share(_share(match["share"]), one, less=less)
    if match["times"]:
        number = match["times"]
        times = float(number) if number[0].isdigit() else float(number_of(number))
        return f"*={times + 1 if MORE.search(one.before) else times:g}"
    return ""


def _by_share(share: float, one: _Around, *, less: bool) -> str:
    """To that part of what it is, or by that part more or less."""
    factor = share if AT.search(one.before) else 1 - share if less else 1 + share
    return f"*={factor:.3g}" if factor > 0 else ""


def _share(told: str) -> float:
    """ "A quarter", "四分之一" and "两成" as a part of one."""
    if told == "一半":
        return 0.5
    if told.endswith("成"):
        return number_of(told[0]) / 10
    if "分之" in told:
        of, _, parts = told.partition("分之")
        return number_of(parts) / number_of(of)
    parts, nth = told.split()
    return {"two": 2, "three": 3}.get(parts, 1) / _NTHS[nth.removesuffix("s")]


def _container(text: str, name: str) -> str:
    for pattern in CONTAINER:
        for match in pattern.finditer(text):
            found = match["name"]
            if found != name.lower() and not NO_CONTAINER.fullmatch(found):
                return found
    return ""
