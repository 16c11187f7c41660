"""Text inside data that speaks to an assistant. It is reported, and never obeyed."""

import hashlib
import re
from collections.abc import Iterator

from mcp_servers.engines.about_pods import key
from mcp_servers.engines.citing import LONGEST_TEXT
from mcp_servers.engines.ownership import top_owner
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity, Source
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource

SHOWN = 80

_WHAT = r"(?:instructions?|rules?|prompts?|context|guidelines?|messages?|orders?|directions?)"
_ORDERS = re.compile(
    r"(?:ignore|disregard|forget|override) (?:all |any |the |of |your |these |those ){0,3}"
    rf"(?:previous|prior|above|earlier|preceding|your) (?:\w+ )?{_WHAT}"
    r"|(?:ignore|disregard) (?:all |the |any |your )?(?:instructions|rules|guardrails|safeguards)"
    r"[,;:.! ]+(?:and |then |now )*(?:delete|drop|run|execute|scale|approve|reveal|call|exec)\b"
    r"|you are (?:now |no longer )?(?:an? |the )?(?:ai\b|assistant|language model|chatbot)"
    r"|(?:dear|hey|hello|attention|note to|instructions? (?:for|to)|message (?:for|to)) "
    r"(?:the |any |all )?(?:ai|llm|assistant|ai agent|language model|chatbot|midwatch)s?\b"
    r"|\b(?:ai|llm|assistant|ai agent)s?(?: reading this)?[,:] (?:please |now |you must |immediately )*"
    r"(?:delete|drop|run|execute|call|approve|reveal|print|show|scale|ignore|use)\b"
    r"|(?:reveal|print|show|repeat) (?:me )?(?:your|the) (?:system prompt|instructions|hidden prompt)"
    r"|<\|?(?:im_start|system|assistant)\|?>|\[/?(?:INST|SYSTEM)\]|\bBEGIN SYSTEM PROMPT\b"
    r"|(?:call|use|invoke|run) (?:the )?(?:tool )?(?:autofix|kubernetes|rca|alerting|channels)_\w+"
    r"|忽略(?:之前|以上|上述|先前|前面|所有)[^。\n]{0,8}(?:指令|指示|规则|提示|要求)"
    r"|你(?:现在)?是(?:一个)?(?:AI|人工智能|助手|语言模型)",
    re.IGNORECASE,
)
# A text without one of these is not looked at further.
_HINTS = (
    "ignor", "disregard", "forget", "overrid", "you are", "assistant", "llm", "ai agent", "ai,",
    "ai:", " ai", "prompt", "im_start", "[inst", "[/inst", "[system", "<system", "autofix_",
    "kubernetes_", "rca_", "alerting_", "channels_", "忽略", "你", "midwatch", "language model",
    "chatbot", "instruction",
)  # fmt: skip
# Our own manuals quote such lines to warn of them.
_OURS = "midwatch/documentation"


def _order_in(said: str) -> re.Match[str] | None:
    lower = said.lower()
    return _ORDERS.search(said) if any(hint in lower for hint in _HINTS) else None


def instructions(cluster: Cluster) -> Iterator[Finding]:
    """`sec.instruction_in_data`: orders, role play or tool names in logs, events and annotations."""
    yield from _in_logs(cluster)
    for event in cluster.ordered_events:
        if match := _order_in(event.message):
            about = cluster.get(event.about)
            resource = top_owner(cluster, about) if about else event.about
            where = event.uid or f"Event {event.about} {event.reason}"
            yield _finding(resource, event.about, Source.EVENT, where, event.message, match)
    for resource in cluster.resources:
        yield from _in_object(cluster, resource)


def _in_logs(cluster: Cluster) -> Iterator[Finding]:
    for log in cluster.logs:
        pod = cluster.get(log.pod)
        owner = top_owner(cluster, pod) if pod else log.pod
        where = f"{key(log.pod)}/{log.container}{' (previous)' if log.previous else ''}"
        for _, line in log.lines:
            if match := _order_in(line):
                yield _finding(owner, log.pod, Source.LOG, where, line, match)


def _in_object(cluster: Cluster, resource: Resource) -> Iterator[Finding]:
    if _OURS in resource.labels or _OURS in resource.annotations:
        return
    for name, value in sorted(resource.annotations.items()):
        match = _order_in(str(value))
        if match and name != "kubectl.kubernetes.io/last-applied-configuration":
            where = f"{resource.ref} .metadata.annotations[{name}]"
            owner = top_owner(cluster, resource)
            yield _finding(owner, resource.ref, Source.OBJECT, where, str(value), match)


def _finding(
    resource: Ref, seen_on: Ref, source: Source, where: str, said: str, match: re.Match[str]
) -> Finding:
    """The place, a hash and eighty escaped characters; never the order as it stands."""
    mark = hashlib.sha256(said.encode()).hexdigest()[:16]
    begin = max(0, match.start() - 10)
    shown = said[begin : begin + SHOWN].encode("unicode_escape").decode()[:LONGEST_TEXT]
    return Finding(
        rule="sec.instruction_in_data",
        severity=Severity.MEDIUM,
        confidence=Confidence.INFERRED,
        resource=resource,
        since=None,
        evidence=(Evidence(source, where, f"sha256 {mark}: «{shown}»"),),
        params={"where": where, "source": source.value, "hash": mark, "shown": shown},
        affected=(seen_on,),
        cause_key=source.value,
    )
