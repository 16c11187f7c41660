"""Pure: how many pods more a question wants room for: "can the cluster take another 20 pods of web"."""

import re

from agent.numerals import COUNT, number_of

_PODS = r"(?:pods?|replicas?|instances?|copies|copy)"
_COMING = re.compile(
    rf"\banother\s(?P<some>{COUNT})?\s?(?:[\w-]+\s)?{_PODS}\b"
    rf"|\b(?P<more>{COUNT})\s(?:more\s|extra\s|additional\s)(?:[\w-]+\s)?{_PODS}\b"
    rf"|\b(?:take|hold|fit)\s(?P<taken>{COUNT})\s(?:[\w-]+\s)?{_PODS}\b"
    rf"|(?:再|多|新增|增加)[加放跑来起开]?\s*(?P<zh>{COUNT})\s*个?\s*[\w-]*\s*的?\s*(?:pods?|副本|实例)"
)
_ROOM = re.compile(
    r"\b(?:fits?|room|space|take|hold|handle|placed?|schedul\w+|enough)\b"
    r"|[放装容塞]\s?得下|[放装容塞]\s?不\s?下|能再?[放装容塞跑]|够|空间|承[受载]"
)


def pods_to_come(words: str) -> int | None:
    """So many pods that would come, of a lower-case question; None where it asks for no room."""
    found = _COMING.search(words) if _ROOM.search(words) else None
    if not found:
        return None
    told = next((one for one in found.groups() if one), "")
    return number_of(told) if told else 1
