"""Lists told: a sentence that answers, a table, and the number of the result they stand on."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agent.answers.amounts import as_bytes
from agent.answers.comparing import of_names, usage_side_by_side
from agent.answers.failures import translated
from agent.answers.lengths import in_words
from agent.answers.listing import ago, cited
from agent.answers.logs import told_logs
from agent.answers.markdown import code, joined, plain, table
from agent.answers.within import changes_within, events_within
from agent.asked import Asked
from agent.durations import length_of
from agent.planning_lacking import OF_RESTARTS, asks_uptime, in_image
from agent.planning_metrics import how_many
from agent.toolbox import Result
from agent.wording import phrase

Json = Mapping[str, Any]
ROWS_SHOWN = 25


def told_pods(asked: Asked, result: Result) -> str:
    rows = _about(asked, result)
    restarted = [row for row in rows if row["restarts"]]
    facts = {"total": len(rows), "examined": _examined(asked, result), "count": len(restarted)}
    if OF_RESTARTS.search(asked.said) and not asks_uptime(asked.said):
        if not _lately(asked, restarted):
            return cited(result, phrase("rows.no_restarts", asked.language, **facts))
        rows = sorted(_lately(asked, restarted), key=lambda row: -row["restarts"])
        facts["count"] = len(rows)
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


def _lately(asked: Asked, restarted: Sequence[Json]) -> list[Json]:
    """Those whose last restart lies within the time asked about; all where none is said."""
    if not asked.window:
        return list(restarted)
    within = length_of(asked.window).total_seconds()
    return [
        row
        for row in restarted
        if row.get("last_restart") and row["last_restart"]["ago_s"] <= within
    ]


def told_workloads(asked: Asked, result: Result) -> str:
    if image := in_image(asked):
        return _told_of_image(asked, result, image)
    rows = _about(asked, result)
    if what := str(result.arguments.get("lacking") or ""):
        return _told_lacking(asked, result, what)
    if not rows:
        return _nothing(asked, result)
    if asked.name and len(rows) == 1:
        row = rows[0]
        facts = {key: row.get(key) for key in ("name", "namespace", "ready", "desired", "state")}
        images = ", ".join(row["images"])
        return cited(result, phrase("rows.named", asked.language, **facts, images=images))
    head = phrase(
        "rows.workloads",
        asked.language,
        total=_total(result, rows),
        examined=_examined(asked, result),
    )
    return _workloads(asked, result, head, rows)


def _workloads(asked: Asked, result: Result, head: str, rows: Sequence[Json]) -> str:
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


def _told_of_image(asked: Asked, result: Result, image: str) -> str:
    """Those whose image has that in its name, of the kind that is asked for where it is one of theirs."""
    every = _rows(result)
    kinds = {row["kind"] for row in every} & {asked.kind_of_many} or {row["kind"] for row in every}
    rows = [
        row
        for row in every
        if row["kind"] in kinds and any(image in one.lower() for one in row["images"])
    ]
    key = "rows.of_image" if rows else "rows.none_of_image"
    facts = {"total": len(rows), "image": code(image), "examined": _examined(asked, result)}
    head = phrase(key, asked.language, **facts)
    return _workloads(asked, result, head, rows) if rows else cited(result, head)


def _told_lacking(asked: Asked, result: Result, what: str) -> str:
    """Those that do not set something, with the containers that do not."""
    rows = _about(asked, result)
    key = "lacking" if rows else "none_lacking"
    facts = {"total": _total(result, rows), "examined": _examined(asked, result)}
    missing = phrase(f"lacking.{what}", asked.language)
    head = phrase(f"rows.{key}", asked.language, what=missing, **facts)
    if not rows:
        return cited(result, head)
    filled = "" if what.endswith("_probe") else phrase("rows.filled_in", asked.language)
    cells = [
        (row["namespace"], f"{row['kind']}/{row['name']}", ", ".join(row["lacking"]), _ready(row))
        for row in rows
    ]
    columns = ("namespace", "workload", "containers", "ready")
    return joined([_listed(asked, result, head, columns, cells), filled])


def told_objects(asked: Asked, result: Result) -> str:
    """Of any kind, in the columns that the API server prints it in."""
    rows = _about(asked, result)
    if not rows:
        return _nothing(asked, result)
    told = _examined(asked, result)
    head = phrase("rows.objects", asked.language, total=_total(result, rows), examined=told)
    names = list(dict.fromkeys(name for row in rows for name in row["cells"]))
    places = ("namespace",) if any(row["namespace"] for row in rows) else ()
    headings = [phrase(f"columns.{one}", asked.language) for one in (*places, "name")]
    headings += [*names, phrase("columns.age", asked.language)]
    cells = [
        (
            *((row["namespace"],) if places else ()),
            row["name"],
            *(row["cells"].get(name, "") for name in names),
            _age(row),
        )
        for row in rows
    ]
    return _tabled(asked, result, head, headings, cells)


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
            as_bytes(row["memory_bytes"]),
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
    rows, when = events_within(asked, _rows(result))
    if not rows:
        return joined([_nothing(asked, result), when])
    head = phrase(
        "rows.events", asked.language, total=_total(result, rows), examined=_examined(asked, result)
    )
    cells = [
        (
            ago(row["last_ago_s"]),
            row["type"],
            row["reason"],
            f"{row['kind']} {row['namespace']}/{row['name']}",
            row["count"],
            row["message"],
        )
        for row in rows
    ]
    columns = ("last seen", "type", "reason", "object", "count", "message")
    return joined([_listed(asked, result, head, columns, cells), when])


def told_changes(asked: Asked, result: Result) -> str:
    examined = _examined(asked, result)
    rows, when = changes_within(asked, _rows(result))
    if not rows:
        nothing = phrase("rows.no_changes", asked.language, examined=examined)
        return joined([cited(result, nothing), when])
    head = phrase("rows.changes", asked.language, total=_total(result, rows), examined=examined)
    cells = [
        (
            ago(row["ago_s"]),
            phrase(f"change_kind.{row['kind']}", asked.language),
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
    return joined([told, when, *(f"_{one}_" for one in left_out)])


def told_usage(asked: Asked, result: Result) -> str:
    rows = _about(asked, result)
    if not rows:
        return _nothing(asked, result)
    by, source = result.arguments.get("by", "memory"), result.data.get("source", "")
    head = phrase(f"rows.usage_by_{by}", asked.language, source=source)
    cells = [
        (
            row["namespace"],
            row["name"],
            f"{row['cpu_cores']:.3g}",
            _percent(row["cpu_percent"]),
            as_bytes(row["memory_bytes"]),
            _percent(row["memory_percent"]),
        )
        for row in rows
    ]
    cells = cells[: how_many(asked)]
    columns = ("namespace", "name", "CPU cores", "of limit", "memory", "of limit")
    compared = usage_side_by_side(asked, rows)
    return joined([compared, _listed(asked, result, head, columns, cells)])


def told_log_patterns(asked: Asked, result: Result) -> str:
    data = result.data
    place = f"{data['namespace']}/{data['pod']}/{data['container']}"
    rows: Sequence[Json] = data["patterns"]
    if not rows:
        return cited(result, phrase("rows.no_lines", asked.language, place=place))
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
            ago(row["created_ago_s"]),
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
    headings = [phrase(f"columns.{one.replace(' ', '_')}", asked.language) for one in columns]
    return _tabled(asked, result, head, headings, cells)


def _tabled(
    asked: Asked,
    result: Result,
    head: str,
    headings: Sequence[str],
    cells: Sequence[Sequence[object]],
) -> str:
    shown = cells[:ROWS_SHOWN]
    every = _total(result, cells)
    more = phrase("rows.more", asked.language, count=every - len(shown))
    more = more if every > len(shown) else ""
    return joined([cited(result, head), table(headings, shown), more])


def _rows(result: Result) -> list[Json]:
    return list(result.data.get("rows") or [])


def _about(asked: Asked, result: Result) -> list[Json]:
    """The rows of what was asked about; all, when it turned out to be the namespace."""
    rows = _rows(result)
    if not asked.name or result.arguments.get("namespace") == asked.name:
        return rows
    if len(asked.names) > 1:
        kept = [id(row) for own in of_names(asked, rows).values() for row in own]
        return [row for row in rows if id(row) in kept]
    return [row for row in rows if asked.means(row)]


def _total(result: Result, rows: Sequence[object]) -> int:
    """All there are, shown or not; of a choice among the rows, only how many that are."""
    total = int(result.data.get("total") or 0)
    return max(total, len(rows)) if len(_rows(result)) == len(rows) else len(rows)


def _nothing(asked: Asked, result: Result) -> str:
    examined = _examined(asked, result)
    told = f"{examined}, {asked.name}" if asked.name else examined
    return cited(result, phrase("rows.none", asked.language, examined=told))


def _examined(asked: Asked, result: Result) -> str:
    told = translated(plain(result.data.get("examined") or result.tool), asked.language)
    return in_words(told, asked.language)


def _ready(row: Json) -> str:
    return "" if row["desired"] is None else f"{row['ready']}/{row['desired']}"


def _last_restart(row: Json) -> str:
    last = row.get("last_restart")
    return f"{last['reason']} (exit {last['exit_code']}), {ago(last['ago_s'])}" if last else ""


def _percent(value: int | None) -> str:
    return "" if value is None else f"{value} %"


def _age(row: Json) -> str:
    return ago(row.get("age_s"))


TELLERS: dict[str, Callable[[Asked, Result], str]] = {
    "kubernetes_list_pods": told_pods,
    "kubernetes_list_workloads": told_workloads,
    "kubernetes_list_nodes": told_nodes,
    "kubernetes_list_objects": told_objects,
    "kubernetes_list_namespaces": told_namespaces,
    "kubernetes_list_events": told_events,
    "kubernetes_what_changed": told_changes,
    "kubernetes_top": told_usage,
    "kubernetes_get_logs": told_logs,
    "kubernetes_log_patterns": told_log_patterns,
    "kubernetes_rollout_history": told_history,
}
