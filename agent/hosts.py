"""Pure: hosts in a sentence, mostly in the text of an error: where something was sent is not what it is about.

Nor is what a program writes in front of its lines ("E1130 02:11:09"), its type of an object ("*v1.Pod"), or what it
has inside (user "ledger").
"pallet-api gets connection refused from payments.shop.svc" is about pallet-api. Where nothing else is named, the
Service that an address inside the cluster belongs to is.
"""

import re

COVER = " X "
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
# What a Service is called inside the cluster; the last part may be left out.
_SERVICE = re.compile(
    rf"(?<![\w.-])({_LABEL})\.({_LABEL})\.svc(?:\.[a-z0-9.-]+)?(?![\w-])", re.IGNORECASE
)
_BEHIND = r"(?::\d+)?(?:/[^\s,;，；。'\"`)）]*)?"
_HOST = re.compile(
    rf"\b[a-z][a-z0-9+]*://[^\s,;，；。'\"`)）]+|{_SERVICE.pattern}{_BEHIND}"
    rf"|(?<![\w.@-])(?:{_LABEL}\.)+(?:com|net|org|io|dev|app|cloud|cn|co|local|internal|example|amazonaws)(?![\w-]){_BEHIND}"
    rf"|\b[eiwf]\d{{4}}\s(?=\d\d:\d\d:\d\d)|\*?\bv\d(?:(?:alpha|beta)\d)?\.[a-z]+\b"
    rf"|(?<![\w.])\d{{1,3}}(?:\.\d{{1,3}}){{3}}{_BEHIND}",
    re.IGNORECASE,
)


# What is quoted behind a word for what programs have inside: user "ledger", key 'region'.
_INNER = re.compile(
    r"\b((?:user|role|key|table|database|field|column|relation|topic|file|host|path|schema|bucket|queue|variable)\s)[`'\"“‘][^`'\"”’]{1,60}[`'\"”’]",
    re.IGNORECASE,
)


# How a kubelet says what it could not mount: the volume and its source are parts of the pod.
_MOUNTING = re.compile(
    r"for volume [\"'][^\"']+[\"']\s?:(?:[^,;]*?\bnot found\b|[^,;]*)", re.IGNORECASE
)


def without_hosts(message: str) -> str:
    """The message with every address in it covered: no part of one is a name or a place."""
    message = _HOST.sub(COVER, message) if "." in message or ":" in message else message
    message = _MOUNTING.sub(COVER, message) if "volume" in message else message
    return _INNER.sub(rf"\1{COVER}", message)


def service_of(message: str) -> tuple[str, str]:
    """The Service and the namespace of the one address in the cluster that is told; two "" for none or more."""
    told = {(one[1].lower(), one[2].lower()) for one in _SERVICE.finditer(message)}
    return told.pop() if len(told) == 1 else ("", "")
