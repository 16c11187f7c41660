"""Pure: a sentence without the words in it that do not say what is wanted.

A name may contain any word of the trade ("invoice-runner", "push-gateway"), and what happened
before ("after the maintenance") or what a broken thing is for ("the billing service is down")
says nothing about who shall answer.
"""

import re

from agent.lexicon.stopwords import STOPWORDS

COVER = "x"
# What is named only to say that it is not meant: "by slack and not by mail", "发钉钉，不要发邮件".
REJECTED = re.compile(
    r"(?:,\s*|\b(?:and|but)\s)?\b(?:not|don['’]?t|never|instead\sof|rather\sthan|no\slonger|except)\s[^,.;]*"
    r"|(?:而不是|不要|别|不用|不再)(?:再)?[^，。；,;]*"
)
HYPHENATED = re.compile(r"(?<![\w#@.-])[a-z][a-z0-9.]*(?:-[a-z0-9][a-z0-9.]*)+(?![\w-])")

_EVENTS = (
    r"(?:maintenance|drain(?:ing)?|upgrade|update|restart|reboot|rollout|roll\s?back|deploy(?:ment)?"
    r"|release|migration|failover|switch|move|change)"
)
_EVENTS_ZH = r"(?:维护|驱逐|排空|升级|更新|重启|发布|上线|部署|回滚|扩容|缩容|迁移|切换|变更)"
CIRCUMSTANCE = re.compile(
    rf"\b(?:before|during|ahead\sof|after|since|following|because\sof|due\sto)\s(?:(?:the|our|your|last|\w+'s|\w+)\s){{0,2}}{_EVENTS}\b"
    rf"|\b(?:did|has|(?<!you\s)(?<!we\s)could|does)\s(?:the\s|our\s|that\s)?{_EVENTS}\b"
    rf"|{_EVENTS_ZH}[^,，。;；?？!！]{{0,6}}?(?:以后|之后|过后|后)"
    rf"|{_EVENTS_ZH}(?:了|过|一下|好?几次|[一二两三\d]+次)*(?:也|都|还是?|仍)?\s?(?:没用|不管用|没效果|没有用|无效|不行|没好|不好使|解决不了|好不了)"
    rf"|{_EVENTS_ZH}(?=影响|导致|造成|引起|弄|搞)"
    rf"|{_EVENTS_ZH}了[^。;；?？!！]{{0,16}}?(?=还是|仍|依然|但|可是|却|又|也)"
    r"|被\s*(?:cordon|drain|(?!叫|呼|喊|通知|谁|什么|哪)[\u4e00-\u9fff]{2})"
)

# What a thing is for, right before the word that says what it is.
PURPOSE = re.compile(
    r"\b[a-z]+\s(?=(?:service|pods?|deployment|statefulset|daemonset|job|cronjob|container|app|server|worker|site|website|page|portal|queue|database|relay)\b)"
    r"|[\u4e00-\u9fff]{2,4}(?=(?:服务|系统|接口|程序|组件|模块|应用|容器|任务|进程|网关|站点|网站|平台|队列))"
)


def without_names(text: str) -> str:
    """Lower-case text in which every hyphenated name is covered; hyphenated English is not."""
    return HYPHENATED.sub(lambda found: found[0] if found[0] in STOPWORDS else COVER, text)


def without_circumstances(text: str) -> str:
    return CIRCUMSTANCE.sub(" ", text)


def without_purposes(text: str) -> str:
    return PURPOSE.sub(f"{COVER} ", text)


def without_rejected(text: str) -> str:
    """What is left without the alternatives that are named only to be ruled out; maybe nothing."""
    return REJECTED.sub(" ", text)
