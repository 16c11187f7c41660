"""Answers written by rules from tool results: the offline planner's, and every partial one."""

from collections.abc import Sequence

from agent.answers.investigation import told_investigation
from agent.answers.knowledge import told_hits
from agent.answers.markdown import joined, plain
from agent.answers.measurements import told_samples
from agent.answers.objects import told_object
from agent.answers.rows import TELLERS
from agent.asked import Asked
from agent.toolbox import Result
from agent.wording import phrase

SHOWN_CHARACTERS = 1200


def answer(asked: Asked, results: Sequence[Result]) -> str:
    """The answer to a question from the results that answer it; the last failure is told too."""
    useful = [one for one in results if one.ok]
    told = [told_result(asked, one) for one in useful[-1:]]
    failures = [one for one in results if not one.ok]
    if not told and failures:
        return phrase("failed.sentence", asked.language, sentence=plain(failures[-1].text, 600))
    return joined(told)


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
    if result.tool == "rca_investigate":
        return told_investigation(result, asked.language)
    if result.tool == "knowledge_search":
        return told_hits(asked, result)
    if result.tool.startswith("prometheus_query"):
        return told_samples(asked, result)
    if result.tool == "kubernetes_get_object":
        return told_object(asked, result)
    teller = TELLERS.get(result.tool)
    if teller:
        return teller(asked, result)
    cut = result.text[:SHOWN_CHARACTERS]
    return f"{result.tool}: {cut}"
