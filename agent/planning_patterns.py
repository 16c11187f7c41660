"""Pure: the calls for what is asked about many things at once: kinds of events and errors, pasted text."""

import re
from collections.abc import Sequence

from agent.asked import Asked
from agent.steps import Step

EVENT_PATTERNS = "rca_event_patterns"
ERROR_SUMMARY = "rca_error_summary"
LOG_PATTERNS = "rca_log_patterns"
TABLE_ANOMALIES = "rca_table_anomalies"

SUMMED_UP = (
    *("pattern", "template", "summar", "kinds of", "most common", "most frequent"),
    *(
        "归一下类",
        "归个类",
        "分一下类",
        "分类",
        "最常见",
        "最多的",
        "聚类",
        "模式",
        "模板",
        "归类",
        "汇总",
        "概括",
        "哪几类",
    ),
)
ERRORS = ("error", "exception", "错误", "报错", "异常日志")
WHY = ("why", "root cause", "为什么", "为何", "原因", "根因")

# What a person pastes under a question: at least so many lines of it.
LEAST_LINES = 3
MOST_CHARACTERS = 200_000

_HEAD = re.compile(r"(?i)^\s*[\"']?(?:timestamp|time)[\"']?\s*,\s*[\"']?[\w .:/-]+[\"']?\s*$")
_ROW = re.compile(r"^\s*[^,\s][^,]*,\s*(?:[-+]?[\d.]+(?:[eE][-+]?\d+)?|nan|)\s*$", re.IGNORECASE)
_LOGGED = re.compile(
    r"^\W?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d|^\W?\d\d:\d\d:\d\d|^[A-Z][a-z]{2}\s+\d+\s\d\d:\d\d:\d\d"
    r"|^[IWEF]\d{4}\s|^\W?(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|FATAL|CRITICAL)\b"
    r"|\blevel=\w+|\"(?:level|severity)\"\s*:"
)


def in_patterns(asked: Asked) -> list[Step]:
    """The one call that a question of this sort needs; none where it is of another."""
    words = _words(asked.question)
    if table := pasted_table(asked.question):
        return [Step(TABLE_ANOMALIES, {"values": table})]
    if any(word in words for word in WHY):
        return []
    if log := pasted_log(asked.question):
        return [Step(LOG_PATTERNS, {"logs": [log]})]
    if asked.name:
        return []
    if asked.intent == "events" and _says(words, SUMMED_UP):
        return [Step(EVENT_PATTERNS, {"namespace": asked.namespace})]
    if _sums_up_errors(asked, words):
        return [Step(ERROR_SUMMARY, {"namespace": asked.namespace})]
    return []


def _sums_up_errors(asked: Asked, words: str) -> bool:
    """Errors in many logs, where no single one is named: only each kind of them can be told."""
    if not _says(words, ERRORS) or asked.kind_of_many:
        return False
    return asked.intent == "logs" or _says(words, SUMMED_UP)


def pasted_table(question: str) -> str:
    """A table of times and values in the question, "" for none."""
    lines = question.splitlines()
    for at, line in enumerate(lines):
        rows = _while(lines[at + 1 :], _ROW)
        if _HEAD.match(line) and len(rows) >= LEAST_LINES:
            return _cut([line, *rows])
    return ""


def pasted_log(question: str) -> str:
    """Lines of a log under the question, "" for none. Lines of a trace stay between them."""
    lines = [one for one in question.splitlines() if not one.strip().startswith("```")]
    logged = [at for at, line in enumerate(lines) if _LOGGED.search(line)]
    if len(logged) < LEAST_LINES or not logged[0]:
        return ""
    return _cut([line for line in lines[logged[0] :] if line.strip()])


def _while(lines: Sequence[str], wanted: re.Pattern[str]) -> list[str]:
    kept: list[str] = []
    for line in lines:
        if not wanted.match(line):
            break
        kept.append(line)
    return kept


def _cut(lines: Sequence[str]) -> str:
    text = "\n".join(lines)
    return text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS].rpartition("\n")[0]


def _words(question: str) -> str:
    """What the question says itself, before what is pasted under it."""
    return question.partition("\n")[0].lower()


def _says(words: str, any_of: Sequence[str]) -> bool:
    return any(word in words for word in any_of)
