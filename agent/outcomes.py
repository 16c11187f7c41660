"""Pure: whether a message asks what became of a change, or orders that none be made any more."""

import re

# "is it done?", "did that work?", "how did it go?", "is it verified now", "any news?", "status?"
_ENGLISH = re.compile(
    r"^\W*(?:(?:and|so|ok(?:ay)?|well|now)\W+)*(?:"
    r"(?:is|was|are|has|have)\s(?:it|that|this|they|the\s(?:change|fix|repair|rollback|restart|rehearsal|rollout))"
    r"(?:\sbeen)?(?:\sall)?(?:\s(?:now|already|yet))?"
    r"\s(?:done|finished|over|through|complete[d]?|verified|ready|applied|fixed|ok(?:ay)?|good|well|successful|ended|gone|taken\sback|rolled\sback)"
    r"|(?:did|has|does)\s(?:it|that|this|the\s(?:change|fix|repair|rollback))\s(?:work|help|hold|succeed|go|end|finish|fail)\w*"
    r"|(?:is\sit|are\s(?:you|we|they))\s(?:done|there|finished|through)"
    r"|how\s(?:did|does|is|was)\s(?:it|that|this|the\s(?:change|fix|repair|rollback))(?:\s(?:go|going|end|turn\sout|look|doing|stand))*"
    r"|what(?:'s|\sis|\sbecame|\shas\sbecome|\shappened)\s?(?:of|with|to)?\s(?:it|that|this|the\s(?:change|fix|repair|status|result|outcome))(?:\sof\s(?:it|that|this|the\s(?:change|fix)))?"
    r"|any\s(?:news|result|progress|update)s?|(?:status|result|outcome|progress|done|finished|verified|fixed)"
    r"|(?:how\smuch\slonger|how\slong\s(?:will\sit|does\sit|until\sit\sis|to\sgo))(?:\stake|\sdone|\sstill)*"
    r")(?:\s(?:now|yet|already|so\sfar|then|well))*\W*$"
)
_CHINESE = re.compile(
    r"^\W*(?:那|现在|这个|那个|刚才的?|它|变更|改动|修复|回滚|重启|演练|都|已经|有没有|是不是|是否)*"
    r"(?:(?:好|完成|做完|搞定|结束|成功|生效|修好|修复|恢复|验证|通过|执行完|改好|改完|回滚完|跑完|行|完)(?:成|过)?(?:了)?(?:吗|没有|没|么|不)"
    r"|(?:结果|进展|进度|状态|情况)(?:呢|如何|怎么?样|是什么|怎样)?(?:了)?|(?:怎么样|怎样|如何|咋样)了?|还(?:要|需要?)(?:多久|多长时间)|有(?:结果|进展)(?:了)?(?:吗|没)?)"
    r"\W*$"
)


def asks_how_it_went(message: str) -> bool:
    """Whether nothing else is asked than what became of it: "is it done?", "好了吗"."""
    text = message.lower().strip()
    return bool(_ENGLISH.match(text) or _CHINESE.match(text))


# "Did the fix for web work?", "web 的修复有效果吗": with the thing that was mended.
_OF_A_FIX = re.compile(
    r"^\W*(?:did|has|have|does)\s(?:the|your|that|our)\s(?:\w+\s)?(?:fix|repair|remediation|rollback|restart)\s(?:for|of|on|to)\s\S+\s(?:\w+\s)?(?:work|help|hold|succeed|go\sthrough|take|stick)\w*(?:\s(?:out|so\sfar|yet))?\W*$"
    r"|^\W*did\s(?:the|your|that|our)\s(?:fix|repair|remediation|roll\s?back|restart)\s(?:\w+\s)?(?:work|help|hold|succeed|go\sthrough|take|stick)\w*(?:\s(?:out|so\sfar|yet))?\W*$"
    r"|^\W*(?:is|was|has|have)\s(?:the|your|that|our)\s(?:\w+\s)?(?:fix|repair|remediation|rollback|restart)\s(?:for|of|on|to)\s\S+\s(?:\w+\s)?(?:success\w*|done|finished|complete\w*|ok(?:ay)?|through|verified|appl\w+|work\w+|help\w+)(?:\s(?:out|so\sfar|yet|now|already))?\W*$"
    r"|的?\s*(?:修复|回滚|修理)(?:之?后)?\s?(?:有(?:没有)?(?:效果?|用)|生效|见效|管用|成功)(?:了)?(?:吗|没有?|么)?\W*$"
)


def asks_how_a_fix_went(message: str) -> bool:
    """Whether it asks what became of the change to something it names."""
    return bool(_OF_A_FIX.search(message.lower().strip()))


# All of it, at once: "stop all changes", "freeze all writes", "停止一切变更".
_STOPPING = re.compile(
    r"^\W*(?:(?:please|now|emergency)\W+)*(?:stop|halt|freeze|block)\s(?:all|any|every|making|writing)\s?(?:\w+\s){0,3}?(?:chang\w*|writ\w*|fix\w*|repair\w*|autofix)\b[^?]*$"
    r"|^\W*(?:请|立即|马上|立刻|紧急)*(?:停止|停掉|禁止|冻结|暂停)(?:一切|所有|全部|任何)(?:的)?(?:变更|修改|改动|写入|修复|写操作)[^?？]*$"
)


def asks_to_stop(message: str) -> bool:
    """Whether it orders that nothing at all be changed from now on."""
    return bool(_STOPPING.match(message.lower().strip()))
