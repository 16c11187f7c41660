"""Lists told: a sentence that answers, a table, and the number of the result they stand on."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agent.answers.failures import translated
from agent.answers.markdown import code, fenced, joined, plain, table
from agent.asked import Asked
from agent.toolbox import Result
from agent.wording import phrase

Json = Mapping[str, Any]
ROWS_SHOWN = 25


def told_pods(asked: Asked, result: Result) -> str:
    rows = _about(asked, result)
    restarted = [row for row in rows if row["restarts"]]
    facts = {"total": len(rows), "examined": _examined(asked, result), "count": len(restarted)}
    if "restart" in asked.question.lower() or "重启" in asked.question:
        if not restarted:
            return _cited(result, phrase("rows.no_restarts", asked.language, **facts))
        rows = sorted(restarted, key=lambda row: -row["restarts"])
        head = phrase("rows.pods_restarted", asked.language, **facts)
    else:
        facts["total"] = _total(result, rows)
        head = phrase("rows.pods", asked.language, **facts)
    if not rows:
        return _nothing(asked, result)
    cells = [
        (
            row["namespace"],
            row["name"],
            row["status"],
            row["ready_containers"],
            row["restarts"],
            _last_restart(row),
            row["node"],
            _age(row),
        )
        for row in rows
    ]
    columns = ("namespace", "pod", "status", "ready", "restarts", "last restart", "node", "age")
    return _listed(asked, result, head, columns, cells)


def told_workloads(asked: Asked, result: Result) -> str:
    rows = _about(asked, result)
    if not rows:
        return _nothing(asked, result)
    if asked.name and len(rows) == 1:
        row = rows[0]
        facts = {key: row.get(key) for key in ("name", "namespace", "ready", "desired", "state")}
        images = ", ".join(row["images"])
        return _cited(result, phrase("rows.named", asked.language, **facts, images=images))
    head = phrase(
        "rows.workloads",
        asked.language,
        total=_total(result, rows),
        examined=_examined(asked, result),
    )
    cells = [
        (
            row["namespace"],
            f"{row['kind']}/{row['name']}",
            _ready(row),
            row["state"],
            ", ".join(row["images"]),
            _age(row),
        )
        for row in rows
    ]
    columns = ("namespace", "workload", "ready", "state", "images", "age")
    return _listed(asked, result, head, columns, cells)


def told_nodes(asked: Asked, result: Result) -> str:
    rows = _about(asked, result)
    ready = sum(bool(row["state"].startswith("Ready")) for row in rows)
    head = phrase("rows.nodes", asked.language, total=len(rows), ready=ready)
    cells = [
        (
            row["name"],
            row["state"],
            row.get("pods"),
            row["cpu_cores"],
            _bytes(row["memory_bytes"]),
            ", ".join(row["taints"]),
            _age(row),
        )
        for row in rows
    ]
    columns = ("node", "state", "pods", "CPU cores", "memory", "taints", "age")
    return _listed(asked, result, head, columns, cells) if rows else _nothing(asked, result)


def told_namespaces(asked: Asked, result: Result) -> str:
    rows = _rows(result)
    head = phrase("rows.namespaces", asked.language, total=_total(result, rows))
    cells = [
        (row["name"], row["phase"], row.get("pods"), row.get("unhealthy_pods"), _age(row))
        for row in rows
    ]
    columns = ("namespace", "phase", "pods", "unhealthy pods", "age")
    return _listed(asked, result, head, columns, cells)


def told_events(asked: Asked, result: Result) -> str:
    rows = _rows(result)
    if not rows:
        return _nothing(asked, result)
    head = phrase(
        "rows.events", asked.language, total=_total(result, rows), examined=_examined(asked, result)
    )
    cells = [
        (
            _ago(row["last_ago_s"]),
            row["type"],
            row["reason"],
            f"{row['kind']} {row['namespace']}/{row['name']}",
            row["count"],
            row["message"],
        )
        for row in rows
    ]
    columns = ("last seen", "type", "reason", "object", "count", "message")
    return _listed(asked, result, head, columns, cells)


def told_changes(asked: Asked, result: Result) -> str:
    rows, examined = _rows(result), _examined(asked, result)
    if not rows:
        return _cited(result, phrase("rows.no_changes", asked.language, examined=examined))
    head = phrase("rows.changes", asked.language, total=_total(result, rows), examined=examined)
    cells = [
        (
            _ago(row["ago_s"]),
            row["kind"],
            f"{row['target_kind']} {row['namespace']}/{row['name']}",
            translated(row["summary"], asked.language),
            row["author"],
        )
        for row in rows
    ]
    told = _listed(asked, result, head, ("ago", "kind", "object", "change", "author"), cells)
    skipped: Sequence[str] = result.data.get("not_checked") or []
    about = phrase("rca.not_checked", asked.language)
    left_out = (
        phrase("rca.remark", asked.language, about=about, told=plain(one)) for one in skipped
    )
    return joined([told, *(f"_{one}_" for one in left_out)])


def told_usage(asked: Asked, result: Result) -> str:
    rows = _about(asked, result)
    if not rows:
        return _nothing(asked, result)
    what = result.arguments.get("by", "memory")
    source = result.data.get("source", "")
    head = phrase("rows.usage", asked.language, what=what, source=source)
    cells = [
        (
            row["namespace"],
            row["name"],
            f"{row['cpu_cores']:.3g}",
            _percent(row["cpu_percent"]),
            _bytes(row["memory_bytes"]),
            _percent(row["memory_percent"]),
        )
        for row in rows
    ]
    columns = ("namespace", "name", "CPU cores", "of limit", "memory", "of limit")
    return _listed(asked, result, head, columns, cells)


def told_logs(asked: Asked, result: Result) -> str:
    data = result.data
    place = f"{data['namespace']}/{data['pod']}/{data['container']}"
    lines: Sequence[Json] = data["lines"]
    if not lines:
        return _cited(result, phrase("rows.no_lines", asked.language, place=place))
    head = _cited(result, phrase("rows.logs", asked.language, place=f"`{place}`"))
    told = [f"{(line['at'] or '')[:19]} {line['text']}".strip() for line in lines]
    return joined([head, fenced(told), f"_{plain(data['note'])}_" if data.get("note") else ""])


def told_log_patterns(asked: Asked, result: Result) -> str:
    data = result.data
    place = f"{data['namespace']}/{data['pod']}/{data['container']}"
    rows: Sequence[Json] = data["patterns"]
    if not rows:
        return _cited(result, phrase("rows.no_lines", asked.language, place=place))
    since = result.arguments.get("new_since")
    facts = {"place": f"`{place}`", "kinds": data["kinds"], "lines": data["read"]}
    cells = [
        (
            *((phrase(f"shift.{row['change'] or 'same'}", asked.language),) if since else ()),
            row["count"],
            row["level"],
            (row["last"] or "")[:19],
            code(row["template"], 118),
        )
        for row in rows
    ]
    columns = (*(("shift",) if since else ()), "count", "level", "last seen", "line")
    head = phrase("rows.log_patterns", asked.language, **facts)
    told = _listed(asked, result, head, columns, cells)
    return joined([told, translated(plain(data.get("note") or ""), asked.language)])


def told_history(asked: Asked, result: Result) -> str:
    data = result.data
    place = f"{data['kind']} {data['namespace']}/{data['name']}"
    head = phrase("rows.history", asked.language, place=place, current=data["current"])
    cells = [
        (
            row["revision"],
            _ago(row["created_ago_s"]),
            row["replicas"],
            ", ".join(row["images"]),
            "; ".join(row["changes"]),
        )
        for row in data["revisions"]
    ]
    columns = ("revision", "created", "pods now", "images", "changes")
    return _listed(asked, result, head, columns, cells)


def _listed(
    asked: Asked,
    result: Result,
    head: str,
    columns: Sequence[str],
    cells: Sequence[Sequence[object]],
) -> str:
    shown = cells[:ROWS_SHOWN]
    every = _total(result, cells)
    more = phrase("rows.more", asked.language, count=every - len(shown))
    more = more if every > len(shown) else ""
    headings = [phrase(f"columns.{one.replace(' ', '_')}", asked.language) for one in columns]
    return joined([_cited(result, head), table(headings, shown), more])


def _rows(result: Result) -> list[Json]:
    return list(result.data.get("rows") or [])


def _about(asked: Asked, result: Result) -> list[Json]:
    """The rows of what was asked about; all, when it turned out to be the namespace."""
    rows = _rows(result)
    if not asked.name or result.arguments.get("namespace") == asked.name:
        return rows
    return [row for row in rows if asked.means(row)]


def _total(result: Result, rows: Sequence[object]) -> int:
    """All there are, shown or not; of a choice among the rows, only how many that are."""
    total = int(result.data.get("total") or 0)
    return max(total, len(rows)) if len(_rows(result)) == len(rows) else len(rows)


def _nothing(asked: Asked, result: Result) -> str:
    examined = _examined(asked, result)
    told = f"{examined}, {asked.name}" if asked.name else examined
    return _cited(result, phrase("rows.none", asked.language, examined=told))


def _examined(asked: Asked, result: Result) -> str:
    return translated(plain(result.data.get("examined") or result.tool), asked.language)


def _cited(result: Result, sentence: str) -> str:
    return f"{sentence} [{result.whole}]" if result.whole else sentence


def _ready(row: Json) -> str:
    return "" if row["desired"] is None else f"{row['ready']}/{row['desired']}"


def _last_restart(row: Json) -> str:
    last = row.get("last_restart")
    return f"{last['reason']} (exit {last['exit_code']}), {_ago(last['ago_s'])}" if last else ""


def _percent(value: int | None) -> str:
    return "" if value is None else f"{value} %"


def _age(row: Json) -> str:
    return _ago(row.get("age_s"))


def _ago(seconds: int | None) -> str:
    if seconds is None:
        return ""
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _bytes(count: float) -> str:
    for unit, size in (("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)):
        if count >= size:
            return f"{count / size:.4g}{unit}"
    return f"{count:g}"


TELLERS: dict[str, Callable[[Asked, Result], str]] = {
    "kubernetes_list_pods": told_pods,
    "kubernetes_list_workloads": told_workloads,
    "kubernetes_list_nodes": told_nodes,
    "kubernetes_list_namespaces": told_namespaces,
    "kubernetes_list_events": told_events,
    "kubernetes_what_changed": told_changes,
    "kubernetes_top": told_usage,
    "kubernetes_get_logs": told_logs,
    "kubernetes_log_patterns": told_log_patterns,
    "kubernetes_rollout_history": told_history,
}
