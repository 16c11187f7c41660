"""Programs refused by those they depend on: for their credentials, or because something ran out."""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod, key
from mcp_servers.engines.call_failures import kind_of_failure, targets
from mcp_servers.engines.claims import claims_of
from mcp_servers.engines.config_references import references
from mcp_servers.engines.endpoints import Addresses
from mcp_servers.engines.log_entries import NO_POSITION
from mcp_servers.engines.log_signals import Line, Speaker, died_of_it, lately, speakers
from mcp_servers.facts.findings import Confidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster

FEWEST_LINES = 3
DIED_WITHIN = timedelta(seconds=30)
SPIKE = timedelta(minutes=1)

# Words that only a client of another system writes.
_REFUSED = re.compile(
    r"password authentication failed|access denied for user|authentication failed|auth(?:entication)? fail"
    r"|WRONGPASS|NOAUTH|invalid (?:username|user name|credentials|api[ _-]?key|access[ _-]?key|client secret)"
    r"|login failed for user|ORA-01017|SASL .*fail|InvalidAccessKeyId|SignatureDoesNotMatch"
    r"|Authentication ?Failed|bad credentials|token (?:is )?(?:expired|invalid)|invalid[_ ]token|invalid_grant"
    r"|ACCESS_REFUSED|(?:认证|鉴权|身份验证|登录校验)失败|(?:密码|密钥|凭证|令牌)(?:错误|无效|已?过期|不正确)|(?:token|jwt|assertion|signature)\b.{0,60}(?:used before issued|not (?:yet )?valid|issued in the future"
    r"|too far in the (?:future|past)|rejected)|RequestTimeTooSkewed|clock skew",
    re.IGNORECASE,
)
_UNAUTHORISED = re.compile(rf"{NO_POSITION}\b401\b|unauthorized|unauthenticated", re.IGNORECASE)
# Requests that somebody else made to us are that person's passwords, not ours.
_INBOUND = re.compile(
    r"\b(?:POST|GET|PUT) /[\w/-]*(?:login|signin|session|auth|token)|remote_addr|client_ip|from \d+\.\d+\.\d+\.\d+"
    r"|user(?:name)?[=:]\s*[\"']?[\w.@-]+[\"']? (?:failed|login)",
    re.IGNORECASE,
)
_USER = re.compile(r"(?:for user|user(?:name)?[=:])\s*[\"'`]?([\w.@-]+)", re.IGNORECASE)

_EXHAUSTED: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "connection pool",
        re.compile(
            r"pool (?:is )?(?:exhausted|full|limit|timeout)|exhausted .{0,20}pool|QueuePool limit"
            r"|timeout (?:acquiring|waiting for|getting).{0,30}(?:connection|pool)|HikariPool.*not available"
            r"|no (?:free|available|idle) connections?|连接池.{0,6}(?:耗尽|已满|用尽|不足)|pool.{0,20}\b(\d+)/\1\b|waiting for (?:a )?connection(?! \(Client\.).{0,20}timed? ?out",
            re.IGNORECASE,
        ),
    ),
    (
        "connections",
        re.compile(
            r"too many (?:clients|connections)|remaining connection slots|max(?:imum)? (?:number of )?(?:clients|connections) reached|连接数.{0,6}(?:过多|超限|上限|已满)",
            re.IGNORECASE,
        ),
    ),
    ("file descriptors", re.compile(r"too many open files|EMFILE|ENFILE", re.IGNORECASE)),
    (
        "disk space",
        re.compile(
            r"no space left on device|ENOSPC|EDQUOT|disk quota exceeded|disk (?:is )?full|low on disk"
            r"|disk (?:resource )?limit alarm|flood.?stage (?:disk )?watermark|index_create_block|read-only-allow-delete|磁盘(?:空间)?(?:已满|不足)",
            re.IGNORECASE,
        ),
    ),
    (
        "memory",
        re.compile(
            r"OOM command not allowed|used memory > 'maxmemory'|memory (?:resource )?limit alarm|low on memory"
            r"|perhaps out of memory|worker\b.{0,60}(?:signal:? ?9\b|SIGKILL)",
            re.IGNORECASE,
        ),
    ),
    (
        "threads",
        re.compile(
            r"unable to create (?:new )?(?:native )?thread|thread ?pool.{0,20}(?:exhausted|full|rejected)|RejectedExecutionException|can't start new thread|EAGAIN.*fork",
            re.IGNORECASE,
        ),
    ),
    (
        "rate limit",
        re.compile(
            rf"(?:status|code|http|returned|responded|answered|->|:)[\s=:\"']*{NO_POSITION}429\b(?! ?ms|/)|too many requests|请求过于频繁|触发限流|被限流|rate limit(?:ed| exceeded| reached)?|throttl(?:ed|ing)",
            re.IGNORECASE,
        ),
    ),
    (
        "heap memory",
        re.compile(r"java\.lang\.OutOfMemoryError|JavaScript heap out of memory|MemoryError\b"),
    ),
)
# An answer that is quoted: what it says ran out did so on the other side. Only of these is that told
# by the other side in its own words too.
_QUOTED_ANSWER = re.compile(
    r"response(?: body)?[\"']?\s*[:=]|\"status\"\s*:\s*[45]\d\d|status(?: ?code)?[=: ]+\d{3}\b"
    r"|\b(?:server|remote|upstream|broker) (?:said|answered|replied|returned|responded)|cluster_block_exception",
    re.IGNORECASE,
)
_TOLD_BY_BOTH = ("disk space", "memory")
_SHARE = re.compile(r"\b(\d+)\s*(?:/|of|out of)\s*(\d+)\b")
_LIMIT = re.compile(r"\b(?:limit|max(?:imum)?|size)(?: of)?[ =:]+(\d+)", re.IGNORECASE)
_HINTS = (
    "auth", "denied", "wrongpass", "credential", "login", "token", "401", "ora-01017", "sasl",
    "accesskey", "signature", "jwt", "skew", "refused", "invalid", "pool", "connection", "too many", "emfile", "enfile",
    "space", "disk", "thread", "429", "rate", "throttl", "memory", "slots", "clients", "rejected",
    "quota", "oom", "watermark", "sigkill", "signal", "限流", "频繁", "失败", "密码", "密钥", "凭证", "令牌", "连接", "磁盘",
)  # fmt: skip


def app_resources(cluster: Cluster) -> Iterator[Finding]:
    """`app.credentials_refused` and `app.exhausted`, from the lines that say so."""
    addresses = Addresses(cluster)
    for speaker in speakers(cluster):
        lines = [one for one in lately(cluster, speaker.lines) if _may_tell(one.text)]
        refused = [one for one in lines if _is_refused(one.text)]
        if _counts(speaker, refused) and not _are_peoples_logins(refused):
            yield _refused_finding(cluster, speaker, refused, addresses)
        yield from _exhausted(cluster, speaker, lines, addresses)


def _may_tell(line: str) -> bool:
    lower = line.lower()
    return any(hint in lower for hint in _HINTS)


def _is_refused(line: str) -> bool:
    if _INBOUND.search(line):
        return False
    return bool(_REFUSED.search(line)) or bool(_UNAUTHORISED.search(line) and targets(line))


def _counts(speaker: Speaker, lines: Sequence[Line]) -> bool:
    container = speaker.container
    died = any(died_of_it(container, one, within=DIED_WITHIN) for one in lines)
    return (died and not container.ready) or len(lines) >= FEWEST_LINES


def _are_peoples_logins(lines: Sequence[Line]) -> bool:
    """Many users who each failed a little: people mistype, programs do not."""
    users = [match.group(1) for one in lines if (match := _USER.search(one.text))]
    return len(set(users)) > 2 and len(set(users)) * 2 > len(users)


def _called(line: str, speaker: Speaker, addresses: Addresses) -> tuple[str, str]:
    """The host a line names and the Service it leads to."""
    namespace = speaker.container.pod.namespace
    named = targets(line)
    services = [addresses.service(one.host, seen_from=namespace) for one in named]
    found = next((key(one.ref) for one in services if one is not None), "")
    return str(named[0]) if named else "", found


def _joins(host: str, service: str) -> dict[str, str]:
    return {name: value for name, value in (("host", host), ("service", service)) if value}


def _claims(speaker: Speaker, kind: str) -> dict[str, str]:
    """The claims of the pod, where it is space that ran out."""
    pod = speaker.container.pod
    names = sorted(claims_of(pod)) if kind == "disk space" else []
    return {"claim": ",".join(f"{pod.namespace}/{name}" for name in names)} if names else {}


def _refused_finding(
    cluster: Cluster, speaker: Speaker, lines: Sequence[Line], addresses: Addresses
) -> Finding:
    container = speaker.container
    pod = container.pod
    host, service = _called(lines[0].text, speaker, addresses)
    user = _USER.search(lines[0].text)
    secrets = {
        key(one.target)
        for one in references(pod.namespace, pod.spec)
        if one.target.kind == "Secret"
    }
    joins = _joins(host, service) | ({"secret": ",".join(sorted(secrets))} if secrets else {})
    return about_pod(
        cluster,
        pod,
        "app.credentials_refused",
        Severity.HIGH,
        [lines[0].cited, *([lines[-1].cited] if len(lines) > 1 else [])],
        confidence=Confidence.STRONG,
        since=lines[0].at,
        container=container.name,
        cause_key=service or host,
        params={
            **_said(lines),
            "host": host,
            "service": service,
            "user": user.group(1) if user else "",
            "secrets": ", ".join(sorted(name.partition("/")[2] for name in secrets)),
        },
        joins=joins,
    )


def _said(lines: Sequence[Line]) -> dict[str, str]:
    return {
        "count": str(len(lines)),
        "line": citing.quoted(lines[0].text),
        "first_at": citing.clock(lines[0].at),
        "last_at": citing.clock(lines[-1].at),
    }


def _exhausted(
    cluster: Cluster, speaker: Speaker, lines: Sequence[Line], addresses: Addresses
) -> Iterator[Finding]:
    by_kind: dict[str, list[Line]] = {}
    for line in lines:
        kind = next((kind for kind, shape in _EXHAUSTED if shape.search(line.text)), "")
        if kind:
            by_kind.setdefault(kind, []).append(line)
    told = {id(line) for line in by_kind.get("connection pool", ())}
    others = [line for line in lines if id(line) not in told]
    if any(kind_of_failure(line.text) == "refused" for line in others):
        by_kind.pop("connection pool", None)  # a pool that cannot connect is empty, not used up
    for kind, said in sorted(by_kind.items()):
        if _counts(speaker, said) and not _is_a_spike(speaker, said):
            yield _exhausted_finding(cluster, speaker, kind, said, addresses)


def _is_a_spike(speaker: Speaker, lines: Sequence[Line]) -> bool:
    times = [one.at for one in lines if one.at]
    spoken = [one.at for one in speaker.lines if one.at]
    if not times or not speaker.container.ready:
        return False
    return max(times) - min(times) < SPIKE and max(spoken) - max(times) >= SPIKE


def _exhausted_finding(
    cluster: Cluster, speaker: Speaker, kind: str, lines: Sequence[Line], addresses: Addresses
) -> Finding:
    host, service = _called(lines[0].text, speaker, addresses)
    share = next((match for one in lines if (match := _SHARE.search(one.text))), None)
    limit = next((match for one in lines if (match := _LIMIT.search(one.text))), None)
    most = share.group(2) if share else (limit.group(1) if limit else "")
    return about_pod(
        cluster,
        speaker.container.pod,
        "app.exhausted",
        Severity.HIGH,
        [lines[0].cited, *([lines[-1].cited] if len(lines) > 1 else [])],
        confidence=Confidence.STRONG,
        since=lines[0].at,
        container=speaker.container.name,
        cause_key=kind,
        params={
            **_said(lines),
            "what": kind,
            "used": share.group(1) if share else "",
            "limit": most,
            "host": host,
            "service": service,
        },
        joins={**_joins(host, service), **_whose(speaker, kind, lines[0], host)},
    )


def _whose(speaker: Speaker, kind: str, line: Line, host: str) -> dict[str, str]:
    """Whether it is its own that ran out, or that of somebody whose answer it quotes."""
    if kind in _TOLD_BY_BOTH and _QUOTED_ANSWER.search(line.text):
        return {} if host else {"ran_out_elsewhere": kind}
    return {"ran_out": kind, **_claims(speaker, kind)}
