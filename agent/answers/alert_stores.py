"""What is told of what is kept for others: configurations, who holds them, which functions are on."""

from collections.abc import Callable

from agent.answers.lengths import length_in_words
from agent.answers.listing import Json, cited, listed, rows_of, to_the_minute
from agent.answers.markdown import code, fenced, joined, plain, table
from agent.asked import Asked
from agent.toolbox import Result
from agent.wording import phrase


def told_rule_targets(asked: Asked, result: Result) -> str:
    """Who holds what is stored, and who does not."""
    cells = [
        (
            row["name"],
            row["state"],
            row["config"] or row["match"],
            to_the_minute(row["reported_at"]),
            row["error"],
        )
        for row in rows_of(result)
    ]
    return listed(asked, result, "targets", ("target", "state", "about", "at", "last_error"), cells)


def told_rule_objects(asked: Asked, result: Result) -> str:
    """How the objects of the cluster stand to the stored rules."""
    cells = [
        (
            f"{row['namespace']}/{row['object']}",
            row["state"],
            row["file"],
            f"{row['held'] or '-'} → {row['version'] or '-'}",
            row["why"],
        )
        for row in rows_of(result)
    ]
    columns = ("object", "state", "about", "version", "last_error")
    return listed(asked, result, "rule_objects", columns, cells)


def told_suggestion(asked: Asked, result: Result) -> str:
    """The rule that words stand for, or the metrics that may be meant."""
    data, language = result.data, asked.language
    choices: list[Json] = list(data["choices"])
    facts: dict[str, object] = {}
    key = f"alerting.suggested_{data['verdict']}"
    if choices and data["threshold"]:
        window = data["threshold"]["window"]
        facts = {
            "expression": code(choices[0]["expression"]),
            "window": length_in_words(window, language),
        }
    if data["verdict"] == "ok":
        best = data["threshold"]["suggested"]
        facts |= {"words": ", ".join(choices[0]["by"]), "fired": best["fired"]}
        facts |= {"value": f"{best['value']:g}"}
        key = "alerting.suggested"
    told = [cited(result, phrase(key, language, **facts))]
    if data["verdict"] == "choose":
        headings = [
            phrase(f"columns.{one}", language) for one in ("metric", "expression", "found_by")
        ]
        rows = [(one["metric"], code(one["expression"]), ", ".join(one["by"])) for one in choices]
        told.append(table(headings, rows))
    if data["verdict"] == "ok":
        told.append(fenced(data["threshold"]["text"].splitlines(), "yaml"))
    if data["unmatched"]:
        left = plain(", ".join(data["unmatched"]))
        told.append(phrase("alerting.suggested_unmatched", language, words=left))
    return joined(told)


def told_manager_configs(asked: Asked, result: Result) -> str:
    cells = [
        (
            row["name"],
            row["version"],
            to_the_minute(row["created_at"]),
            row["created_by"],
            row["reason"],
        )
        for row in rows_of(result)
    ]
    columns = ("configuration", "version", "at", "by", "comment")
    return listed(asked, result, "configs", columns, cells)


def told_flags(asked: Asked, result: Result) -> str:
    """What is on, for whom, and what holds it back."""
    cells = [
        (
            row["name"],
            row["terms"]["state"],
            row["held"],
            ", ".join(row["why"]),
            row["figures"].get("runs", ""),
        )
        for row in rows_of(result)
    ]
    return listed(asked, result, "flags", ("function", "state", "held", "cause", "runs"), cells)


STORES: dict[str, Callable[[Asked, Result], str]] = {
    "alerting_list_rule_targets": told_rule_targets,
    "alerting_suggest_from_words": told_suggestion,
    "alerting_list_rule_objects": told_rule_objects,
    "alerting_list_manager_configs": told_manager_configs,
    "alerting_list_flags": told_flags,
}
