"""Pure: whether the grammar of a sentence orders a change: what is ruled out, and amounts that are set."""

import re

from agent.counting import count_ordered
from agent.sizing import is_amount_set, sets_amounts

# What is ordered where an order is meant, and ruled out where one is forbidden.
_DONE = (
    r"(?:re-?start|reboot|bounce|kick|re-?deploy|re-?cycle|roll(?:ing)?\s?back|revert|undo|scale|resize|fix|repair|touch|change"
    r"|modify|apply|execute|run|carry\sout|do|delete|kill|remove|drain|evict|cordon|uncordon|patch|edit|bump|raise|increase|lower|reduce)"
)
_DONE_ZH = (
    r"(?:重启|重新启动|重新部署|重跑|回滚|回退|撤销|扩容|缩容|扩|缩|排空|驱逐|封锁|封|删除?|杀|动|改|修复?|执行|应用|操作|调大|调小|加|减"
    rf"|{_DONE}\b)"
)
# "Don't restart it", "without restarting", "no need to roll back", "别急着重启": up to the end of that clause.
_RULED_OUT = re.compile(
    rf"\b(?:do\snot|don['’]?t|dont|never|no\sneed\sto|not\sgoing\sto|not\s(?:yet\s)?(?:to\s)?(?={_DONE}\b)|must\snot|mustn['’]?t|should\snot|shouldn['’]?t)"
    rf"\s?(?:\w+ly\s|just\s|yet\s|ever\s|try\sto\s|go\sand\s|dare\s(?:to\s)?|you\s(?:dare\s)?){{0,2}}(?:be\s)?{_DONE}(?:e?d|ped|ted|ing|ping)?\b"
    r"[^,.;:!?，。；：！？]*?(?=[,.;:!?，。；：！？]|\s(?:but|just|only|tell|show|and\s(?:tell|just|show))\b|$)"
    r"|\b(?:without|instead\sof|rather\sthan|before\s(?:you|we|i|anyone|anybody))\s(?:\w+\s){0,2}?"
    r"(?:re-?start|reboot|bounc|roll|revert|undo|scal|resiz|fix|repair|touch|chang|modify|apply|execut|run|delet|kill|remov|drain|evict|cordon|patch|edit|do)\w*[^,.;:!?，。；]*"
    rf"|(?:(?:什么|啥|谁)都|暂时|先|千万|可|都|也|请)*(?:别|不要|不用|不必|不许|勿|无需|甭|不需要?)(?:先|急着|着急|随便|乱|马上|直接|自己|自动|擅自|再|去|给我|把[^，。]{{1,30}}?|给[^，。]{{1,30}}?|对[^，。]{{1,30}}?)*\s?{_DONE_ZH}[^，。；,;！!？?]*"
)
# "Don't silence it, tell me why it fires"; "别静默了" ends one.
_SILENCE_RULED_OUT = re.compile(
    r"\b(?:do\snot|don['’]?t|dont|never|no\sneed\sto|without)\s(?:silenc\w+|mut(?:e|ing)|snooz\w+|suppress\w*)\b[^,.;:!?，。；：！？]*"
    r"|(?:先|千万)?(?:别|不要|不用|不必|无需)(?:急着|再|先|把[^，。]{1,20}?)*\s?(?:静默|静音|屏蔽|mute|silence)(?!了)[^,，。；;！!？?]*"
)
# What asks, or is about alerts and money, wherever it stands; and what tells of an amount beside it.
_ASKS = re.compile(
    r"^\W*(?:can|could|will|would|do|does|did|is|are|has|have)\s(?!(?:you|we|i|some\s?(?:one|body)|any\s?(?:one|body)|midwatch)\b)|\b(?:why|how|what|which|who|when|if|once|whenever|would|cost\w*|spend\w*|budgets?|save|cheaper|alert\w*|thresholds?|notify|tell)\b"
    r"|[?？吗么呢]|为什么|为何|为啥|怎么|多少|哪|如果|要是|假如|万一|告警|报警|通知|提醒|预算|费用|成本|花|贵|省"
)
_TELLS = re.compile(
    r"\b(?:is|are|was|were|has|have|had|went|goes|did|does|since|exceeds?|drops|tops|hits|passes|above|below|reach\w*)\b"
    r"|了\s*\W*$|以上|以下|用到|用了|占|超过|低于|高于|达到"
)
_CLAUSE = re.compile(r"[,，;；。]\s*(?!\d)|[.!]\s")
# "Did someone scale it down", "有人把它缩容了吗": whether it was done is asked, and nothing is ordered.
_OF_SOMEBODY = re.compile(
    rf"\b(?:did|has|have)\s(?:any|some)\s?(?:one|body)\s(?:\w+\s)?{_DONE}(?:e?d|ped|ted|n)?\b[^,.;!]*"
    rf"|(?:有(?:没有)?人|有谁|被(?:谁|人))[^，。；;]{{0,24}}?{_DONE_ZH}[^，。；;]{{0,10}}?[了过][^，。；;]*"
    rf"|{_DONE_ZH}[^，。；;]{{0,4}}?过\s?[吗么没][^，。；;]*"
)
_POLITE = re.compile(r"^\W*(?:can|could|would|will)\s(?:you|we|i)\b[^?？]*[?？]?\W*$")


def without_ruled_out(text: str) -> str:
    """Lower-case text without what it forbids or puts off: no order is heard in "don't restart it"."""
    return _RULED_OUT.sub(" ", text)


def without_deeds(text: str) -> str:
    """The same without what somebody is asked to have done: "did anyone restart it"."""
    return _OF_SOMEBODY.sub(" ", text)


def without_ruled_out_silence(text: str) -> str:
    """The same of silences."""
    return _SILENCE_RULED_OUT.sub(" ", text)


def orders_amount(text: str) -> bool:
    """Whether a lower-case sentence sets CPU, memory or a count of replicas, and neither tells nor asks of it."""
    if _POLITE.match(text):
        text = re.sub(r"^\W*(?:can|could|would|will)\s(?:you|we|i)\b|[?？]", " ", text)
    if _ASKS.search(text) or not (sets_amounts(text) or count_ordered(text)):
        return False
    clauses = [one for one in _CLAUSE.split(text) if is_amount_set(one) or count_ordered(one)]
    return any(not _TELLS.search(one) for one in clauses)
