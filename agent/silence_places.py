"""Pure: the cluster of Alertmanagers that a silence is for, where there are several."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.asked import Asked
from agent.steps import Step
from agent.toolbox import Result

MANAGERS = "alerting_list_alertmanagers"


def tried_elsewhere(asked: Asked, results: Sequence[Result], refused: Step) -> list[Step]:
    """The same once more for the cluster that the words name; which there are is looked up before.

    `refused` is the step that may have failed for want of it.
    """
    if len([one for one in results if one.tool == refused.tool]) > 1:
        return []
    listed = [one for one in results if one.tool == MANAGERS]
    if not listed:
        return [Step(MANAGERS)]
    rows = listed[0].data.get("rows") or () if listed[0].ok else ()
    place = said_place(asked.question, rows) if len(rows) > 1 else ""
    return [Step(refused.tool, in_place(refused.arguments, place))] if place else []


def said_place(question: str, clusters: Sequence[Mapping[str, Any]]) -> str:
    """The one cluster whose name is said, or else one of whose labels is; "": none, or several."""
    named = [one["name"] for one in clusters if _is_said(str(one["name"]), question)]
    labelled = [
        one["name"]
        for one in clusters
        if any(_is_said(str(value), question) for value in one["labels"].values())
    ]
    found = named or labelled
    return str(found[0]) if len(found) == 1 else ""


def in_place(wanted: Mapping[str, Any], place: str) -> dict[str, Any]:
    """For that cluster. Its name was perhaps read as that of a namespace or a service, which it then is not."""
    others = [f'{label}="{place}"' for label in ("namespace", "service")]
    matchers = [one for one in wanted["matchers"] if one not in others]
    return {**wanted, "matchers": matchers, "am_cluster": place}


def _is_said(name: str, question: str) -> bool:
    return bool(
        name
        and re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", question, re.ASCII | re.IGNORECASE)
    )
