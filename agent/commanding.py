"""Pure: what of a sentence is the order, and what is only told with it."""

import re

from agent.naming import NAME, could_be_name
from agent.scoring import Language, says, scores

HAN = re.compile(r"[\u4e00-\u9fff]")
CLAUSE_END = re.compile(r"[,;](?!\d)|[，；。]|[.!?]\s")
POINTING_BACK = re.compile(r"\b(?:it|its|them|their|that)\b|[它其]")
# What makes a statement a question: "it is down, find out why" asks, "it is down" tells.
ASKING = re.compile(
    r"[?？吗么呢查看哪咋]|什么|怎么|为何|为啥|多少|分析|诊断|定位|原因|\b(?:what|which|who|when|where|how|find|check|investigate|diagnose|look|see|show|tell)\b"
)


def ordered(text: str) -> str:
    """The clauses that say what to change, without those that say why or when: "swap its disk tonight".

    All of them when none does alone, or when it is about what another one names: "raise its limit".
    """
    clauses = [one for one in CLAUSE_END.split(text) if one.strip()]
    if len(clauses) < 2:
        return text
    own = [one for one in clauses if ("autofix", "change") in scores(one, _written_in(one))]
    named = any(could_be_name(word[0]) for one in own for word in NAME.finditer(one))
    back = any(POINTING_BACK.search(one) for one in own)
    return ", ".join(own) if named and not back else text


def only_tells(text: str) -> bool:
    """Whether something is told without asking about it: why one wants what one orders next."""
    text = text.lower()
    return not ASKING.search(text) and not says(text, _written_in(text), "why")


def _written_in(text: str) -> Language:
    return "zh" if HAN.search(text) else "en"
