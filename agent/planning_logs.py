"""Pure: which calls a question about the log of something needs."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.arguments import extract
from agent.asked import Asked
from agent.planning_patterns import SUMMED_UP
from agent.steps import Step
from agent.toolbox import Result
from core.errors import NotFound

LOG_LINES = 30
# Where a time is asked about, so many are read to find those of it.
LINES_READ = 200
LOGS = "kubernetes_get_logs"
PATTERNS = "kubernetes_log_patterns"
PREVIOUS = ("previous", "crashed", "上一次", "崩溃前", "之前")
ERRORS = ("error", "exception", "错误", "报错")
OF_ERRORS = "error|exception|fatal|panic"
NEWLY = (" new ", "新的", "新出现", "新增", "新日志")
NEW_WINDOW = "PT1H"


def logs(asked: Asked, home: str, results: Sequence[Result]) -> list[Step]:
    """Of what is named, in its namespace `home`."""
    run = {"namespace": home, "name": asked.name, "previous": _any_word(asked, PREVIOUS) or None}
    if _any_word(asked, SUMMED_UP) or _any_word(asked, NEWLY):
        return _patterns(asked, run, results)
    told = [one for one in results if one.tool == LOGS]
    if told and told[-1].status == NotFound.code:
        return container_of_earlier(asked, home, results)
    grep = OF_ERRORS if speaks_of_errors(asked) else ""
    if not told:
        tail = LINES_READ if asked.looked_at else LOG_LINES
        return [Step(LOGS, {**run, "tail": tail, "grep": grep})]
    return _elsewhere(told[-1])


def container_of_earlier(asked: Asked, home: str, results: Sequence[Result]) -> list[Step]:
    """What is named is no workload: a container of what the question before named, as a log says which others
    there are."""
    whose = named_earlier(asked)
    tried = any("container" in one.arguments for one in results)
    if not (home and whose) or whose == asked.name or tried:
        return []
    run = {"namespace": home, "name": whose, "container": asked.name}
    return [Step(LOGS, {**run, "tail": LOG_LINES})]


def named_earlier(asked: Asked) -> str:
    """What the question before named; "" for nothing."""
    named = extract(asked.earlier, subagent="rca", intent="logs")
    return str(named.get("name") or named.get("service") or "")


def speaks_of_errors(asked: Asked) -> bool:
    """Whether of a log only its errors are asked for."""
    return _any_word(asked, ERRORS)


def _elsewhere(last: Result) -> list[Step]:
    """Where a log has nothing of what was asked: the run before the restart, then whatever it has."""
    if not last.ok or last.data["lines"]:
        return []
    if last.data["restarts"] and not last.data["previous"]:
        return [Step(LOGS, {**last.arguments, "previous": True})]
    if last.data["read"] and last.arguments.get("grep"):
        return [Step(LOGS, {**last.arguments, "grep": ""})]
    return []


def _patterns(asked: Asked, run: Mapping[str, Any], results: Sequence[Result]) -> list[Step]:
    """Each kind of line once; "new" is what was first written within the time asked about."""
    if any(one.tool == PATTERNS for one in results):
        return []
    since = asked.ago(asked.window or NEW_WINDOW) if _any_word(asked, NEWLY) else ""
    return [Step(PATTERNS, {**run, "new_since": since})]


def _any_word(asked: Asked, words: Sequence[str]) -> bool:
    return any(word in asked.said for word in words)
