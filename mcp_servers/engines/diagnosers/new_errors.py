"""Programs that run, and raise errors since something of them was changed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.call_failures import kind_of_failure, unresolved_name
from mcp_servers.engines.changes import own_changes
from mcp_servers.engines.log_entries import RAISED, level_in
from mcp_servers.engines.log_signals import Line, Speaker, speakers
from mcp_servers.engines.log_templates import templates_of
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.revisions import can_roll_back
from mcp_servers.facts.findings import Confidence, Finding, Fix, Severity
from mcp_servers.facts.kubernetes import Change, Cluster, Ref

SHOWS_WITHIN = timedelta(minutes=30)
# Fewer lines, or a smaller share of all, are what every program writes now and then. Where nothing
# is left of the time before, some programs always wrote more.
FEWEST_LINES, LEAST_SHARE, LEAST_SHARE_ALONE = 5, 0.1, 0.25
# What still goes on is among so many last lines.
STILL = 8
# Of fields that tell failing requests from others: what came of a request tells nothing new.
_OUTCOMES = frozenset(
    [
        "status",
        "code",
        "level",
        "severity",
        "error",
        "err",
        "msg",
        "duration",
        "duration_ms",
        "latency",
        "took",
        "time",
        "ts",
        "id",
    ]
)
_NEVER = datetime.min.replace(tzinfo=UTC)
_FAILED = re.compile(r"\b(?:status|code|status_code)[=: \"]+5\d\d\b|\bHTTP/\d(?:\.\d)?\" 5\d\d\b")
_FIELD = re.compile(r"(?<!\S)([A-Za-z_][\w.]*)=(\"[^\"]*\"|[^\s,;]+)")


@dataclass(frozen=True, slots=True)
class _Told:
    """What a workload's logs say: the errors since a change, all since, and whether any is older."""

    change: Change
    bad: Sequence[Line]
    since: Sequence[Line]
    compared: bool


def new_errors(cluster: Cluster) -> Iterator[Finding]:
    """`app.regression_after_change` from logs: unhandled errors of a kind not seen before a change.

    Calls that failed are not counted: they tell of who was called. Where nothing is left of the
    time before (a rollout takes the old pods and their logs along), the errors must be exceptions or
    failed requests.
    """
    if not cluster.changes:
        return
    by_workload: dict[Ref, list[Speaker]] = {}
    for one in speakers(cluster):
        by_workload.setdefault(top_owner(cluster, one.container.pod), []).append(one)
    for workload, told in sorted(by_workload.items()):
        if all(one.container.ready for one in told) and (news := _news(cluster, workload, told)):
            yield _finding(cluster, workload, news)


def _news(cluster: Cluster, workload: Ref, told: Sequence[Speaker]) -> _Told | None:
    """Of the changes that errors followed soon, the last."""
    lines = sorted((line for one in told for line in one.lines if line.at is not None), key=_moment)
    for change in reversed(own_changes(cluster, workload)):
        if cluster.recent(change.at) and (news := _since(change, lines)):
            return news
    return None


def _moment(line: Line) -> datetime:
    return line.at or _NEVER


def _since(change: Change, lines: Sequence[Line]) -> _Told | None:
    after = [one for one in lines if _moment(one) > change.at]
    if not any(_is_unhandled(one.text) for one in after):
        return None
    before = [one for one in lines if _moment(one) <= change.at]
    templates = templates_of([one.text for one in (*before, *after)])
    known = set(templates[: len(before)])
    bad = [
        one
        for one, template in zip(after, templates[len(before) :], strict=True)
        if template not in known and _is_unhandled(one.text)
    ]
    share = LEAST_SHARE if before else LEAST_SHARE_ALONE
    few = len(bad) < max(FEWEST_LINES, share * len(after))
    if few or _moment(bad[0]) - change.at > SHOWS_WITHIN or bad[-1] not in after[-STILL:]:
        return None
    return _Told(change, bad, after, bool(before))


def _is_unhandled(line: str) -> bool:
    if level_in(line) in ("warning", "info", "debug"):
        return False
    if not RAISED.search(line) and not _FAILED.search(line):
        return False
    return not kind_of_failure(line) and not unresolved_name(line)


def _condition(told: _Told) -> str:
    """The field whose values tell the failing requests from those that are well; "" for none."""
    bad = [_fields(one.text) for one in told.bad]
    failing = {one.text for one in told.bad}
    good = [_fields(one.text) for one in told.since if one.text not in failing]
    for name in bad[0]:
        values = {one.get(name) for one in bad}
        others = {one[name] for one in good if name in one}
        if name.lower() not in _OUTCOMES and len(values) == 1 and others and not values & others:
            return f"{name}={values.pop()}"
    return ""


def _fields(line: str) -> Mapping[str, str]:
    return dict(_FIELD.findall(line))


def _finding(cluster: Cluster, workload: Ref, told: _Told) -> Finding:
    change, first = told.change, told.bad[0]
    rolled_out = change.kind == "deploy" and can_roll_back(cluster, workload)
    differences = "; ".join(str(one) for one in change.differences if one.before or one.after)
    return Finding(
        rule="app.regression_after_change",
        severity=Severity.HIGH,
        confidence=Confidence.STRONG if told.compared else Confidence.INFERRED,
        resource=workload,
        since=first.at,
        evidence=(first.cited, told.bad[-1].cited, citing.change(change)),
        params={
            "what": "error lines in the log",
            "workload": str(workload),
            "before": "0",
            "after": f"{len(told.bad)}/{len(told.since)}",
            "changed": str(change.target),
            "differences": citing.quoted(differences),
            "changed_at": citing.clock(change.at),
            "began_at": citing.clock(first.at),
            "line": citing.quoted(first.text),
            "condition": citing.quoted(_condition(told)),
            "beside": "",
        },
        affected=(workload,),
        cause_key=change.id,
        fix=Fix("fix.rollback", workload) if rolled_out else None,
        joins={"target": key(change.target)},
    )
