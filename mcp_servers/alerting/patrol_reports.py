"""The report of one round of a patrol, in Markdown, in the reader's language."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.sentences import Sentences
from core.storage.patrol_records import PatrolRow, PatrolRunRow

WORDS = Sentences("mcp_servers.alerting", "patrol")
Json = Mapping[str, Any]
FAULTS_TOLD = 100
# What Markdown would read as its own in a sentence about names from a cluster.
MARKS = re.compile(r"([\\`*_\[\]<>|#])")
WORST = ("critical", "high", "medium")


def report_of(
    patrol: PatrolRow, run: PatrolRunRow, earlier: Sequence[PatrolRunRow], language: str
) -> str:
    """`earlier` are rounds before it, the newest first."""
    parts = [
        f"# {_said('heading', language, name=_plain(patrol.name))}",
        _summary(run, earlier, language),
        *_faults("new", run, language),
        *_faults("standing", run, language),
        *_faults("cleared", run, language),
        *_faults("unsure", run, language),
        *_history(run, earlier, language),
        _looked(run, language),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _summary(run: PatrolRunRow, earlier: Sequence[PatrolRunRow], language: str) -> str:
    body = run.body
    faults = len(body["new"]) + len(body["standing"])
    where = ", ".join(map(_plain, body["namespaces"])) or _said("everywhere", language)
    facts = {"cluster": _plain(body["cluster"]), "where": where, "at": f"{run.at:%Y-%m-%d %H:%M}"}
    if run.score is None:
        return _said("unseen", language, **facts)
    key = "faults" if faults else "no_faults"
    before = next((one.score for one in earlier if one.score is not None), None)
    told = [
        _said("looked", language, **facts),
        _said("score", language, score=run.score),
        _said(key, language, count=faults, new=len(body["new"])),
        _trend(run.score, before, language),
    ]
    return (" " if language == "en" else "").join(one for one in told if one)


def _trend(now: int, before: int | None, language: str) -> str:
    if before is None:
        return ""
    key = "same" if now == before else "better" if now > before else "worse"
    return _said(key, language, points=abs(now - before), before=before)


def _faults(part: str, run: PatrolRunRow, language: str) -> list[str]:
    rows: list[Json] = sorted(run.body[part], key=_grave)
    if not rows:
        return []
    lines = [_fault(one, language) for one in rows[:FAULTS_TOLD]]
    if len(rows) > FAULTS_TOLD:
        lines.append(f"- {_said('more', language, count=len(rows) - FAULTS_TOLD)}")
    return [f"## {_said(f'part_{part}', language, count=len(rows))}", "\n".join(lines)]


def _fault(one: Json, language: str) -> str:
    severity = _said(f"severity_{one['severity']}", language)
    title = _plain(one["title"].get(language) or one["title"].get("en", ""))
    since = str(one.get("since", ""))[:16].replace("T", " ")
    known = _said("since", language, at=since) if since else ""
    return f"- **{severity}** {title} `{one['rule']}`{known}"


def _history(run: PatrolRunRow, earlier: Sequence[PatrolRunRow], language: str) -> list[str]:
    if not earlier:
        return []
    columns = [_said(f"column_{one}", language) for one in ("at", "score", "new", "all", "gone")]
    rows = [
        (
            f"{one.at:%Y-%m-%d %H:%M}",
            "-" if one.score is None else one.score,
            len(one.body["new"]),
            len(one.body["new"]) + len(one.body["standing"]),
            len(one.body["cleared"]),
        )
        for one in (run, *earlier)
    ]
    lines = [columns, ["---"] * len(columns), *([str(cell) for cell in row] for row in rows)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return [f"## {_said('history', language)}", table]


def _looked(run: PatrolRunRow, language: str) -> str:
    body = run.body
    total = sum(body["checked"].values())
    told = [_said("checked", language, count=total, kinds=len(body["checked"]))]
    if body["skipped"]:
        told.append(_said("skipped", language, what=", ".join(map(_plain, body["skipped"]))))
    return (" " if language == "en" else "").join(told)


def _grave(one: Json) -> tuple[int, str]:
    severity = str(one["severity"])
    return (WORST.index(severity) if severity in WORST else len(WORST), str(one["rule"]))


def _plain(text: object) -> str:
    return MARKS.sub(r"\\\1", " ".join(str(text).split()))


def _said(key: str, language: str, **facts: str | int) -> str:
    return WORDS.said(key, **facts).told(language)
