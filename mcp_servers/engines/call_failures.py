"""Log lines in which a program could not reach, or not find, another host."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mcp_servers.engines.log_entries import NO_POSITION, level_in

# A host is a name of letters, digits, dots and dashes, or an IPv4 address.
_HOST = r"(?P<host>[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9_-]+)*)"
_URL = re.compile(
    rf"\b(?:https?|grpc|tcp|redis|amqp|postgres(?:ql)?|mysql|mongodb|nats|kafka)s?://(?:[^@/\s\"]*@)?{_HOST}(?::(?P<port>\d+))?",
    re.IGNORECASE,
)
_ADDRESS = re.compile(rf"(?<![\w.:/@-]){_HOST}:(?P<port>\d{{2,5}})(?!:?\d)")
_NAMED = re.compile(
    rf"\bhost(?:name)?[=:\s]+[\"'(]?{_HOST}[\"')]?[^\n]{{0,60}}?\bport[=:\s]+[\"']?(?P<port>\d+)",
    re.IGNORECASE,
)
_SERVER_AT = re.compile(rf"server at [\"']{_HOST}[\"'](?: \([^)]*\))?, port (?P<port>\d+)")
# A name with the address it resolved to, as Java's networking prints it.
_RESOLVED = re.compile(
    rf"(?<![\w./-]){_HOST}/(?:\d+\.\d+\.\d+\.\d+|\[[\da-fA-F:]+\]):(?P<port>\d{{2,5}})(?!\d)"
)
_UNNAMED = re.compile(r"(?<=[\s(:])/(?P<host>\d+\.\d+\.\d+\.\d+):(?P<port>\d{2,5})(?!\d)")
_ON_PORT = re.compile(rf"(?:host|server|to) [\"']{_HOST}[\"'][^\n]{{0,80}}?port (?P<port>\d+)")

_REFUSED = re.compile(
    r"connection (?:to \S{1,80} )?(?:was )?refused|ECONNREFUSED|no route to host|EHOSTUNREACH|network is unreachable"
    r"|connection reset|ECONNRESET|failed to connect|could not connect|cannot connect"
    r"|unable to connect|max retries exceeded|no healthy upstream|upstream connect error"
    r"|connect(?:ion)? (?:attempt )?failed|broken pipe|unexpected EOF|socket hang up"
    r"|连接(?:被|遭到?)?拒绝|拒绝连接|无法连接|连接不上|连接失败|连接(?:被)?重置|连接(?:被)?断开|网络不可达",
    re.IGNORECASE,
)
_TIMED_OUT = re.compile(
    r"i/o timeout|ETIMEDOUT|(?:connect(?:ion)?|read|dial|request|upstream|call|socket) ?timed? ?out"
    r"|timeout (?:exceeded|awaiting|while|waiting|calling|connecting)|context deadline exceeded"
    r"|deadline ?exceeded|timed out|(?:连接|请求|调用|响应|读取|访问|查询).{0,6}超时|超时(?:未响应|无响应)",
    re.IGNORECASE,
)
_UNAVAILABLE = re.compile(
    rf"{NO_POSITION}\b50[234]\b(?! ?ms)|service unavailable|bad gateway|gateway time-?out|code = unavailable"
    r"|\bUNAVAILABLE\b|unreachable|服务不可用|网关(?:错误|超时)",
    re.IGNORECASE,
)
_ANSWERED = re.compile(
    r"(?:error|fail(?:ed|ure|s)?|exception|unable|cannot|could not|gave up)\b.*?://|://\S+.*?"
    r"(?:->|=>|:|returned|responded|answered|replied|got|failed|status)\W*(?:with )?(?:status|code|http)?\W*50[234]",
    re.IGNORECASE,
)
_SERVED = re.compile(
    r"\bHTTP/\d(?:\.\d)?\"|\"(?:remote_addr|client_ip|user_agent)\"|remote_addr=|\bserved\b"
)
_NOT_A_FAILURE = re.compile(
    r"listening|started server|serving (?:on|at)|recovered|reconnected"
    # Whoever called went away: that is theirs.
    r"|(?:from|to) (?:the )?client\b|reading client request|client (?:closed|disconnected|aborted)"
    r"|downstream (?:remote )?(?:disconnect|reset)",
    re.IGNORECASE,
)

_UNRESOLVED = re.compile(
    r"no such host|NXDOMAIN|name or service not known|SERVFAIL|server misbehaving|ENOTFOUND|EAI_AGAIN"
    r"|temporary failure in name resolution|could not translate host name|host not found"
    r"|UnknownHostException|getaddrinfo failed|could not resolve|nodename nor servname"
    r"|name resolution (?:failed|failure)|no address associated"
    r"|lookup \S+(?: on \S+:53)?: (?:read|write|dial) \w+|dns lookup (?:failed|timed? ?out)"
    r"|域名解析失败|无法解析(?:主机|域名)|未知(?:的)?主机|找不到主机",
    re.IGNORECASE,
)
_NAMES = tuple(
    re.compile(shape, re.IGNORECASE)
    for shape in (
        rf"lookup {_HOST}[ :]",
        rf"(?:ENOTFOUND|EAI_AGAIN) {_HOST}",
        rf"host name [\"']{_HOST}[\"']",
        rf"not found in upstream [\"']{_HOST}",
        rf"UnknownHostException: {_HOST}",
        rf"(?:could not resolve|cannot resolve|failed to resolve)(?: host(?:name)?)?:? [\"']?{_HOST}",
        rf"host=[\"']{_HOST}[\"']",
        rf"for [\"']?{_HOST}[\"']?: (?:no such host|NXDOMAIN|SERVFAIL)",
        rf"(?:解析失败|无法解析(?:主机|域名)|未知(?:的)?主机|找不到主机)名?\s*[：:]?\s*[\"'“]?{_HOST}",
    )
)
# Itself, not another host; 0.0.0.0 is what servers print when they listen.
_SELF = re.compile(r"localhost|127\.[\d.]+|0\.0\.0\.0|::1", re.IGNORECASE)
# What stands before a colon and digits without being a host: times, files, counters.
_NO_HOST = re.compile(
    r"\d{1,4}|\d{4}-\d\d-\d\dT?\d*|.+\.(?:go|py|js|ts|java|rb|rs|cc?|cpp|php|kt)"
    r"|status|code|errno|error|line|pid|port|id|count|latency|took|duration|retry|attempt|exit|thread",
    re.IGNORECASE,
)
# A line without one of these is not looked at further; most lines have none.
_HINTS = (
    "refused", "unreach", "route to host", "reset", "connect", "retries", "upstream", "eof",
    "hang up", "pipe", "timeout", "timed", "deadline", "502", "503", "504", "unavailable",
    "gateway", "host", "nxdomain", "not known", "servfail", "misbehaving", "enotfound", "eai_",
    "resol", "lookup", "getaddrinfo", "no address", "nodename", "连接", "超时", "不可", "解析", "主机", "网关",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a line was calling. `port` is "" when the line does not say."""

    host: str
    port: str

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" if self.port else self.host


def may_tell_of_a_failed_call(line: str) -> bool:
    """A cheap look that lets most lines go."""
    lower = line.lower()
    return any(hint in lower for hint in _HINTS)


def kind_of_failure(line: str) -> str:
    """refused | timeout | unavailable, or "" when the line tells of no failed call."""
    if _NOT_A_FAILURE.search(line) or _UNRESOLVED.search(line) or level_in(line) == "debug":
        return ""
    if _REFUSED.search(line):
        return "refused"
    if _TIMED_OUT.search(line):
        return "timeout"
    return "unavailable" if _UNAVAILABLE.search(line) else ""


def is_outgoing(line: str) -> bool:
    """Whether the line complains of an answer that the program itself got: a server's own record of
    requests names hosts and statuses too."""
    return bool(_ANSWERED.search(line)) and not _SERVED.search(line)


def targets(line: str) -> list[Target]:
    """The hosts a line names with a port or scheme, each once, loopback left out."""
    found = dict.fromkeys(_targets(line))
    named = {one.host for one in found if one.port}
    return [one for one in found if one.port or one.host not in named]


def _targets(line: str) -> Iterator[Target]:
    for shape in (_SERVER_AT, _NAMED, _ON_PORT, _RESOLVED, _UNNAMED, _URL, _ADDRESS):
        for match in shape.finditer(line):
            host = match["host"].rstrip(".")
            if not _SELF.fullmatch(host) and not _NO_HOST.fullmatch(host):
                yield Target(host, match["port"] or "")


def words_of(line: str) -> frozenset[str]:
    """The words of a line that could be a host's name."""
    return frozenset(re.findall(r"[a-z0-9][a-z0-9.-]*[a-z0-9]", line.lower()))


def unresolved_name(line: str) -> str:
    """The name that name resolution failed for; "" when the line tells of no such failure."""
    if not _UNRESOLVED.search(line):
        return ""
    for shape in _NAMES:
        if match := shape.search(line):
            return match["host"].rstrip(".")
    named = targets(line)
    return named[0].host if named else ""
