"""Marks what a model claims without evidence: decided here, not by the model.

A paragraph or list item that states something of the cluster – a measure, a status, the name of an
object that a tool told of – and cites nothing is marked. Advice, questions and headings claim nothing.
What says that the assistant itself changed something is marked, cited or not, unless a tool did report a change.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from agent.addresses import Text

MARK = re.compile(r"\[\d{1,3}\]")
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_HEADING = re.compile(r"^\s*(?:#{1,6}\s|\*\*[^*]+\*\*\s*[:：]?\s*$|[^.。!?！？]{1,40}[:：]\s*$)")
_BULLET = re.compile(r"^\s*(?:[-*+]|\d+[.)、])\s*")
# Where advice begins, and what an item of it begins with.
_ADVICE = re.compile(
    r"recommend|next|suggest|advice|fix\b|action|remed|how to|what to do|if you|建议|下一步|修复|推荐|处理|如何",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"(?:please|then|now|you (?:can|may|should|could)|i (?:can|could|will|would|suggest|recommend)|to \w+|raise|increase"
    r"|lower|reduce|set|roll|restart|check|run|scale|revert|use|try|verify|consider|add|remove|update"
    r"|change|look|ask|see|wait|make|if)\b|(?:请|可以|可|应|需要|先|再|尝试|考虑|检查|把|将)",
    re.IGNORECASE,
)
# A measure with its unit, or a status as Kubernetes spells it.
_MEASURE = re.compile(
    r"\d(?:[\d.,]*\d)?\s?(?:%|[KMGT]i?B?\b|m?s\b|min\b|h\b|restarts?\b|pods?\b|replicas?\b|times\b|"
    r"errors?\b|requests?\b|cores?\b|次|个|秒|分钟|小时|毫秒)"
)
_STATUS = re.compile(
    r"\b(?:OOMKilled|Evicted|Pending|Running|Failed|Succeeded|NotReady|Ready|Healthy|Unhealthy|Degraded"
    r"|[A-Z][a-z]+(?:[A-Z][A-Za-z]+)+)\b"
)
# How a sentence ends, with the quote or emphasis around it.
_ENDS = tuple(
    end + close for end in ".!?;。！？；" for close in ("", "*", "**", "`", '"', ")", "”", "）")
)
# What only somebody says who has done it.
_DONE = (
    r"restarted|scaled|rolled|deleted|removed|applied|patched|fixed|repaired|updated|changed|increased|raised"
    r"|lowered|reduced|silenced|muted|cordoned|uncordoned|drained|evicted|killed|created|restored|reverted"
    r"|undone|undid|approved|resolved|rebooted|redeployed|bumped|set"
)
_DONE_ZH = (
    "重启|扩容|缩容|回滚|删除|删掉|移除|修复|修改|应用|执行|静默|屏蔽|驱逐|排空|调整|更新|创建|批准|恢复"
    "|调大|调小|调高|调低|改成|改为|设为"
)
_ACTED = re.compile(
    rf"\b(?:I|we)(?:['’]ve|\s+have)?(?:\s+(?:just|already|now|also|successfully|then))*\s+(?:{_DONE})\b"
    rf"|\b(?:has|have) (?:now |just |been |successfully )+(?:{_DONE})\b(?=.*\b(?:as you asked|for you|by me)\b)"
    rf"|^\W*(?:done|all done)\b|^\W*successfully (?:{_DONE})\b"
    rf"|(?:我们?(?:已经?|刚刚?|刚才)|已经?(?:为|帮|替)(?:您|你|大家)|已经?成功|成功(?:地|将|把))[^。，；!?！？]{{0,24}}?(?:{_DONE_ZH})"
    rf"|我们?(?:把|给|帮)[^。，；!?！？]{{1,24}}?(?:{_DONE_ZH})[^。，；!?！？]{{0,16}}(?:了|完成|成功|完毕)"
    r"|^\W*(?:已完成|操作成功|搞定|(?:修复|变更|修改|回滚|重启|扩容)(?:已|已经)(?:完成|生效|执行|应用))",
    re.IGNORECASE | re.DOTALL,
)
# What was not done, or may be.
_NOT_ACTED = re.compile(
    r"\b(?:not|never|n['’]t|no|if|would|could|can|will|shall|once|after|before|when|until)\b"
    r"|没有|没能|未|不会|不能|如果|若|可以|将会|之后|是否|需要",
    re.IGNORECASE,
)
# The records of changes, as the tool server names them.
_RECORD = re.compile(r"\bchg-[0-9a-f]{12}\b")
_NAMED = re.compile(r'"name": "([a-z0-9][a-z0-9.-]{2,62})"')
# Names that sentences use as words.
EVERYDAY = frozenset(
    ["app", "default", "http", "https", "main", "metrics", "server", "system", "test", "web"]
)
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")


class Marks(NamedTuple):
    """What is put behind a claim without evidence, and behind a change that nobody made."""

    uncited: str
    unmade: str


@dataclass(slots=True)
class Verifying:
    """Follows one answer as it streams. `names` are those that tools told of.

    `changed`: a tool reported that it changed something, or told of a change that was made. What tools
    told is read when a claim is to be judged by it; most answers cite all they claim.
    """

    names: set[str] = field(default_factory=set[str])
    changed: bool = False
    elder: "Verifying | None" = None  # whose names these are
    _block: str = ""
    _fenced: bool = False
    _advice: bool = False
    _unread: list[Text] = field(default_factory=list[Text])

    def learn(self, text: Text) -> None:
        """The names of objects in a tool's structured result."""
        self._unread.append(text)

    def read(self) -> Self:
        """Take in what was learned since."""
        if self.elder:
            self.elder.read()
        for one in self._unread:
            text = one if isinstance(one, str) else one()
            self.names.update(_NAMED.findall(text))
            self.changed = self.changed or bool(_RECORD.search(text))
        self.names -= EVERYDAY
        self._unread.clear()
        return self

    def told(self, text: str, marks: Marks) -> str:
        """The text with a mark behind each block in it that ends and claims without evidence."""
        *ended, rest = text.split("\n")
        lines = [line + self._at_break(line, marks) for line in ended]
        self._block += rest
        return "\n".join((*lines, rest))

    def rest(self, marks: Marks) -> str:
        """What to add to the last block, which no line break ends."""
        block, self._block = self._block, ""
        return self._marking(block, marks)

    def _at_break(self, line: str, marks: Marks) -> str:
        block, self._block = self._block + line, ""
        if _FENCE.match(block):
            self._fenced = not self._fenced
        elif not self._fenced and _HEADING.match(block):
            self._advice = bool(_ADVICE.search(block))
        elif _BULLET.match(block) or block.rstrip().endswith(_ENDS):
            return self._marking(block, marks)
        elif block.strip():
            self._block = f"{block} "  # a sentence that goes on in the next line
        return ""

    def _marking(self, block: str, marks: Marks) -> str:
        if self._fenced or block.lstrip().startswith("|") or _HEADING.match(block):
            return ""
        if _says_it_acted(block) and not self.read().changed:
            return f" {marks.unmade}"
        return f" {marks.uncited}" if self._claims(_BULLET.sub("", block)) else ""

    def _claims(self, block: str) -> bool:
        if MARK.search(block) or block.rstrip().endswith(("?", "？")):
            return False
        if self._advice or _ORDER.match(block) or _ADVICE.match(block.lstrip("*_")):
            return False
        if _MEASURE.search(block) or _STATUS.search(block):
            return True
        names = self.read().names
        return any(name in names for name in _NAME.findall(block.lower()))


def _says_it_acted(block: str) -> bool:
    """In one of its sentences, without a not or an if in it."""
    sentences = re.split(r"(?<=[.!?])\s|[。！？\n]", _BULLET.sub("", block))
    return any(_ACTED.search(one) and not _NOT_ACTED.search(one) for one in sentences if one)
