"""What is told of alerts, silences, rules, channels and deliveries."""

from collections.abc import Callable, Sequence
from typing import Any

from agent.answers.care import told_switched, told_taken, told_tried, why_not_done, why_not_taken
from agent.answers.listing import ROWS_SHOWN, Json, ago, cited, listed, rows_of, to_the_minute
from agent.answers.markdown import bullets, code, joined, plain, table
from agent.answers.rule_drafts import rule_draft
from agent.asked import Asked
from agent.toolbox import Result
from agent.wording import phrase

LEVELS = frozenset(("critical", "error", "warning", "info"))
STATES = frozenset(("active", "firing", "pending", "suppressed", "unprocessed", "inactive"))
# So many of the least useful alerts are told what to do about.
ADVISED = 3


def told_firing(asked: Asked, result: Result) -> str:
    cells = [
        (
            _level(asked, row),
            row["name"],
            row["namespace"],
            ago(row["since_s"]),
            _state(asked, row),
            row["summary"],
        )
        for row in rows_of(result)
    ]
    columns = ("severity", "alert", "namespace", "ago", "state", "message")
    return listed(asked, result, "firing", columns, cells)


def _level(asked: Asked, row: Json) -> str:
    """The usual severities in the language of the answer; whatever else is on the label as it is."""
    told = str(row["severity"])
    return phrase(f"level.{told}", asked.language) if told in LEVELS else told


def _state(asked: Asked, row: Json) -> str:
    told = str(row["state"])
    return phrase(f"alert_state.{told}", asked.language) if told in STATES else told


def told_rules(asked: Asked, result: Result) -> str:
    """Those there are; where a new one is asked for, how it would be written."""
    if draft := rule_draft(asked):
        return draft
    cells = [
        (
            f"{row['group']}/{row['name']}",
            row["state"] or row["kind"],
            row["severity"],
            row["query"],
        )
        for row in rows_of(result)
    ]
    return listed(asked, result, "rules", ("rule", "state", "severity", "expression"), cells)


def told_received(asked: Asked, result: Result) -> str:
    cells = [
        (
            row["severity"],
            row["name"],
            row["namespace"],
            to_the_minute(row["starts_at"]),
            to_the_minute(row["ends_at"]),
            _told(row, asked),
        )
        for row in rows_of(result)
    ]
    columns = ("severity", "alert", "namespace", "since", "ended", "told")
    unheard: dict[str, str] = result.data.get("unheard") or {}
    what = "unheard" if result.arguments.get("status") == "unheard" else "received"
    told = listed(asked, result, what, columns, cells)
    return joined([told, why_not_taken(asked, result) or unheard.get(asked.language, "")])


def told_quality(asked: Asked, result: Result) -> str:
    """What each was worth, the one that was asked about alone, and what to do about those that were not worth it."""
    named = str(asked.arguments.get("alert", ""))
    own = [one for one in rows_of(result) if named and one["name"] == named]
    rows = own or rows_of(result)
    cells = [
        (
            row["name"],
            phrase(f"verdict.{row['verdict']}", asked.language),
            row["episodes"],
            row["brief"],
            row["acknowledged"],
            "-" if row["median_minutes"] is None else row["median_minutes"],
        )
        for row in rows
    ]
    columns = ("alert", "worth", "times", "brief", "acknowledged", "minutes")
    advice = [
        phrase(f"quality_advice.{row['verdict']}", asked.language, alert=code(row["name"]))
        for row in rows[:ADVISED]
        if row["verdict"] != "useful"
    ]
    if not own:
        return joined([listed(asked, result, "quality", columns, cells), bullets(advice)])
    headings = [phrase(f"columns.{one}", asked.language) for one in columns]
    head = cited(result, phrase("alerting.quality_of", asked.language, alert=code(named)))
    return joined([head, table(headings, cells), bullets(advice)])


def told_analyses(asked: Asked, result: Result) -> str:
    """The first cause of each, and the first thing to do about it."""
    cells: list[tuple[object, ...]] = []
    for row in rows_of(result):
        first: Json = row["causes"][0] if row["causes"] else dict[str, Any]()
        todo = next(iter(first.get("actions", ())), "")
        sure = f"{first['confidence']:.0%}" if first else ""
        said = first.get("summary") or row["summary"] or row["error"]
        state = phrase(f"analysis.{row['verdict'] or row['state']}", asked.language)
        cells.append((to_the_minute(row["created_at"]), state, said, sure, todo))
    columns = ("at", "state", "cause", "sure", "todo")
    return listed(asked, result, "analyses", columns, cells)


def told_patrols(asked: Asked, result: Result) -> str:
    everywhere = phrase("alerting.everywhere", asked.language)
    cells = [
        (
            row["name"],
            ", ".join(row["namespaces"]) or everywhere,
            f"{row['every_s'] // 60} min",
            "" if row["score"] is None else row["score"],
            "" if row["faults"] is None else row["faults"],
            to_the_minute(row["last_at"]),
        )
        for row in rows_of(result)
    ]
    columns = ("patrol", "namespace", "every", "score", "faults", "at")
    return listed(asked, result, "patrols", columns, cells)


def told_patrol(asked: Asked, result: Result) -> str:
    """The report as it was written, which is in the asked language already."""
    heading, _, rest = str(result.data["markdown"]).partition("\n")
    return joined([cited(result, heading.lstrip("# ")), rest.strip().replace("## ", "#### ")])


def told_watches(asked: Asked, result: Result) -> str:
    cells: list[tuple[object, ...]] = []
    for row in rows_of(result):
        terms = row["terms"]
        rule = f"{terms['measure']} {terms['compare']} {terms['threshold']:g}"
        seen: Sequence[Json] = row["seen"] or [{"about": "", "state": "unseen", "measured": None}]
        for one in seen:
            state = phrase(f"watched.{one['state']}", asked.language)
            value = "" if one["measured"] is None else f"{one['measured']:.4g}"
            cells.append((row["name"], rule, one["about"], state, value))
    columns = ("watch", "rule", "who", "state", "value")
    return listed(asked, result, "watches", columns, cells)


def told_lint(asked: Asked, result: Result) -> str:
    remarks: Sequence[Json] = result.data["remarks"]
    total = sum(result.data["counts"].values())
    if not total:
        clean = phrase("alerting.no_lint", asked.language, rules=result.data["rules"])
        return cited(result, clean)
    cells = [
        (phrase(f"lint.{one['level']}", asked.language), one["rule"], one["text"], one["hint"])
        for one in remarks[:ROWS_SHOWN]
    ]
    head = phrase("alerting.lint", asked.language, total=total, rules=result.data["rules"])
    headings = [
        phrase(f"columns.{one}", asked.language) for one in ("level", "rule", "message", "todo")
    ]
    left = total - len(cells)
    more = phrase("rows.more", asked.language, count=left) if left > 0 else ""
    return joined([cited(result, head), table(headings, cells), more])


def told_managers(asked: Asked, result: Result) -> str:
    """A row a member, and below what is not well."""
    rows = rows_of(result)
    cells = [
        (
            row["name"],
            member["address"],
            phrase("alerting.answers" if member["answers"] else "alerting.silent", asked.language),
            member["version"],
            member["peers"],
            member["silences"],
        )
        for row in rows
        for member in row["members"]
    ]
    headings = [
        phrase(f"columns.{one}", asked.language)
        for one in ("cluster", "member", "state", "version", "peers", "silences")
    ]
    problems = [text for row in rows for text in row["problems_in"][asked.language]]
    key = "managers_ill" if problems else "managers_well"
    head = phrase(f"alerting.{key}", asked.language, total=len(cells), count=len(problems))
    return joined([cited(result, head), table(headings, cells[:ROWS_SHOWN]), *problems])


def told_rule_files(asked: Asked, result: Result) -> str:
    cells = [
        (
            row["name"],
            row["version"],
            row["alerts"],
            to_the_minute(row["created_at"]),
            row["created_by"],
        )
        for row in rows_of(result)
    ]
    columns = ("file", "version", "rules", "at", "by")
    return listed(asked, result, "rule_files", columns, cells)


def told_trials(asked: Asked, result: Result) -> str:
    """How often each would have fired; which could not be tried, or had nothing to be tried on."""
    trials: Sequence[Json] = result.data["trials"]
    told = [one for one in trials if not one["failed"]]
    if not trials:
        return cited(result, phrase("alerting.no_trials", asked.language))
    cells = [(one["rule"], one["fired"], one["brief"], one["now"]) for one in told[:ROWS_SHOWN]]
    window = result.data["window"]
    head = phrase("alerting.trials", asked.language, total=len(told), window=window)
    headings = [
        phrase(f"columns.{one}", asked.language) for one in ("rule", "fired", "under_5", "now")
    ]
    blind = [one["rule"] for one in told if one["without_data"]]
    left = [*result.data["untried"], *(one["rule"] for one in trials if one["failed"])]
    notes = [
        phrase(f"alerting.{key}", asked.language, rules=", ".join(names[:ROWS_SHOWN]))
        for key, names in (("trials_blind", blind), ("trials_left", left))
        if names
    ]
    if since := max((one["data_since"] for one in told if one["data_since"]), default=""):
        notes.append(phrase("alerting.trials_short", asked.language, since=to_the_minute(since)))
    more = len(told) - len(cells)
    rest = [phrase("rows.more", asked.language, count=more)] if more > 0 else []
    return joined([cited(result, head), table(headings, cells), *rest, *notes])


def told_silences(asked: Asked, result: Result) -> str:
    cells = [
        (
            row["state"],
            ", ".join(row["matchers"]),
            to_the_minute(row["ends_at"]),
            row["created_by"],
            row["comment"],
            row["catches_now"],
        )
        for row in rows_of(result)
    ]
    columns = ("state", "matchers", "until", "author", "comment", "catches")
    return listed(asked, result, "silences", columns, cells)


def told_preview(asked: Asked, result: Result) -> str:
    """What it would catch, and why it is not set; setting it is a call of its own."""
    data = result.data
    facts = {
        "matchers": code(", ".join(data["matchers"])),
        "until": to_the_minute(data["ends_at"]),
        "count": data["caught_in_all"],
    }
    names = sorted({plain(one["name"]) for one in data["caught"]})
    caught = phrase("alerting.catches", asked.language, names=", ".join(names)) if names else ""
    told = data["objections_in"].get(asked.language) or data["objections"]
    against = bullets(plain(one) for one in told)
    key = "not_set" if against else "not_set_yet"
    verdict = phrase(f"alerting.{key}", asked.language)
    second = phrase("alerting.second", asked.language) if data["needs_second"] else ""
    head = phrase("alerting.preview", asked.language, **facts)
    return joined([cited(result, head), caught, verdict, against, second])


def told_set(asked: Asked, result: Result) -> str:
    silence = result.data["silence"]
    facts = {
        "id": plain(silence["id"]),
        "matchers": code(", ".join(silence["matchers"])),
        "until": to_the_minute(silence["ends_at"]),
        "count": result.data["caught_in_all"],
    }
    head = phrase("alerting.set", asked.language, **facts)
    often = result.data["renewals"] if result.data["note"] else 0
    renewed = phrase("alerting.renewed", asked.language, count=often) if often else ""
    return joined([cited(result, head), renewed])


def told_ended(asked: Asked, result: Result) -> str:
    facts = {
        "id": plain(result.data["id"]),
        "matchers": code(", ".join(result.data["matchers"])),
    }
    return cited(result, phrase("alerting.ended", asked.language, **facts))


def told_channels(asked: Asked, result: Result) -> str:
    cells = [
        (
            row["name"],
            row["kind"],
            row["language"],
            ", ".join(row["tags"]),
            phrase("alerting.on" if row["enabled"] else "alerting.off", asked.language),
        )
        for row in rows_of(result)
    ]
    columns = ("channel", "kind", "language", "tags", "state")
    told = listed(asked, result, "channels", columns, cells)
    return joined([told, why_not_done(asked, result)])


def told_health(asked: Asked, result: Result) -> str:
    cells = [
        (
            row["channel"],
            "" if row["success_rate"] is None else f"{row['success_rate']:.1%}",
            row["tried"],
            "" if row["p95_ms"] is None else f"{row['p95_ms']} ms",
            row["waiting"],
            row["dead"],
            row["last_error"],
        )
        for row in rows_of(result)
    ]
    columns = ("channel", "success", "tries", "p95", "waiting", "dead", "last_error")
    return listed(asked, result, "health", columns, cells)


def told_deliveries(asked: Asked, result: Result) -> str:
    cells = [
        (
            to_the_minute(row["created_at"]),
            row["channel"],
            phrase(f"deliveries.{row['state']}", asked.language),
            row["about"],
            row["error"],
        )
        for row in rows_of(result)
    ]
    columns = ("at", "channel", "state", "about", "message")
    if since := str(result.data.get("since") or ""):
        told = {"since": to_the_minute(since)}
        return listed(asked, result, "deliveries_since", columns, cells, **told)
    return listed(asked, result, "deliveries", columns, cells)


def _told(row: Json, asked: Asked) -> str:
    if row["acknowledged_by"]:
        return phrase("alerting.taken", asked.language, name=plain(row["acknowledged_by"]))
    return phrase("alerting.told" if row["told"] else "alerting.told_nobody", asked.language)


ALERTING: dict[str, Callable[[Asked, Result], str]] = {
    "prometheus_alerts": told_firing,
    "prometheus_rules": told_rules,
    "alerting_list": told_received,
    "alerting_acknowledge": told_taken,
    "alerting_quality": told_quality,
    "alerting_list_patrols": told_patrols,
    "alerting_list_watches": told_watches,
    "alerting_lint_rules": told_lint,
    "alerting_list_alertmanagers": told_managers,
    "alerting_list_rule_files": told_rule_files,
    "alerting_back_test_rules": told_trials,
    "alerting_patrol_report": told_patrol,
    "alerting_list_analyses": told_analyses,
    "alerting_list_silences": told_silences,
    "alerting_preview_silence": told_preview,
    "alerting_create_silence": told_set,
    "alerting_expire_silence": told_ended,
    "channels_list": told_channels,
    "channels_test": told_tried,
    "channels_switch": told_switched,
    "channels_health": told_health,
    "channels_deliveries": told_deliveries,
}
