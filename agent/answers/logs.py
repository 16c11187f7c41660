"""Logs told: the lines themselves, or each kind of line once."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.answers.listing import cited
from agent.answers.markdown import fenced, joined, plain
from agent.answers.within import lines_within
from agent.asked import Asked
from agent.planning_logs import speaks_of_errors
from agent.toolbox import Result
from agent.wording import phrase

Json = Mapping[str, Any]


def told_logs(asked: Asked, result: Result) -> str:
    data = result.data
    place = f"{data['namespace']}/{data['pod']}/{data['container']}"
    lines: Sequence[Json] = data["lines"]
    if not lines:
        key = "rows.no_matching_lines" if data["read"] else "rows.no_lines"
        facts = {"read": data["read"], "grep": f"`{result.arguments.get('grep', '')}`"}
        return cited(result, phrase(key, asked.language, place=place, **facts))
    lines, when = lines_within(asked, lines)
    otherwise = "_otherwise" if speaks_of_errors(asked) and not result.arguments.get("grep") else ""
    key = f"rows.logs{'_before' if data['previous'] else ''}{otherwise}"
    head = cited(result, phrase(key, asked.language, place=f"`{place}`"))
    told = [f"{(line['at'] or '')[:19]} {line['text']}".strip() for line in lines]
    note = f"_{plain(data['note'])}_" if data.get("note") else ""
    return joined([head, fenced(told), when, note])
