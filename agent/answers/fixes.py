"""Plans and changes in an answer: what would be done, what it risks, who has to say yes."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.answers.markdown import bullets, code, fenced, joined, plain, section, table
from agent.asked import Asked
from agent.intents import Language
from agent.planning_fixes import (
    APPLY,
    CHANGES,
    PLAN,
    PLANS_LIST,
    ROLLBACK,
    SHOW_CHANGE,
    SHOW_PLAN,
    STOP,
    UNFINISHED,
    waiting_alone,
)
from agent.toolbox import Result
from agent.wording import phrase

Json = Mapping[str, Any]
DIFF_LINES = 60
LINES_SHOWN = 10
# A plan that may still be carried out.
OPEN = ("proposed", "approved")


def told_plan(asked: Asked, result: Result) -> str:
    """A plan with its diff, risks and checks, and how it is approved; or why there is none."""
    plan, language = result.data, asked.language
    if plan.get("refused") and not plan["steps"]:
        return _refused(asked, plan)
    key = "fixes.plan" if plan["status"] in (*OPEN, "refused") else "fixes.closed_plan"
    head = phrase(key, language, title=plain(plan["title"]), risk=_risk(plan, language))
    return joined(
        [
            f"{head}{_mark(result)}",
            *(_step(step) for step in plan["steps"]),
            section(phrase("fixes.checks", language), _checks(plan)),
            _tried(plan),
            _how_on(asked, plan),
        ]
    )


def plan_unshown(asked: Asked, results: Sequence[Result], spoken: str) -> str:
    """A plan that was made and whose change an answer does not show in full, as it should be shown.

    Nobody should say yes to what a model makes of a plan: its lines are told by rule.
    """
    made = [one for one in results if one.ok and one.tool in (PLAN, SHOW_PLAN)]
    plan: Json = made[-1].data if made else {}
    if not plan.get("plan_id") or plan["status"] not in OPEN:
        return ""
    shown = {line.strip() for line in spoken.splitlines()}
    changed = [
        line.strip()
        for step in plan["steps"]
        for line in step["diff"].splitlines()[:DIFF_LINES]
        if line[:1] in ("+", "-") and line[:3] not in ("+++", "---")
    ]
    is_shown = plan["plan_id"] in spoken and all(line in shown for line in changed)
    return "" if is_shown else told_plan(asked, made[-1])


def told_change(asked: Asked, result: Result) -> str:
    """How a change ended, or how far it is."""
    change, language = result.data, asked.language
    target = change["target"]
    facts = {
        "change": change["change_id"],
        "object": code(f"{target['kind']} {target['namespace']}/{target['name']}"),
    }
    lines = [
        phrase(f"fixes.ended_{change['status']}", language, **facts) + _mark(result),
        plain(change["detail_in"].get(language) or change["detail"]),
        plain(change["progress_in"].get(language, "")),
        bullets(plain(one) for one in change["audit_in"].get(language) or change["audit"]),
    ]
    if change["status"] == "verified":
        lines.append(phrase("fixes.take_back", language, change=change["change_id"]))
    if change["status"] in UNFINISHED:
        lines.append(phrase("fixes.follow", language, change=change["change_id"]))
    return joined(lines)


def told_changes(asked: Asked, result: Result) -> str:
    """What was changed, and how the last that holds is taken back."""
    rows: Sequence[Json] = result.data.get("rows") or []
    if not rows:
        return phrase("fixes.no_changes", asked.language) + _mark(result)
    cells = [
        (one["change_id"], str(one["started_at"])[:16], one["fix"], _object(one), one["status"],
         one["approvers"] or "-")
        for one in rows[:LINES_SHOWN]
    ]  # fmt: skip
    heads = phrase("fixes.change_columns", asked.language).split(" | ")
    last = next((one for one in rows if one["status"] == "verified"), None)
    back = phrase("fixes.take_back", asked.language, change=last["change_id"]) if last else ""
    return joined([table(heads, cells) + _mark(result), back])


def told_plans(asked: Asked, result: Result) -> str:
    rows: Sequence[Json] = result.data.get("rows") or []
    if rows and waiting_alone(asked):
        rows = [one for one in rows if one["status"] == "proposed"]
        if not rows:
            return phrase("fixes.none_waits", asked.language) + _mark(result)
    if not rows:
        return phrase("fixes.no_plans", asked.language) + _mark(result)
    cells = [
        (one["plan_id"], phrase(f"fixes.plan_{one['status']}", asked.language), one["risk"],
         one["title"], _object(one), one["requester"])
        for one in rows[:LINES_SHOWN]
    ]  # fmt: skip
    heads = phrase("fixes.plan_columns", asked.language).split(" | ")
    return table(heads, cells) + _mark(result)


def told_switch(asked: Asked, result: Result) -> str:
    """Whether anything may be written, and how that is changed."""
    stands = result.data
    if stands["writing"]:
        return phrase("fixes.writing", asked.language) + _mark(result)
    why = plain(stands["reason_in"].get(asked.language) or stands["reason"])
    return phrase("fixes.stopped", asked.language, why=why) + _mark(result)


def _object(row: Json) -> str:
    target = row["target"]
    return f"{target['kind']} {target['namespace']}/{target['name']}"


def _risk(plan: Json, language: Language) -> str:
    return phrase(f"fixes.risk_{plan['risk']}", language)


def _mark(result: Result) -> str:
    return f" [{result.whole}]" if result.whole else ""


def _refused(asked: Asked, plan: Json) -> str:
    refused, proposal = plan["refused"], plan["proposal"]
    parts = [
        phrase("fixes.refused", asked.language),
        plain(f"{refused['message']} {refused['hint']}".strip(), 900),
    ]
    if proposal:
        parts += [phrase("fixes.by_person", asked.language), _diff(proposal["diff"])]
    return joined(parts)


def _step(step: Json) -> str:
    facts = bullets(plain(one) for one in step["risk"]["facts"])
    return joined([f"{step['n']}. {plain(step['action'])}", _diff(step["diff"]), facts])


def _diff(text: str) -> str:
    return fenced(text.splitlines()[:DIFF_LINES], "diff") if text else ""


def _checks(plan: Json) -> str:
    return bullets(
        f"{'✓' if one['ok'] else '✗'} {plain(one['detail'])}" for one in plan["preflight"]
    )


def _tried(plan: Json) -> str:
    """How it went on a copy of the cluster, and what that cannot tell."""
    found = plan.get("rehearsal")
    return joined(plain(found[one], 600) for one in ("said", "cannot_know")) if found else ""


def _how_on(asked: Asked, plan: Json) -> str:
    """What happens next; nothing has been changed so far."""
    name, language, approval = plan["plan_id"], asked.language, plan["approval"]
    if not name:
        return phrase("fixes.not_kept", language)
    if plan["status"] not in OPEN:
        key = "fixes.carried_out" if plan["status"] == "taken" else "fixes.closed"
        status = phrase(f"fixes.plan_{plan['status']}", language)
        return phrase(key, language, plan=name, status=status)
    if plan["status"] == "approved" or not approval["required"]:
        return phrase("fixes.may_go", language, plan=name)
    until = str(approval["expires_at"])[11:16]
    told = phrase("fixes.waits", language, plan=name, who=plain(approval["approvers"]), until=until)
    typed = plan["steps"][0]["target"]["name"]
    more = phrase("fixes.typed", language, name=typed) if approval["typed_name"] else ""
    return joined([told, more])


TELLERS = {
    PLAN: told_plan,
    SHOW_PLAN: told_plan,
    APPLY: told_change,
    SHOW_CHANGE: told_change,
    ROLLBACK: told_change,
    CHANGES: told_changes,
    PLANS_LIST: told_plans,
    STOP: told_switch,
}
