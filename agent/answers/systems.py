"""What is told of systems as wholes: what depends on what, unusual metrics, findings, incidents."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from agent.answers.failures import told_reason
from agent.answers.markdown import Marks, bullets, code, joined, plain, section, table
from agent.asked import Asked
from agent.planning_systems import TOPICS, topic_of
from agent.toolbox import Result
from agent.wording import phrase

Json = Mapping[str, Any]

ROWS_SHOWN = 25
# What is a dependency to whoever asks; that pods belong to their deployment is not.
CALLS = ("call", "route")
NEEDS = ("mount", "reference", "node", "network_policy", "scale")


def told_dependencies(asked: Asked, result: Result) -> str:
    """Around a name: who needs it and what it needs. Of a place: every call."""
    rows: Sequence[Json] = result.data.get("rows") or []
    named: Sequence[Json] = result.data.get("focus") or []
    focus = [_place(one) for one in named]
    if not focus:
        return _calls(asked, result, [row for row in rows if row["kind"] in CALLS])
    callers = [row for row in rows if row["kind"] in CALLS and _place(row["dependency"]) in focus]
    called = [row for row in rows if row["kind"] in CALLS and _place(row["dependent"]) in focus]
    needed = [row for row in rows if row["kind"] in NEEDS and _place(row["dependent"]) in focus]
    name = plain(asked.name)
    facts = {"name": name, "callers": len(callers), "called": len(called)}
    return joined(
        [
            phrase("systems.around", asked.language, **facts),
            section(
                phrase("systems.callers", asked.language), _edges(callers, "dependent", result)
            ),
            section(phrase("systems.called", asked.language), _edges(called, "dependency", result)),
            section(phrase("systems.needed", asked.language), _edges(needed, "dependency", result)),
            _not_checked(asked, result),
        ]
    )


def _edges(rows: Iterable[Json], end: str, result: Result) -> str:
    return bullets(f"{_named(row[end])}: {_shown(row, result)}" for row in rows)


def _shown(row: Json, result: Result) -> str:
    """By what a dependency is known, with its numbers."""
    told = [f"{code(one['text'], 110)} {_mark(one, result)}" for one in row["evidence"][:2]]
    return "; ".join(told)


def _calls(asked: Asked, result: Result, rows: Sequence[Json]) -> str:
    if not rows:
        mark = f" [{result.whole}]" if result.whole else ""
        return phrase("systems.no_calls", asked.language) + mark
    cells = [
        (_named(row["dependent"]), _named(row["dependency"]), _marks(row, result)) for row in rows
    ]
    head = phrase("systems.calls", asked.language, total=len(rows))
    return joined([head, _table(asked, ("caller", "called", "evidence"), cells)])


def told_unusual(asked: Asked, results: Sequence[Result]) -> str:
    """The unusual metrics of every service that was looked into, the gravest first."""
    looked = [one for one in results if one.ok]
    every = [(one, row) for one in looked for row in one.data.get("rows") or ()]
    odd = sorted((one for one in every if one[1]["flagged"]), key=_gravity)
    names = ", ".join(plain(one.arguments.get("name", "")) for one in looked)
    facts = {"odd": len(odd), "total": len(every), "names": names}
    if not odd:
        marks = "".join(f"[{one.whole}]" for one in looked if one.whole)
        return f"{phrase('systems.nothing_unusual', asked.language, **facts)} {marks}".strip()
    cells = [_odd(asked, one, row) for one, row in odd]
    columns = ("service", "metric", "severity", "worst", "expected", "at", "moved", "evidence")
    return joined(
        [
            phrase("systems.unusual", asked.language, **facts),
            _table(asked, columns, cells),
            *(_not_checked(asked, one) for one in looked),
        ]
    )


def _odd(asked: Asked, result: Result, row: Json) -> Sequence[str]:
    moved: Sequence[Json] = row["change_points"]
    level = " → ".join(_amount(row, moved[-1][key]) for key in ("before", "after")) if moved else ""
    mark = Marks(f"[{result.whole}]" if result.whole else "")
    name = str(result.arguments.get("name", ""))
    return name, str(row["signal"]), _severity(asked, row), *_worst(row), level, mark


def _worst(row: Json) -> tuple[str, str, str]:
    """The value that is furthest from what was expected, that, and when."""
    points: list[Json] = sorted(row["points"], key=lambda one: -abs(one["score"]))
    if not points:
        return "", "", ""
    first = points[0]
    worst, expected = (_amount(row, first[key]) for key in ("value", "expected"))
    return worst, expected, str(first["at"])[11:16]


def _amount(row: Json, value: float) -> str:
    return f"{value / (1 << 20):.4g} MiB" if "bytes" in row["signal"] else f"{value:.4g}"


def _severity(asked: Asked, row: Json) -> str:
    return phrase(f"severity.{row['severity']}", asked.language)


def _gravity(one: tuple[Result, Json]) -> int:
    return ("critical", "high", "medium", "low").index(one[1]["severity"] or "low")


def told_findings(asked: Asked, result: Result) -> str:
    topic = topic_of(asked)
    findings: Sequence[Json] = [
        one for one in result.data.get("findings") or () if _is_wanted(one, topic)
    ]
    if topic:
        return _of_topic(asked, result, topic, findings)
    if not findings:
        mark = f" [{result.whole}]" if result.whole else ""
        return phrase("systems.no_findings", asked.language) + mark
    return _found(asked, result, findings, "systems.findings")


def _found(asked: Asked, result: Result, findings: Sequence[Json], key: str) -> str:
    cells = [
        (
            _severity(asked, one),
            str(one.get("since") or "")[:16].replace("T", " "),
            one["title"],
            _marks(one, result),
        )
        for one in findings
    ]
    head = phrase(key, asked.language, total=len(findings))
    columns = ("severity", "since", "finding", "evidence")
    return joined([head, _table(asked, columns, cells), _not_checked(asked, result)])


def _is_wanted(finding: Json, topic: str) -> bool:
    """Of one sort, notes too; of everything, the faults."""
    return finding["rule"].startswith(TOPICS[topic][1]) if topic else finding.get("fault", True)


def _of_topic(asked: Asked, result: Result, topic: str, findings: Sequence[Json]) -> str:
    """What was found of one sort; else how many objects were looked at for it."""
    if findings:
        return _found(asked, result, findings, f"systems.{topic}")
    mark = f" [{result.whole}]" if result.whole else ""
    looked = int(result.data.get("checked", {}).get("Secret", 0))
    told = phrase(f"systems.no_{topic}", asked.language, looked=looked)
    return joined([told + mark, _not_checked(asked, result)])


def told_incidents(asked: Asked, result: Result) -> str:
    rows: Sequence[Json] = result.data.get("rows") or []
    mark = f" [{result.whole}]" if result.whole else ""
    if not rows:
        return phrase("systems.no_incidents", asked.language) + mark
    cells = [
        (
            one["id"],
            str(one["last_found"])[:16].replace("T", " "),
            one["times_found"],
            one["summary"],
        )
        for one in rows
    ]
    head = phrase("systems.incidents", asked.language, total=len(rows)) + mark
    return joined([head, _table(asked, ("incident", "last_found", "times", "finding"), cells)])


def _table(asked: Asked, columns: Sequence[str], cells: Sequence[Sequence[object]]) -> str:
    headings = [phrase(f"columns.{one}", asked.language) for one in columns]
    left = len(cells) - ROWS_SHOWN
    more = phrase("rows.more", asked.language, count=left) if left > 0 else ""
    return joined([table(headings, cells[:ROWS_SHOWN]), more])


def _not_checked(asked: Asked, result: Result) -> str:
    skipped: Sequence[Json] = result.data.get("skipped") or []
    told = bullets(
        f"{plain(one['what'])}: {told_reason(one['why'], asked.language)}" for one in skipped[:5]
    )
    return section(phrase("rca.not_checked", asked.language), told)


def _marks(row: Json, result: Result) -> Marks:
    return Marks("".join(dict.fromkeys(_mark(one, result) for one in row["evidence"][:2])))


def _mark(evidence: Json, result: Result) -> str:
    n = result.numbers.get(str(evidence["id"]))
    return f"[{n}]" if n else ""


def _place(ref: Json) -> tuple[str, str, str]:
    return ref["kind"], ref.get("namespace") or "", ref["name"]


def _named(ref: Json) -> str:
    return " ".join(_parts(ref))


def _parts(ref: Json) -> Iterator[str]:
    yield str(ref["kind"])
    yield f"{ref['namespace']}/{ref['name']}" if ref.get("namespace") else str(ref["name"])
