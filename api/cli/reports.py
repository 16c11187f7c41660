"""Findings and causes as text for a terminal."""

from collections.abc import Iterable, Mapping
from typing import Any

from api.cli.words import word

Row = Mapping[str, Any]

FOLDED = ("low", "info")


def findings_text(report: Row, language: str, *, notes: bool = False) -> str:
    """Every finding with its evidence and fix, low notes folded into one line unless `notes`; a
    clean scope says what was checked."""
    shown = [one for one in report["findings"] if notes or one["severity"] not in FOLDED]
    parts = [*_verdict_on(report, language)]
    for finding in shown:
        parts += [*_finding(finding, language), ""]
    if report["more"] and notes:
        parts += [word("and_more", language, count=report["more"]), ""]
    if report["folded"] and not notes:
        parts += [_folded(report["folded"], language), ""]
    return "\n".join([*parts, *_unchecked(report, "skipped", language)]).rstrip()


def _verdict_on(report: Row, language: str) -> list[str]:
    """One sentence when no fault was found; faults speak for themselves."""
    scope = ", ".join(report["scope"]["namespaces"]) or word("everywhere", language)
    if report["verdict"] == "insufficient_data":
        return [word("unseen", language, scope=scope), ""]
    if report["verdict"] == "found":
        return []
    checked = ", ".join(f"{kind} {count}" for kind, count in report["checked"].items())
    return [word("none_found", language, scope=scope, checked=checked or "0"), ""]


def _folded(counts: Mapping[str, int], language: str) -> str:
    rules = ", ".join(f"{rule} ({count})" for rule, count in counts.items())
    return word("notes", language, count=sum(counts.values()), rules=rules)


def causes_text(report: Row, language: str) -> str:
    """The verdict, the ranked causes, and what was ruled out or could not be seen."""
    parts = [f"{word('verdict_' + report['verdict'], language)}: {report['summary']}", ""]
    for cause in report["root_causes"]:
        parts += [*_cause(cause, language), ""]
    if report["ruled_out"]:
        parts.append(f"{word('ruled_out', language)}:")
        parts += [f"  - {row['hypothesis']}: {row['why']}" for row in report["ruled_out"]]
    if report["timeline"]:
        parts += ["", f"{word('timeline', language)}:"]
        parts += [f"  {row['at']}  {row['text']}" for row in report["timeline"]]
    return "\n".join([*parts, *_unchecked(report, "not_checked", language)]).rstrip()


def _finding(finding: Row, language: str) -> list[str]:
    since = f", {word('since', language)} {finding['since']}" if finding.get("since") else ""
    note = "" if finding["fault"] else f" ({word('a_note', language)})"
    head = f"{finding['severity'].upper()}  {_resource(finding['resource'])}  {finding['rule']}"
    lines = [f"{head}{note}{since}", f"  {finding['title']}", f"  {finding['cause']}"]
    lines += _evidence(finding["evidence"])
    fix = finding.get("fix")
    return [*lines, f"  {word('fix', language)}: {fix['summary']}"] if fix else lines


def _cause(cause: Row, language: str) -> list[str]:
    sure = f"{word('confidence', language)} {cause['confidence']:.0%}"
    lines = [
        f"{cause['rank']}. {_resource(cause['resource'])}  {cause['rule']}  ({sure})",
        f"  {cause['summary']}",
        *_evidence(cause["evidence"]),
    ]
    advice = [row["description"] or row["action"] for row in cause["recommendations"]]
    return lines + [f"  {word('recommended', language)}: {one}" for one in advice]


def _evidence(rows: Iterable[Row]) -> list[str]:
    return [f"    [{row['id']}] {row['source']} {row['ref']}: {row['text']}" for row in rows]


def _unchecked(report: Row, field: str, language: str) -> list[str]:
    """What was not looked at and why; below it the rules that would allow it, ready to paste."""
    told = [f"  - {row['what']}: {row['why']}" for row in report[field]]
    rules = ["", report["rbac"]] if report.get("rbac") else []
    return ["", f"{word('not_checked', language)}:", *told, *rules] if told else []


def _resource(resource: Row) -> str:
    namespace = f"{resource['namespace']}/" if resource.get("namespace") else ""
    return f"{resource.get('kind', '')} {namespace}{resource.get('name', '')}".strip()


def analysis_lines(one: Row, language: str) -> list[str]:
    """An analysis as text."""
    state = word(f"analysis_{one['state']}", language)
    said = one["summary"] or one["error"]
    lines = [word("analysis_head", language, id=one["id"], state=state), *([said] if said else [])]
    if one["withheld"]:
        lines.append(word("analysis_withheld", language))
    for cause in one["causes"]:
        percent = f"{100 * cause['confidence']:.0f}"
        lines.append(word("analysis_cause", language, percent=percent, **cause))
        lines += [f"    - {action}" for action in cause["actions"]]
    for like in one["similar"]:
        facts = {**like, "at": str(like["starts_at"])[:16].replace("T", " ")}
        lines.append(word(f"analysis_same_{like['same']}", language, **facts))
    if one["incident_id"]:
        lines.append(word("analysis_incident", language, id=one["incident_id"]))
    return lines
