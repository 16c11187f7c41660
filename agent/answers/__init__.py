"""Answers written by rules from tool results: the offline planner's, and every partial one."""

from collections.abc import Iterator, Sequence

from agent.answers.alert_stores import STORES
from agent.answers.alerts import ALERTING
from agent.answers.budgets import told_anomalies, told_budgets, told_one_budget
from agent.answers.capacity import told_disks, told_hours, told_load, told_period
from agent.answers.comparing import together
from agent.answers.costs import told_bills, told_models, told_savings, told_spend, told_what_if
from agent.answers.failures import told_failure
from agent.answers.fixes import TELLERS as OF_FIXES
from agent.answers.investigation import told_investigation
from agent.answers.knowledge import told_draft, told_hits, told_knowledge
from agent.answers.markdown import joined, numbered, plain
from agent.answers.measurements import told_samples
from agent.answers.objects import told_object
from agent.answers.patterns import (
    told_error_summary,
    told_event_patterns,
    told_pasted_log,
    told_table,
)
from agent.answers.rows import TELLERS as OF_ROWS
from agent.answers.settings import told_settings
from agent.answers.systems import told_dependencies, told_findings, told_incidents, told_unusual
from agent.approvals import REFUSED, SENTENCES
from agent.asked import Asked
from agent.choices import choices
from agent.planning import INVESTIGATE
from agent.planning_alerts import PREVIEW as TRY_SILENCE
from agent.planning_alerts import SET as SET_SILENCE
from agent.planning_budgets import ADD, BUDGETS, CHANGE, CHANGING, PREVIEW, REMOVE
from agent.planning_costs import (
    ANOMALIES,
    BILLS,
    DISKS,
    HOURLY,
    LOAD,
    MODEL_SPEND,
    PERIOD_COST,
    SAVINGS,
    SPEND,
    WHAT_IF,
)
from agent.planning_fixes import APPLY, ROLLBACK, never_done, not_offered
from agent.planning_knowledge import DRAFT, SEARCH
from agent.planning_patterns import (
    ERROR_SUMMARY,
    EVENT_PATTERNS,
    LOG_PATTERNS,
    TABLE_ANOMALIES,
)
from agent.planning_systems import FINDINGS, GRAPH, INCIDENTS, UNUSUAL
from agent.room import pods_to_come
from agent.toolbox import Result
from agent.wording import phrase
from core.errors import Forbidden, NotFound

SHOWN_CHARACTERS = 1200
SYSTEMS = {GRAPH: told_dependencies, FINDINGS: told_findings, INCIDENTS: told_incidents}
MANY = {
    EVENT_PATTERNS: told_event_patterns,
    ERROR_SUMMARY: told_error_summary,
    LOG_PATTERNS: told_pasted_log,
    TABLE_ANOMALIES: told_table,
}
OF_COSTS = {
    SPEND: told_spend,
    LOAD: told_load,
    DISKS: told_disks,
    PERIOD_COST: told_period,
    SAVINGS: told_savings,
    WHAT_IF: told_what_if,
    BILLS: told_bills,
    MODEL_SPEND: told_models,
    BUDGETS: told_budgets,
    ANOMALIES: told_anomalies,
    HOURLY: told_hours,
    PREVIEW: told_one_budget,
    ADD: told_one_budget,
    CHANGE: told_one_budget,
    REMOVE: told_one_budget,
}
BY_TOOL = {**STORES, **OF_ROWS, **SYSTEMS, **OF_FIXES, **MANY, **OF_COSTS}
EXAMPLES = {"en": "show the logs of checkout", "zh": "查看 checkout 的日志"}


def answer(asked: Asked, results: Sequence[Result]) -> str:
    """The answer to a question: the last result that holds one, else why there is none."""
    if results and results[-1].status in SENTENCES:  # a change that was not made, or perhaps was
        told = results[-1].texts.get(asked.language)
        return told or phrase(f"approval.{results[-1].status}", asked.language)
    if results and results[-1].status == REFUSED:
        return results[-1].texts.get(asked.language) or results[-1].text
    useful = [one for one in results if one.ok]
    if results and results[-1].tool in CHANGING and not results[-1].ok:
        # What was wanted, not the list it was looked up in, and as it was put.
        useful, results = [], [one for one in results if one.tool in CHANGING and not one.ok]
    silencing = [one for one in results if one.tool in (TRY_SILENCE, SET_SILENCE)]
    if silencing and not silencing[-1].ok:
        useful, results = [], silencing[-1:]
    if useful:
        return _useful(asked, results, useful)
    if results:
        # The first failure is about what was asked; later ones are about what was tried instead.
        first = results[0]
        key = first.status if first.status in (NotFound.code, Forbidden.code) else "sentence"
        key = "change" if first.tool in (APPLY, ROLLBACK) else key
        told = " ".join(
            told_failure(one.text, asked.language, 900, one.texts)
            for one in (first, *_as_container(results))
        )
        return phrase(f"failed.{key}", asked.language, sentence=told)
    return _why_nothing_was_tried(asked)


def _as_container(results: Sequence[Result]) -> Sequence[Result]:
    """What was tried last with a name that is no object: as a container of what was named before."""
    last = results[-1]
    is_second = len(results) > 1 and last.status == NotFound.code
    return [last] if is_second and last.arguments.get("container") else []


def _useful(asked: Asked, results: Sequence[Result], useful: Sequence[Result]) -> str:
    last = together(asked, useful)
    if any(one.tool == SEARCH for one in useful):
        return joined([told_knowledge(asked, useful), _offered(asked)])
    if last.tool == UNUSUAL:
        return told_unusual(asked, [one for one in useful if one.tool == UNUSUAL])
    if last.tool == INVESTIGATE and len(asked.names) > 1:
        return joined(_of_each(asked, results))
    told = [_taken(asked), _widened(asked, results), told_result(asked, last)]
    return joined([*told, _offered(asked)])


def _of_each(asked: Asked, results: Sequence[Result]) -> Iterator[str]:
    """What was found of each thing that was named, one after the other."""
    for one in (one for one in results if one.tool == INVESTIGATE):
        name = str(one.arguments.get("name", ""))
        yield f"## {plain(name)}"
        if one.ok:
            yield told_investigation(one, asked.language, name)
        else:
            yield told_failure(one.text, asked.language, 300, one.texts)


def _widened(asked: Asked, results: Sequence[Result]) -> str:
    """That what was named does not exist, when more was looked at instead."""
    tried = [one for one in results if one.tool == INVESTIGATE]
    if len(tried) < 2 or not tried[-1].ok or tried[-1].arguments.get("namespace") == asked.name:
        return ""
    sentence = told_failure(tried[0].text, asked.language, 300, tried[0].texts)
    namespace = tried[-1].arguments.get("namespace", "")
    # The sentence quotes what is missing, be it the object or its namespace.
    quoted = [one for one in (asked.namespace, asked.name) if repr(one) in tried[0].text]
    place = "rca.inside" if namespace else "rca.in_sight"
    where = phrase(place, asked.language, namespace=namespace)
    name = next(iter(quoted), asked.name)
    return phrase(
        "rca.not_found_so_wide", asked.language, name=name, sentence=sentence, where=where
    )


def _taken(asked: Asked) -> str:
    """What a question was taken for that was not understood."""
    if asked.intent != "look":
        return ""
    named = asked.name or asked.namespace
    what = f"`{named}`" if named else phrase("rca.the_cluster", asked.language)
    return phrase("rca.taken_as", asked.language, what=what)


def _offered(asked: Asked) -> str:
    """What else may have been meant by a question that was not understood."""
    if asked.intent != "look":
        return ""
    head = phrase("choice.head", asked.language)
    return joined([head, numbered(choices(asked.name or asked.namespace, asked.language))])


def _why_nothing_was_tried(asked: Asked) -> str:
    if asked.intent == "change" and never_done(asked):
        return phrase("fixes.never", asked.language)
    if asked.intent == "change" and not_offered(asked):
        return phrase("fixes.not_offered", asked.language)
    if asked.intent == "change" and not asked.name:
        return phrase("fixes.need_name", asked.language)
    if asked.intent in ("logs", "rollout") and not asked.name:
        example = EXAMPLES[asked.language]
        return phrase("rows.need_name", asked.language, example=example)
    if asked.intent == "forecast" and pods_to_come(asked.said):
        return phrase("costs.room_of_what", asked.language)
    return phrase("failed.no_tools", asked.language)


def partial_answer(asked: Asked, results: Sequence[Result]) -> str:
    """What was found before a turn had to end, each result in brief."""
    useful = [one for one in results if one.ok]
    if not useful:
        told = [phrase("failed.nothing", asked.language)]
        told += [f"- {one.tool}: {plain(one.text)}" for one in results]
        return "\n".join(told)
    head = phrase("failed.so_far", asked.language)
    return joined([head, *(told_result(asked, one) for one in useful)])


def told_result(asked: Asked, result: Result) -> str:
    """One result in words; of a tool that no rule knows, the beginning of its text."""
    if result.tool == INVESTIGATE:
        whole = asked.name if asked.intent == "health" else ""
        return told_investigation(result, asked.language, whole)
    if result.tool == SEARCH:
        return told_hits(asked, result)
    if result.tool == DRAFT:
        return told_draft(asked, result)
    if result.tool.startswith("prometheus_query"):
        return told_samples(asked, result)
    if result.tool == "kubernetes_get_object":
        return told_settings(asked, result) or told_object(asked, result)
    if result.tool == UNUSUAL:
        return told_unusual(asked, [result])
    teller = BY_TOOL.get(result.tool) or ALERTING.get(result.tool)
    if teller:
        return teller(asked, result)
    cut = result.text[:SHOWN_CHARACTERS]
    return f"{result.tool}: {cut}"
