"""Pure: which object a sentence is about: its kind, its name, its namespace, and how sure that is."""

import re
from collections.abc import Iterator, Mapping

from agent.hosts import without_hosts
from agent.lexicon.kinds import KIND_PARTS, KIND_PATTERN, KIND_WORDS, OWN_NAME
from agent.lexicon.slots import CERTAIN_SLOT, NAME_SHAPE, NAME_SLOTS
from agent.lexicon.stopwords import AMBIGUOUS, CALLED_SO, FUNCTION_WORDS, STOPWORDS
from agent.lexicon.syllables import PINYIN
from agent.numerals import ENGLISH_NUMBERS

_NAME = NAME_SHAPE
_HAN = r"\u4e00-\u9fff"
NAME = re.compile(rf"(?<![\w#@.:/-]){_NAME}(?![\w-]|:(?!\s))")
QUOTED = re.compile(rf"[`'\"“‘「]({_NAME})[`'\"”’」]")
# What a log is searched for is quoted too: 'grep "deadlock" in the db logs'.
SEARCHED = re.compile(
    r"\b(?:find|grep|search|look|looking|looks|for|contain\w*|match\w*|saying|says|with|word|string|text|error|errors)\s+$"
)
SHAPED = re.compile(r"[a-z]-[a-z0-9]|[a-z]\d")
# A pod's own name ends with an ordinal or with what its controller made up.
POD_NAME = re.compile(r"-(?:\d+|[a-z0-9]*\d[a-z0-9]*)$|-[a-z0-9]{8,10}-[a-z0-9]{5}$")

KIND = re.compile(rf"(?<![a-z0-9-])(?:{KIND_PATTERN})(?![a-z0-9-])")
SLASHED = re.compile(rf"(?<![a-z0-9-])({KIND_PATTERN})\s?/\s?({_NAME})")
KIND_THEN_NAME = re.compile(
    rf"(?<![a-z0-9-])({KIND_PATTERN})\s+(?:(?:is\s+)?(?:named|called)\s+|(?:of|for)\s+(?:the\s+)?|的\s*|是\s*|名?叫\s*)?[`'\"]?({_NAME})(?![\w-])"
)
NAME_THEN_KIND = re.compile(
    rf"(?<![\w-])[`'\"]?({_NAME})(?![\w-])[`'\"]?(?:'s)?\s*(?:的|[这那该][个台套组些]?)?\s*({KIND_PATTERN})(?![a-z0-9-])"
)

_SPACE = r"(?:namespaces?|ns\b|命名空间|名字空间)"
# What beside the word is no name: "which namespace has", "namespaces of".
_NO_SPACE = (
    r"(?!(?:is|are|was|has|have|had|with|of|in|on|for|and|or|by|the|a|an|this|that|cost|costs|spends?|uses?|which"
    r"|what|every|each|all|any|per|one|first|same|other|another|list|no|new|our|your|my|whole|entire|kubernetes|expensive|cheap|cheapest|costly|biggest|largest|smallest|busiest|worst|best|right|wrong)\b)"
)
NAMESPACE = (
    re.compile(rf"(?<![\w-])(?:-n|--namespace)[\s=]+[`'\"]?({_NAME})"),
    re.compile(
        rf"(?<![\w-])[`'\"]?({_NAME})(?![\w-])[`'\"]?\s*(?:的|这个)?\s*(?:命名空间|名字空间)"
    ),
    re.compile(
        rf"(?:\bnamespaces?|\bns|命名空间|名字空间)\s*[:=/]?\s*(?:named\s+|called\s+)?[`'\"]?({_NAME})"
    ),
    re.compile(rf"(?<![\w-])[`'\"]?({_NAME})(?![\w-])[`'\"]?\s+(?:这个\s*)?{_SPACE}"),
)
# Right beside the word, a name may be a word that means much else.
BESIDE = (
    re.compile(rf"(?:-n|--namespace)[\s=]+({_NAME})"),
    re.compile(rf"\b(?:namespace|ns)\s+{_NO_SPACE}({_NAME})"),
    re.compile(rf"(?<![\w-]){_NO_SPACE}({_NAME})\s*(?:命名空间|名字空间|\s(?:namespace|ns)\b)"),
)
COMPARED = re.compile(
    rf"(?:命名空间|名字空间)\s*(?:和|跟|与|还是|、)\s*{_NAME}\s*(?:命名空间|名字空间)"
)
IN_PLACE = re.compile(
    rf"\b(?:in|from|within|inside|across)\s+(?:the\s+)?[`'\"]?({_NAME})[`'\"]?(?![\w-])(?!['’]s\s)(?!\s+(?:service|pod|deployment|node|logs?|\d+)\b)"
)
IN_PLACE_ZH = re.compile(
    rf"(?<![\w-])({_NAME})\s*(?:环境|里面|里边|里|中(?![午旬间])的?|下面|下的?(?![个周月季半一次载线降午])|空间|(?:这边|那边)?\s?有(?:几|多少)个?\s*(?=(?:deployments?|statefulsets?|daemonsets?|cronjobs?|jobs?|configmaps?|secrets?|工作负载)(?![a-z-]))|的\s*(?=[a-z][a-z0-9]*-[a-z0-9-]+(?![\w-])))"
)

# What names end with that are parts of a system, not places in a cluster.
COMPONENT = re.compile(
    r"-(?:api|svc|service|router|worker|proxy|gateway|gw|server|web|consumer|producer|writer|reader|cache|db|bff"
    r"|core|job|exporter|indexer|planner|scheduler|controller|operator|ui|frontend|backend|engine|processor|handler|app|portal)$"
)
# "From gateway edge-gw": the word says what the name behind it is.
ROLE = re.compile(
    r"(?:gateway|proxy|router|worker|queue|broker|cache|database|db|server|host|backend|frontend|client|upstream|balancer)$"
)
# A place and what is in it, as paths are written.
PATH = re.compile(rf"(?<![\w./:@-])({_NAME})/({_NAME})(?![\w./:-])")
# A word of English by how it ends: an adverb, or what was done.
ENGLISH_ENDING = re.compile(r"[a-z]{4,}(?:ed|ly)$|[a-z]{3,}(?:ness|ful)$")
# Words in -ing are what somebody does, but for those that parts of systems are called.
DOING = re.compile(r"[a-z]{2,}ing")
# Ordinary words that are namespaces in most clusters: after "in" they are meant so.
PLACES = frozenset(
    ("default", "monitoring", "logging", "data", "database", "storage", "system", "finance")
)
TEAM_THEN_NAME = re.compile(rf"\bteam\s+({_NAME})")
TEAM = (
    re.compile(rf"\b(?:the\s+)?({_NAME})\s+team\b"),
    TEAM_THEN_NAME,
    re.compile(rf"({_NAME})\s*(?:团队|小组|组)"),
)
# What a word in -ing is done to, or how: behind the name of a team stands neither.
OBJECT_FOLLOWS = re.compile(
    r"\s+(?:the|an?|for|most|more|less|it|its|our|this|that|these|those|so|too|over|on)\b"
)
# Behind these, "team" is told by its name, an ordinary word perhaps: "notify team mornings".
OF_A_TEAM = re.compile(
    r"(?:^|\b(?:of|for|to|from|with|is|are|was|has|have|did|does|will|can|cap|give|notify|page|ping|tell|alert|inform|mail|call|and|or)\s)\s*$"
)
# What is said of a team, and what it does.
OF_TEAMS = re.compile(
    r"budgets?|spend(?:s|ing)?|spent|costs?|bills?|alerts?|leads?|members?|names?|owners?|limits?|owns?|uses?|used|pays?|paid|gets?|got|goes|went"
    r"|go|exceeds?|exceeded|needs?|wants?|wanted|asks?|asked|blew|burn(?:s|ed)?|runs?|ran|receives?|channels?|rotation|should|must|may|might|could|would|also|still|over|under|within"
)
CAMEL = re.compile(r"\b(?:[A-Z]{2,}(?=[A-Z][a-z])(?!OOMK)|[A-Z][a-z0-9]+){2,}\b")
WRITTEN_OUT = re.compile(ENGLISH_NUMBERS)
WORD = re.compile(r"[A-Za-z][\w-]*")
SENTENCE_END = re.compile(r"[.?!:\n]\s+$|[。？！；]\s*$")
# What stands for a word that is no name; no pattern of a name matches any part of it.
COVER = "X"
# Where the word for a Deployment is what somebody does.
DEPLOYING = re.compile(
    r"重新部署|部署\s?(?:在|了|过|完|上去|什么|哪些|一下|之?后|以后|的\W*$)|(?:刚|刚刚|才|谁|什么时候|何时|啥时候|最近|上次)\s?部署|(?<=[里上面])\s?部署(?!\s?[a-z])|\b(?:did|has|to|we|i|you|they|any\w+|some\w+|who)\s(?:just\s)?deploy\b"
    r"|\b(?:since|after)\s(?:\w+\s)?deploy\b|\b(?:last|latest|previous)\sdeployment\b(?=\sof\b)|\b(?:last|latest|new|recent|previous|this|that|bad|every|each|a|the)\sdeploy\b(?=\s(?:of|to|in|for|went|broke|was|at|on)\b|\W*$)"
)
BEGINS_WITH = re.compile(rf"\W*(?:the\s+)?({_NAME})(?![\w-])")
# A shorter word that stands nowhere where names do is as likely a slip.
LEAST_LETTERS = 4
# A longer sentence has a verb, which says what its names are.
FRAGMENT_WORDS = 5
# A name said to be in trouble, right beside it.
BROKEN = re.compile(
    rf"(?<![\w-])({_NAME})\s*(?:的\s*)?(?:pods?\s*)?(?:一直|总是|老是|返回|超时|报|挂|没有?|不|起不来|启动|卡|崩溃|失败|无法)"
    rf"|(?<![\w-])({_NAME})\s(?:pods?\s|service\s|deployment\s)?(?:is|are|has|keeps?|shows?|gets?|reports?|fails|crash\w*)\b(?!\W*$)"
)


def spelt(message: str) -> str:
    """The message as names are looked for in it: kinds and ordinary words in lower case.

    Kubernetes names are in lower case: a word typed with capitals is none ("DR",
    "ContainerCreating") and is covered, except where English begins a sentence with one.
    """
    message = without_hosts(message)
    if not re.search("[a-z]", message):
        return message.lower()
    return WORD.sub(lambda word: _as_typed(word, message), message)


def _as_typed(word: re.Match[str], message: str) -> str:
    low = word[0].lower()
    first = not message[: word.start()].rstrip() or bool(
        SENTENCE_END.search(message[: word.start()])
    )
    ordinary = low in STOPWORDS or low in KIND_PARTS or (first and word[0][1:] == low[1:])
    return low if ordinary or word[0] == low else COVER


def object_named(message: str, *, of_many: bool) -> Mapping[str, str]:
    """Kind, name and namespace. A kind apart from the name counts when many are asked about."""
    text = DEPLOYING.sub(COVER, spelt(message))
    if path := _path(text):
        return _told("", path[1], path[0])
    spaces = _namespaces(text)
    namespace = spaces[0] if len(spaces) == 1 else ""
    taken = {
        *spaces,
        *(match[1] for pattern in TEAM for match in pattern.finditer(message.lower())),
    }
    kind, name = _kind_and_name(text, taken)
    if not name:
        name = _bare_name(text, message, taken)
        kind = kind if of_many or not name or kind == "Pod" else ""
    if not namespace and not name:
        namespace = _place(text, taken)
        taken.add(namespace)
    if not namespace and name:
        place = _place(text, taken)
        namespace = place if place != name else ""
    return _told(kind, name, namespace)


def _path(text: str) -> tuple[str, str] | None:
    """ "shop/checkout": a namespace and what is in it."""
    for match in PATH.finditer(text):
        if match[1] not in KIND_WORDS and could_be_name(match[1]) and could_be_name(match[2]):
            return match[1], match[2]
    return None


def marked_namespace(message: str) -> str:
    """The namespace that is called one in so many words ("-n shop"); "" for none."""
    return next(iter(_namespaces(spelt(message))), "")


def looks_named(message: str) -> bool:
    """Whether something in it can hardly be anything but a name."""
    return any(could_be_name(one) for one in _shaped(spelt(message), message))


def broken_object(message: str) -> bool:
    """Whether a certain thing is said to be in trouble: it is about that, not about its kind."""
    found = BROKEN.finditer(spelt(message))
    return any(could_be_name(match[1] or match[2]) for match in found)


def _told(kind: str, name: str, namespace: str) -> dict[str, str]:
    """A name of no certain kind may be an object's or a service's: it is told as both."""
    if kind == "Namespace" and (namespace or name):
        kind = ""
    if kind == "Pod" and name and not POD_NAME.search(name):
        return {"namespace": namespace, "kind": kind, "service": name}
    if name and kind not in OWN_NAME:
        return {"namespace": namespace, "kind": kind, "name": name, "service": name}
    return {"namespace": namespace, "kind": kind, "name": name}


def _namespaces(text: str) -> list[str]:
    """What is called a namespace; both where two are compared ("shop 命名空间和 web 命名空间哪个贵")."""
    for pattern in NAMESPACE:
        names = [match[1] for match in pattern.finditer(text)]
        names = [one for one in names if one not in STOPWORDS and not KIND.fullmatch(one)]
        if names:
            return list(dict.fromkeys(names)) if COMPARED.search(text) else names[:1]
    found = (match[1] for pattern in BESIDE for match in pattern.finditer(text))
    return [one for one in found if one not in KIND_WORDS][:1]


def _place(text: str, taken: set[str]) -> str:
    """A name after "in": most often a namespace. Two of them are compared, and neither is meant alone."""
    for pattern in (IN_PLACE, IN_PLACE_ZH):
        places = dict.fromkeys(
            one
            for one in _placed(pattern, text)
            if one in PLACES or (could_be_name(one) and one not in taken)
        )
        if places:
            return next(iter(places)) if len(places) == 1 else ""
    return ""


def _placed(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    """What stands like a place; a part of a system is none, nor is what something comes from."""
    for match in pattern.finditer(text):
        # What something comes from, or belongs to, is a place only when it is a plain word.
        come_from = match[0].startswith("from") or match[0].endswith("的 ")
        come_from = come_from and bool(SHAPED.search(match[1]))
        if not (COMPONENT.search(match[1]) or come_from or _is_role(match)):
            yield match[1]


def _is_role(match: re.Match[str]) -> bool:
    """Whether a name stands right behind the word, which says only what that is."""
    behind = re.match(rf"\s+[`'\"]?({_NAME})", match.string[match.end() :])
    return bool(ROLE.match(match[1]) and behind and SHAPED.search(behind[1]))


def _kind_and_name(text: str, taken: set[str]) -> tuple[str, str]:
    for match in SLASHED.finditer(text):
        if _names(match[1], match[2], taken):
            return KIND_WORDS[match[1]], match[2]
    before = [match for match in NAME_THEN_KIND.finditer(text) if _names(match[2], match[1], taken)]
    spoken_for = {match.start(2) for match in before}
    for match in KIND_THEN_NAME.finditer(text):
        after = SHAPED.search(match[2]) or (match.start(1) not in spoken_for and _is_noun(match))
        if after and _names(match[1], match[2], taken):
            return KIND_WORDS[match[1]], match[2]
    for match in before:
        kind, name = KIND_WORDS[match[2]], match[1]
        return ("Pod", "") if kind == "Pod" and _is_place(text, name) else (kind, name)
    kinds = [KIND_WORDS[match[0]] for match in KIND.finditer(text)]
    own = [kind for kind in kinds if kind != "Namespace"]
    return next(iter(own or kinds), ""), ""


def _names(kind: str, name: str, taken: set[str]) -> bool:
    """Whether a word beside a kind is a name. Of pods, only what is no ordinary word."""
    certain = KIND_WORDS[kind] != "Pod"
    fits = KIND_WORDS[kind] != "Namespace" and name not in taken
    return fits and could_be_name(name, certain=certain)


def _is_noun(match: re.Match[str]) -> bool:
    """Whether a word after a kind is a name and no verb: "its service refuses connections"."""
    follows = re.match(r"\s+([a-z]+)", match.string[match.end() :])
    return not match[2].endswith("s") or not follows or follows[1] in STOPWORDS


def _is_place(text: str, name: str) -> bool:
    return any(match[1] == name for match in IN_PLACE.finditer(text))


def _bare_name(text: str, message: str, taken: set[str]) -> str:
    """The likeliest name that stands without a kind."""
    if (quoted := QUOTED.search(text)) and not SEARCHED.search(text[: quoted.start()]):
        return quoted[1]
    places = {one for pattern in (IN_PLACE, IN_PLACE_ZH) for one in _placed(pattern, text)}
    camel = {word.lower() for word in CAMEL.findall(message)}
    spoken_for = taken | places | camel
    for match in CERTAIN_SLOT.finditer(text):
        if could_be_name(match[1], certain=True) and match[1] not in spoken_for:
            return match[1]
    slotted, shaped = _slotted(text), _shaped(text, message)
    looking = [one for one in shaped if one not in spoken_for]
    for name in (*_surer(slotted, looking, text), *shaped, *_left_over(text)):
        if could_be_name(name) and name not in spoken_for:
            return name
    return ""


def could_be_team(found: re.Match[str]) -> bool:
    """Whether the word after "team" names it: "team lighting" does, "which team owning the mesh" does not."""
    doing = DOING.fullmatch(found[1]) and found[1] not in STOPWORDS
    does = OBJECT_FOLLOWS.match(found.string, found.end())
    told = OF_A_TEAM.search(found.string[: found.start()])
    ordinary = bool(told) and not OF_TEAMS.fullmatch(found[1]) and found[1] not in FUNCTION_WORDS
    return could_be_name(found[1]) or ordinary or bool(doing and not does)


def only_unknown(message: str) -> str:
    """The one word of a sentence that is no ordinary one; "" where there are more of them, or none."""
    words = {match[0] for match in NAME.finditer(spelt(message)) if len(match[0]) >= LEAST_LETTERS}
    unknown = {one for one in words if could_be_name(one) and one.isalpha()}
    return unknown.pop() if len(unknown) == 1 else ""


def _surer(slotted: list[str], shaped: list[str], text: str) -> list[str]:
    """Where one word looks like a name and others only stand like one, the one that looks so.

    Before it goes what a sentence begins with and is about: "checkout can't reach rates-db".
    """
    first = BEGINS_WITH.match(text)
    if first and could_be_name(first[1]) and _is_about(first[1], slotted, shaped, text):
        return [first[1], *slotted]
    looking = [one for one in shaped if SHAPED.search(one) and could_be_name(one)]
    return looking if len(set(looking)) == 1 else slotted


def _is_about(first: str, slotted: list[str], shaped: list[str], text: str) -> bool:
    """Whether the sentence is about its first word, and no later clause names what is meant."""
    clause = re.split(r"[,;，；]|\b(?:because|since|after|due to)\b", text)[0]
    elsewhere = [one for one in shaped if SHAPED.search(one) and one not in clause]
    return not elsewhere and (first in slotted or bool(re.search(rf"[{_HAN}]", text)))


def _left_over(text: str) -> list[str]:
    """The first and the last word of half a sentence: what is no ordinary word there is its subject."""
    words = [word.strip("?!.,:;") for word in text.split()]
    if not 1 < len(words) <= FRAGMENT_WORDS:
        return []
    return [word for word in (words[0], words[-1]) if re.fullmatch(_NAME, word)]


def _slotted(text: str) -> list[str]:
    """Names where a sentence expects one, the first first."""
    found = [match for pattern in NAME_SLOTS for match in pattern.finditer(text)]
    return [match[1] for match in sorted(found, key=lambda match: match.start(1))]


def _shaped(text: str, message: str) -> list[str]:
    """What looks like a name; in a Chinese sentence every Latin word does."""
    chinese = bool(re.search(rf"[{_HAN}]", message))
    words = [match[0] for match in NAME.finditer(text)]
    return [word for word in words if chinese or SHAPED.search(word)]


def is_doing(word: str) -> bool:
    """Whether it is English for what somebody does; pinyin ends alike ("yunying")."""
    called_so = word in CALLED_SO or bool(PINYIN.fullmatch(word))
    return bool(DOING.fullmatch(word)) and not called_so


def could_be_name(word: str, *, certain: bool = False) -> bool:
    stop = STOPWORDS - AMBIGUOUS if certain else STOPWORDS
    ordinary = word in stop or word in KIND_WORDS or bool(ENGLISH_ENDING.fullmatch(word))
    ordinary = ordinary or bool(WRITTEN_OUT.fullmatch(word))
    ordinary = ordinary or is_doing(word)
    return (
        not ordinary
        and len(word) > 1
        and not re.fullmatch(r"[\d.]+(?:-[\d.]+)?[a-z]{0,3}|p\d+|sev-?\d", word)
    )
