"""Programs that do not start because a variable, flag or file is not given."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod
from mcp_servers.engines.containers import Container
from mcp_servers.engines.fields import rows, text, words
from mcp_servers.engines.log_signals import TAIL, Line, Speaker, died_of_it, speakers
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.revisions import can_roll_back, previous, previous_container
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Json

DIED_WITHIN = timedelta(seconds=30)

_NAME = r"[\"'`]?(?P<name>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z]{3,}[A-Z0-9]*)[\"'`]?"
_LACKS = (
    r"(?:is |was |are )?(?:not (?:set|defined|found|provided|specified|configured|present)|missing"
    r"|required|undefined|unset|empty|must be (?:set|provided|defined|specified|configured))"
)
_KEY = r"[\"'`]?(?P<name>[A-Za-z][\w.-]*\w)[\"'`]?"

_KIND = r"(?: env(?:ironment)?)?(?: var(?:iable)?s?| settings?| config(?:uration)?| keys?| parameters?)?"
_WHAT = r"(?:setting|config(?:uration)?(?: key| value| option)?|property|option|parameter)"

_VARIABLE = tuple(
    re.compile(shape)
    for shape in (
        rf"{_NAME}:? (?i:(?:env(?:ironment)? var(?:iable)? )?{_LACKS})",
        rf"(?i:env(?:ironment)?[ _]?var(?:iable)?s?:?) {_NAME}",
        rf"(?i:missing|required|undefined|unset|undeclared)(?i: required)?(?i:{_KIND}:?) {_NAME}",
        rf"KeyError: {_NAME}",
        rf"(?i:required key) {_NAME} (?i:missing value)",
        rf"(?i:could not resolve placeholder) {_KEY}",
        rf"(?i:key not found): {_NAME}",
        rf"(?i:missing (?:required )?{_WHAT}s?):? {_KEY}",
        rf"(?i:required {_WHAT}):? {_KEY} (?i:{_LACKS})",
        rf"{_KEY} (?i:attribute is not specified)",
        rf"(?i:property|setting|field|option|parameter) {_KEY} (?i:{_LACKS})",
        rf"EnvVar\({_KEY}, NotPresent\)",
        rf"(?i:(?:缺少|未设置|未配置|没有设置|没有配置)(?:必需的|必要的)?(?:环境变量|配置项?|参数)?)[：:\s]*{_NAME}",
        rf"(?i:环境变量|配置项)[：:\s]*{_NAME}\s*(?:未设置|未配置|缺失|不存在|为空|没有设置)",
    )
)
_ALONE = re.compile(r"(?P<name>[A-Za-z][\w.]*)")
_REQUIRED = re.compile(r"\s+[Ff]ield required\b")
_FLAG = re.compile(
    r"(?i:unknown flag|flag provided but not defined|unrecognized (?:argument|option)s?|unknown option"
    r"|no such option|required flag\(s\)|invalid option):? [\"'`]*(?P<name>-{0,2}[A-Za-z][\w-]*)"
)
_FILE = re.compile(
    r"(?:open|stat|read|load|No such file or directory:?|FileNotFoundError.*?|ENOENT.*?|cannot find"
    r"|could not (?:open|read|load|find))[^\n]{0,40}?[\"' ]"
    r"(?P<name>/[\w./-]+\.\w+|/etc/[\w./-]+|/config[\w./-]*|/secrets?[\w./-]*)"
)
_NO_FILE = re.compile(r"(?i)no such file|not found|does not exist|ENOENT|FileNotFound|cannot find")
_HINTS = (
    "missing", "required", "not set", "not defined", "undefined", "must be", "unset", "keyerror",
    "placeholder", "flag", "option", "argument", "no such file", "not found", "enoent",
    "not provided", "not specified", "not configured", "env", "does not exist", "empty",
    "缺少", "未设置", "未配置", "没有", "环境变量", "配置项",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Missing:
    kind: str  # variable | flag | file
    name: str


def missing_setting(cluster: Cluster) -> Iterator[Finding]:
    """`app.missing_setting`: what a program named as absent just before it failed.

    Only of a container that is down: one that goes on has a default.
    """
    for speaker in speakers(cluster):
        container = speaker.container
        if container.ready or not any(end.exit_code != 0 for end in container.terminations):
            continue
        if told := _named(speaker):
            yield _finding(cluster, container, *told)


def _named(speaker: Speaker) -> tuple[_Missing, Line] | None:
    """The first such line near the end: what follows it is mostly a consequence."""
    for log in speaker.logs:
        for (at, said), (_, next_said) in pairwise([*log.lines[-TAIL:], (None, "")]):
            line = Line(log, at, said)
            if not died_of_it(speaker.container, line, within=DIED_WITHIN):
                continue
            if missing := _missing(said) or _told_below(said, next_said):
                return missing, line
    return None


def _told_below(line: str, below: str) -> _Missing | None:
    """A name that stands alone, with what is wrong with it on the line below, as pydantic has it."""
    match = _ALONE.fullmatch(line.strip())
    return _Missing("variable", match["name"]) if match and _REQUIRED.match(below) else None


def _missing(line: str) -> _Missing | None:
    lower = line.lower()
    if not any(hint in lower for hint in _HINTS):
        return None
    for shape in _VARIABLE:
        if match := shape.search(line):
            return _Missing("variable", match["name"])
    if match := _FLAG.search(line):
        return _Missing("flag", match["name"])
    match = _FILE.search(line) if _NO_FILE.search(line) else None
    return _Missing("file", match["name"]) if match else None


def _finding(cluster: Cluster, container: Container, missing: _Missing, line: Line) -> Finding:
    pod, owner = container.pod, top_owner(cluster, container.pod)
    before = previous_container(cluster, owner, container.name)
    had_it = _sets(before, missing.name) and not _sets(container.spec, missing.name)
    names = [text(one, "name") for one in container.env]
    return about_pod(
        cluster,
        pod,
        "app.missing_setting",
        Severity.HIGH,
        [line.cited, *_exit(container), *_dropped(cluster, container, missing, had_it=had_it)],
        confidence=Confidence.STRONG,
        since=line.at or next((end.finished_at for end in container.terminations), None),
        container=container.name,
        cause_key=missing.name,
        fix=_fix(cluster, container, had_it=had_it),
        params={
            "setting": missing.name,
            "what": missing.kind,
            "line": citing.quoted(line.text),
            "exit_code": next((str(end.exit_code) for end in container.terminations), ""),
            "had_before": missing.name if had_it else "",
            "env": ", ".join(names[:12]),
        },
    )


def _sets(spec: Json, name: str) -> bool:
    """Whether a container's spec gives this variable or flag."""
    flags = [*words(spec, "command"), *words(spec, "args")]
    return any(text(one, "name") == name for one in rows(spec, "env")) or name in " ".join(flags)


def _exit(container: Container) -> list[Evidence]:
    return [
        citing.field(container.pod, end.path, f"exit code {end.exit_code}", end.finished_at)
        for end in container.terminations[:1]
    ]


def _dropped(
    cluster: Cluster, container: Container, missing: _Missing, *, had_it: bool
) -> list[Evidence]:
    before = previous(cluster, top_owner(cluster, container.pod))
    if not had_it or before is None:
        return []
    path = f".spec.template{container.spec_path}.env[{missing.name}]"
    return [citing.field(before, path, "set in the revision before, absent now", before.created_at)]


def _fix(cluster: Cluster, container: Container, *, had_it: bool) -> str:
    """Back to the revision that had it, or that at least ran."""
    owner = top_owner(cluster, container.pod)
    return "fix.rollback" if had_it or can_roll_back(cluster, owner) else ""
