"""Pure: what is named beside the first name of a sentence: "the memory of checkout and cart"."""

import re
from functools import lru_cache
from itertools import pairwise

from agent.naming import NAME, could_be_name

# What may stand behind a name before another one: "checkout's memory and cart's", "checkout 的内存和 cart 的".
_OWNED = re.compile(
    r"^(?:(?:'s|\s*的)(?:\s*(?:memory|cpu|ram|disk|usage|latency|traffic|qps|error\srate|内存|磁盘|流量|延迟|错误率|用量|使用率|占用)){0,2})?"
)
# What stands between things that are asked about alike.
_BESIDE = re.compile(
    r"\s*(?:,\s*(?:and\b|or\b)|[,、&/+]|\band\b|\bor\b|\bvs\.?|\bversus\b|以及|还有|还是|和|与|跟|同|及)\s*"
    r"(?:of\s+|the\s+|for\s+)*"
)
# What does so only in a comparison: "compare checkout with cart", "checkout 比 cart".
_COMPARED = re.compile(r"\s*(?:\bwith\b|\bto\b|\bagainst\b|\bthan\b|相比|比)\s*(?:the\s+)?")
COMPARISON = re.compile(
    r"\bcompar\w+|\bvs\b|\bversus\b|\bside\sby\sside\b|\b(?:than|more|less)\b|对比|比较|相比|比|谁[^，。]{0,6}(?:多|少|高|低|大|小|贵|快|慢)|哪个[^，。]{0,6}(?:多|少|高|低|大|小|贵|快|慢)"
)
_THAN = re.compile(rf"\bthan\s+(?:the\s+)?({NAME.pattern})")
# More are a list, and asked for by where they are.
MOST = 6


@lru_cache(maxsize=64)  # asked of every row of a list
def named_beside(message: str, name: str) -> tuple[str, ...]:
    """The names that stand beside `name`, joined to it or compared with it; in the order of the message."""
    text = message.lower()
    words = [one for one in NAME.finditer(text) if could_be_name(one[0])] if name else []
    chain: list[str] = []
    for before, after in pairwise(words):
        if not _stands_beside(text[before.end() : after.start()], text):
            if name in chain:
                break
            chain = []
            continue
        chain += [before[0], after[0]]
    if name not in chain:
        than = _THAN.search(text)
        chain = [than[1]] if name and than and could_be_name(than[1]) else []
    return tuple(one for one in dict.fromkeys(chain) if one != name)[:MOST]


def _stands_beside(between: str, text: str) -> bool:
    """Whether what is between two names joins them."""
    rest = _OWNED.sub("", between, count=1)
    joined = _BESIDE.fullmatch(rest)
    return bool(joined or (COMPARISON.search(text) and _COMPARED.fullmatch(rest)))
