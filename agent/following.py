"""Pure: what a message means after the turn before it: of what, or the same of something else."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent import durations
from agent.arguments import extract
from agent.lexicon.kinds import KIND_WORDS
from agent.lexicon.stopwords import FUNCTION_WORDS
from agent.naming import NAME, WRITTEN_OUT, is_doing
from agent.numerals import ENGLISH_NUMBERS, HAN_NUMBERS, number_of
from agent.scoring import LOOKS
from agent.sizing import says_amount

_OPENER = re.compile(
    r"^\W*(?:and|what about|how about|same|now|then|also|or|but|only|just|in|for|on|over|make (?:it|that)|better|rather|instead)\b"
    r"|^\W*(?:那|按|还有|换成|换|改成|改为|只|就|然后|同样|再看|最近)|[呢吧]\W*$|^\W*(?:跟|和|与)[^，。]{1,12}(?:有关|有关系|有没有关系|有没有关)[吗么]?\W*$|\b(?:instead|as well|too)\W*$"
)
# Another thing instead; of a change, another value instead.
_OTHER = re.compile(r"^\W*(?:换成|改成|改为)|\binstead\W*$")
_TOO = re.compile(r"也|\b(?:as well|too|also)\b")
POINTING = re.compile(
    r"\b(?:it|its|that|this|them|their|they|those|these|there|the same|this one|related)\b|它|其|这个|那个|该|相关|刚才|上面|此"
)
_EVERYTHING = re.compile(r"\b(?:clusters?|all|every\w*|any\w*)\b|集群|所有|全部|整个|线上")
_FILLERS = re.compile(
    r"(?i)^\W*(?:(?:sorry|wait|hm+|no|nope|nah|naw|ok(?:ay)?|thanks|thx|actually|well|oh|ah|right|cool|yes|yep|sure|fine|不对|算了|行(?![\u4e00-\u9fff])|嗯+|可以(?=[,，\s])|不(?=[,，])|等等|等下|等一下|哦|嗯|好的?(?=[,，\s])|还是)(?![\w'-])[\s,，.!。！]*)+"
)
SHORT_WORDS = 8
SHORT_CHARACTERS = 16
# Half a sentence has nothing else to stand on than the turn before.
BARE_WORDS = 3
BARE_CHARACTERS = 7

TIMES = frozenset(("window", "horizon", "duration", "at"))
OBJECT = ("namespace", "kind", "name", "service")
OWNER = (*OBJECT, "team")
WHAT = frozenset((*OWNER, "alert"))
# What needs no name beside it.
WHAT_SAYS_IT = (
    "namespace",
    "kind",
    "team",
    "alert",
    "metric",
    "channel",
    "severity",
    "amount",
    "threshold",
)
# Another number of what the question before had one of: "raise it by 2000", after a budget.
_SETS_IT = re.compile(
    r"^\W*(?:(?:please|now|can you|could you)\s+)*(?:raise|lower|bump|set|put|increase|decrease|reduce|cut|change|drop|double)\s+(?:it|that|this)\s+(?:(?:up|down)\s+)?(?:by|to|at)\s+\W?\d"
)
# How long, or how often, what the question before asked of has been.
_SINCE = re.compile(r"^\W*(?:since when|for how long|how (?:long|often)|how many times)\W*$")
HAVE_A_NUMBER = frozenset(("budget", "rules"))
# What is taken back lasts no longer: "cancel it".
TAKEN_BACK = re.compile(r"\b(?:cancel|undo|lift|remove|end)\b|取消|撤|解除|去掉")
_ONE_OF = re.compile(r"\bwhich\s(?:one|of\s(?:them|those|these))\b|哪一?个")
_HOW_LONG = re.compile(
    r"\b(?:how\slong|when|until\swhen|till\swhen)\b.*\b(?:last|end|expire|run\sout|over|for|until|till|left)|多久|到什么时候|什么时候(?:结束|到期|过期|失效)|几点(?:结束|到期)"
)
# Half a sentence that says where and nothing else: "and in namespace shop?", "shop 命名空间的".
_ONLY_A_PLACE = re.compile(
    r"^\W*(?:and\s|only\s|just\s)*(?:in\s|of\s|for\s)(?:the\s)?(?:(?:namespace|ns)\s\S+|\S+\s(?:namespace|ns))\W*$"
    r"|^\W*(?:那|只看|还有)?\s*\S+\s*命名空间(?:里|下)?的?(?:呢|吧)?\W*$"
)
# The same in Chinese words, under the names that namespaces have: "预发呢", "那测试环境呢".
_ENVIRONMENTS = {
    "预发": "staging", "预发布": "staging", "预生产": "staging", "测试": "test", "开发": "dev", "生产": "production",
}  # fmt: skip
_ONLY_AN_ENVIRONMENT = re.compile(
    rf"^\W*(?:那|在|还有)*\s*({'|'.join(sorted(_ENVIRONMENTS, key=len, reverse=True))})(?:环境)?(?:上|里)?的?\s*(?:呢|吗|也(?:看|查)(?:看|查|一下|下))\W*$"
)
# What can only be asked of something that has a name.
NEED_A_NAME = frozenset(("logs", "events", "rollout", "dependencies", "change"))
# Weaker evidence than this is a word by the way: "cpu?" asks for another figure, not a new question.
OWN_WORDS = 3.3

_NUMBER = re.compile(rf"(?<![\w.-])\d+(?![\w.-])|{HAN_NUMBERS}(?=\s?个)|\b(?:{ENGLISH_NUMBERS})\b")
_ONLY_SO_MANY = re.compile(
    rf"^\W*(?:(?:make|better|rather|no|not|just|say|last|past|the)\s+)*(?:(?:it|that)\s+)?(\d+|{ENGLISH_NUMBERS})\W*$"
)
_ISO_NUMBER = re.compile(r"\d+([A-Z])$")
# What a bill or a list is divided by names nothing.
_DIVIDED_BY = re.compile(r"\b(?:by|per)\s+[a-z]+\W*$")
_LATIN = re.compile(r"[a-z]")
_AMOUNT = re.compile(r"\d[\d.]*(?:[kmgt]i?b?|c)")


@dataclass(frozen=True, slots=True)
class Said:
    """A message and what it would mean alone."""

    message: str
    subagent: str
    intent: str
    evidence: float
    arguments: Mapping[str, Any]

    @property
    def text(self) -> str:
        return self.message.lower()

    @property
    def is_short(self) -> bool:
        return self._at_most(SHORT_WORDS, SHORT_CHARACTERS)

    @property
    def is_bare(self) -> bool:
        return self._at_most(BARE_WORDS, BARE_CHARACTERS)

    def _at_most(self, words: int, characters: int) -> bool:
        han = len(re.findall("[\u4e00-\u9fff]", self.message))
        return (
            han <= characters and len(self.text.split()) <= words
            if han
            else len(self.text.split()) <= words
        )


def without_fillers(message: str) -> str:
    """A reply without how it begins: "no wait, make that 10" says "make that 10"."""
    rest = _FILLERS.sub("", message)
    return rest if re.search(r"\w", rest) else message


def is_filler(message: str) -> bool:
    """Whether nothing is said but how a reply begins: "ok", "行"."""
    return not re.search(r"\w", _FILLERS.sub("", message))


def is_elliptical(said: Said, previous: Mapping[str, Any]) -> bool:
    """Whether it asks the question before anew, of what it names or within what it says."""
    if previous["subagent"] == "none" or (said.subagent == "none" and said.intent != "unclear"):
        return False
    opened = said.is_short and bool(_OPENER.search(said.text))
    if said.intent in ("unclear", "look"):
        return said.is_short and (opened or said.is_bare or _goes_on(said, previous))
    return _is_more(said, previous, opened=opened)


def _is_more(said: Said, previous: Mapping[str, Any], *, opened: bool) -> bool:
    """Of a message with words of its own, whether they only say more of the question before."""
    if opened and (previous["subagent"], said.subagent) == ("rag", "autofix"):
        return not said.arguments  # "and delete one?" orders nothing
    same = (said.subagent, said.intent) == (previous["subagent"], previous["intent"])
    if same and said.arguments and set(said.arguments) <= TIMES and said.is_bare:
        return True
    if same and opened and not said.arguments and says_amount(said.text):
        return True
    if same and said.arguments and set(said.arguments) <= WHAT and _TOO.search(said.text):
        return True
    if said.is_short and set(said.arguments) == {"namespace"} and _ONLY_A_PLACE.search(said.text):
        return True
    if opened and set(said.arguments) == {"metric"} and "metric" in previous["arguments"]:
        return True
    if _is_of_the_same(said, previous):
        return True
    other = previous["subagent"] != "autofix" and bool(_OTHER.search(said.text))
    return opened and (said.evidence < OWN_WORDS or other)


def _is_of_the_same(said: Said, previous: Mapping[str, Any]) -> bool:
    """Whether it sets another number of what the turn before had one of, or asks since when alerts fire."""
    if previous["intent"] == "alerts":
        return bool(_SINCE.search(said.text))
    sets = previous["intent"] in HAVE_A_NUMBER and _SETS_IT.search(said.text)
    return bool(sets) and (WHAT | {"metric"}).isdisjoint(said.arguments)


def is_of_the_silence(said: Said, previous: Mapping[str, Any]) -> bool:
    """Whether it asks for the end of what the turn before set, or ends it: "how long will that last", "undo that"."""
    named = any(key in said.arguments for key in (*WHAT, "severity"))
    return (
        previous["intent"] == "silences"
        and not named
        and said.is_short
        and bool(_HOW_LONG.search(said.text) or TAKEN_BACK.search(said.text))
    )


def goes_on(message: str) -> bool:
    """Whether a message is half a sentence after another: "and for a private registry?"."""
    said = Said(message, "", "", 0.0, {})
    return said.is_short and bool(_OPENER.search(said.text) or POINTING.search(said.text))


def is_only_a_place(message: str) -> bool:
    """Whether nothing is said but where: "and in namespace shop?"."""
    return bool(_ONLY_A_PLACE.search(message.lower()))


def _goes_on(said: Said, previous: Mapping[str, Any]) -> bool:
    """Whether it says what the question before takes, or asks for one of what that listed."""
    one_of = previous["intent"] == "list" and bool(_ONE_OF.search(said.text))
    return one_of or bool(_now(said, previous))


def asked_anew(said: Said, previous: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of the question before, with what this message says instead."""
    before, now = dict(previous["arguments"]), _now(said, previous)
    if "team" in now:
        before = {key: value for key, value in before.items() if key not in OBJECT}
    if "name" in now or "service" in now:
        before = {
            key: value for key, value in before.items() if key not in ("kind", "name", "service")
        }
    if "kind" in now and "name" not in now and "name" not in before:
        before.pop("kind", None)
    if TAKEN_BACK.search(said.text):
        before.pop("duration", None)
    return {**before, **now}


def _now(said: Said, previous: Mapping[str, Any]) -> dict[str, Any]:
    """What the message says of the question before; a bare name stands for what that one named."""
    before = previous["arguments"]
    now = extract(said.message, subagent=previous["subagent"], intent=previous["intent"])
    now |= _number(said, before, now) | _length(said, previous, now) | _environment(said)
    name = now.get("name") or now.get("service") or _bare(said, now)
    had_name = "name" in before or "service" in before
    if name and "kind" not in now and not had_name and "namespace" in before:
        now = {key: value for key, value in now.items() if key not in OBJECT}
        return {**now, "namespace": name}
    if name and "name" not in now and "service" not in now:
        now |= {"name": name, "service": name}
    return now


def _environment(said: Said) -> dict[str, str]:
    """The place that a reply asks about, where it is said by what it is for."""
    found = _ONLY_AN_ENVIRONMENT.search(said.text)
    return {"namespace": _ENVIRONMENTS[found[1]]} if found else {}


def _length(said: Said, previous: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, str]:
    """A length of time alone is how far the question before looks, or how long what it asked lasts."""
    key = next((one for one in TIMES if one in previous["arguments"] and one != "at"), "")
    if not key and previous["subagent"] == "rca" and previous["intent"] in LOOKS:
        key = "window"
    lasts = durations.lasting(said.text) if key and not TIMES & set(now) else ""
    lasts = lasts or _so_many(said, str(previous["arguments"].get(key, "")))
    return {key: lasts} if lasts else {}


def _so_many(said: Said, before: str) -> str:
    """A number alone, of the unit that was told before: "make it two", after an hour."""
    found, unit = _ONLY_SO_MANY.search(said.text), _ISO_NUMBER.search(before)
    return f"{before[: unit.start()]}{number_of(found[1])}{unit[1]}" if found and unit else ""


def _number(said: Said, before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """A number alone is another one of what the turn before had a number of."""
    found = _NUMBER.findall(said.text)
    keys = [key for key in ("replicas", "amount", "threshold") if key in before and key not in now]
    return {keys[0]: number_of(found[0])} if len(found) == 1 and len(keys) == 1 else {}


def _bare(said: Said, now: Mapping[str, Any]) -> str:
    """A word that would be no name in a longer sentence: "and data?", "data 的呢"."""
    if any(key in now for key in (*WHAT_SAYS_IT, "window", "duration", "horizon")):
        return ""
    if _DIVIDED_BY.search(said.text):
        return ""
    text = TAKEN_BACK.sub(" ", said.text)
    words = [match[0] for match in NAME.finditer(text) if _LATIN.search(match[0])]
    little = FUNCTION_WORDS | KIND_WORDS.keys()
    left = [one for one in words if one not in little and could_be_said(one)]
    return left[0] if len(left) == 1 and set(words) - set(left) <= FUNCTION_WORDS else ""


def could_be_said(word: str) -> bool:
    """Whether it may be a name where nothing else is said: no number, no amount as "1gi", and not how
    something is."""
    return (
        len(word) > 1  # the end of "who's" is none
        and not _AMOUNT.fullmatch(word)
        and not WRITTEN_OUT.fullmatch(word)
        and not is_doing(word)
    )


def pointed_at(said: Said, previous: Mapping[str, Any]) -> dict[str, Any]:
    """A message of its own about what the turn before was about, when it points there."""
    own = dict(said.arguments)
    named = any(key in own for key in ("name", "service"))
    if named or said.subagent in ("none", "rag"):
        return own
    points = bool(POINTING.search(said.text))
    lacks = said.intent in NEED_A_NAME and "namespace" not in own
    after_order = said.intent == "investigate" and previous["subagent"] == "autofix"
    same = (said.subagent == previous["subagent"] or after_order) and "kind" not in own
    bare = same and (said.is_bare or (said.is_short and _of_nothing(said)))
    if not (points or lacks or bare):
        return own
    carried = OBJECT if said.subagent != "cost" or "namespace" in own or "team" in own else OWNER
    if same and said.subagent == "alert_admin" and "alert" not in own:
        carried = (*carried, "alert")
    before = {key: value for key, value in previous["arguments"].items() if key in carried}
    if "kind" in own and "name" not in before:
        before.pop("kind", None)
    kept = own if not before.get("name") else {k: v for k, v in own.items() if k != "kind"}
    return {**before, **kept}


def _of_nothing(said: Said) -> bool:
    """A question for a cause, or for some of many, that says of nothing whose: "since when?", "which restarts most"."""
    nowhere = not any(key in said.arguments for key in OBJECT)
    return said.intent in ("investigate", "list") and nowhere and not _EVERYTHING.search(said.text)


def shared(said: Said, before: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a later part of one message: what it does not name, an earlier part did."""
    own = dict(said.arguments)
    named = any(key in own for key in ("name", "service", "alert", "team"))
    if named or ("namespace" in own and not POINTING.search(said.text)):
        return own
    kept = OWNER if said.subagent == "cost" else OBJECT
    given = {key: value for key, value in before["arguments"].items() if key in kept}
    if (
        said.subagent == "alert_admin"
        and "alert" in before["arguments"]
        and (POINTING.search(said.text) or said.intent == "silences")
    ):
        given["alert"] = before["arguments"]["alert"]
    if own.get("kind") == "Namespace" and "namespace" in given:
        del own["kind"]
    if "kind" in own or ("kind" in given and "name" not in given):
        given.pop("kind", None)
    return {
        **given,
        **{key: value for key, value in own.items() if key not in ("kind",) or "name" not in given},
    }
