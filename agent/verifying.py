"""Marks what a model claims without evidence: decided here, not by the model.

A paragraph or list item that states something of the cluster – a measure, a status, the name of an
object that a tool told of – and cites nothing is marked. Advice, questions and headings claim nothing.
"""

import re
from dataclasses import dataclass, field

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
    r"(?:please|then|now|you (?:can|may|should|could)|i (?:would|suggest|recommend)|to \w+|raise|increase"
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
_NAMED = re.compile(r'"name": "([a-z0-9][a-z0-9.-]{2,62})"')
# Names that sentences use as words.
EVERYDAY = frozenset(
    ["app", "default", "http", "https", "main", "metrics", "server", "system", "test", "web"]
)
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")


@dataclass(slots=True)
class Verifying:
    """Follows one answer as it streams. `names` are those that tools told of."""

    names: set[str] = field(default_factory=set[str])
    _block: str = ""
    _fenced: bool = False
    _advice: bool = False

    def learn(self, text: str) -> None:
        """The names of objects in a tool's structured result."""
        self.names.update(_NAMED.findall(text))
        self.names -= EVERYDAY

    def told(self, text: str, mark: str) -> str:
        """The text with `mark` behind each block in it that ends and claims without evidence."""
        *ended, rest = text.split("\n")
        lines = [line + self._at_break(line, mark) for line in ended]
        self._block += rest
        return "\n".join((*lines, rest))

    def rest(self, mark: str) -> str:
        """What to add to the last block, which no line break ends."""
        block, self._block = self._block, ""
        return self._marking(block, mark)

    def _at_break(self, line: str, mark: str) -> str:
        block, self._block = self._block + line, ""
        if _FENCE.match(block):
            self._fenced = not self._fenced
        elif not self._fenced and _HEADING.match(block):
            self._advice = bool(_ADVICE.search(block))
        elif _BULLET.match(block) or block.rstrip().endswith(_ENDS):
            return self._marking(block, mark)
        elif block.strip():
            self._block = f"{block} "  # a sentence that goes on in the next line
        return ""

    def _marking(self, block: str, mark: str) -> str:
        quiet = self._fenced or block.lstrip().startswith("|") or bool(_HEADING.match(block))
        return f" {mark}" if not quiet and self._claims(_BULLET.sub("", block)) else ""

    def _claims(self, block: str) -> bool:
        if MARK.search(block) or block.rstrip().endswith(("?", "？")):
            return False
        if self._advice or _ORDER.match(block) or _ADVICE.match(block.lstrip("*_")):
            return False
        named = any(name in self.names for name in _NAME.findall(block.lower()))
        return named or bool(_MEASURE.search(block) or _STATUS.search(block))
