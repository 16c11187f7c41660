"""`midwatch rca rank`: the root cause in a table of metrics, no cluster needed."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from api.cli.files import ServerOption, TokenOption, asked, read
from api.cli.languages import Language, chosen
from api.cli.outcome import NO, OK, finish, put, put_json
from api.cli.sentences import SENTENCES
from api.cli.source import LanguageOption, Output, OutputOption, Source
from api.cli.words import word
from core.errors import Invalid

TOOL = "rca_rank_table"
ROWS_PRINTED = 10

rca = typer.Typer(help="Root causes from files.", no_args_is_help=True)


class Granularity(StrEnum):
    COMPONENT = "component"
    METRIC = "metric"


@rca.callback()
def rca_commands() -> None:
    """Root causes from files."""


@rca.command()
def rank(
    metrics: Annotated[
        Path, typer.Option(metavar="F.csv", help="timestamp,component:metric,…; times in RFC 3339 or seconds.")
    ],
    at: Annotated[
        str, typer.Option(metavar="TIME", help="When it began; without it the moment is looked for.")
    ] = "",
    graph: Annotated[
        Path | None, typer.Option(metavar="F.json", help='{"edges": [["caller", "callee"], …]}')
    ] = None,
    logs: Annotated[
        Path | None, typer.Option(metavar="F.csv", help="timestamp,component,message")
    ] = None,
    target: Annotated[
        str, typer.Option(metavar="COMPONENT:METRIC", help="What suffers.")
    ] = "",
    granularity: Annotated[
        Granularity, typer.Option(help="What to rank.")
    ] = Granularity.COMPONENT,
    server: ServerOption = "",
    token: TokenOption = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
) -> None:  # fmt: skip
    """Rank the components of a table of metrics by how likely each is the root cause."""
    language = chosen(lang)
    source = Source(server=server, token=token)
    finish(_rank(source, (metrics, graph, logs), (at, target, granularity, language), output))


async def _rank(
    source: Source,
    files: tuple[Path, Path | None, Path | None],
    options: tuple[str, str, Granularity, str],
    output: Output,
) -> int:
    metrics, graph, logs = files
    at, target, granularity, language = options
    arguments = {
        "metrics": read(metrics),
        "edges": edges_of(read(graph), graph) if graph else [],
        "logs": read(logs) if logs else "",
        "at": at,
        "target": target,
        "granularity": granularity.value,
        "language": language,
    }
    report = await asked(source, TOOL, {name: value for name, value in arguments.items() if value})
    if output is Output.JSON:
        put_json(report)
    else:
        put(_text(report, language))
    return NO if report["verdict"] == "insufficient_data" else OK


def edges_of(text: str, path: Path) -> list[list[str]]:
    """The edges of a graph file. Raises `Invalid` with what is wrong in it."""
    import orjson

    try:
        graph: Any = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise SENTENCES.error(Invalid, "graph_no_json", path=str(path), error=str(error)) from error
    edges = cast("dict[str, Any]", graph).get("edges") if isinstance(graph, dict) else None
    listed: list[Any] = cast("list[Any]", edges) if isinstance(edges, list) else [None]
    if not all(_is_edge(edge) for edge in listed):
        raise SENTENCES.error(Invalid, "no_call_graph", path=str(path))
    return listed


def _is_edge(edge: Any) -> bool:
    if not isinstance(edge, list):
        return False
    ends = cast("list[Any]", edge)
    return len(ends) == 2 and all(isinstance(end, str) for end in ends)


def _text(report: dict[str, Any], language: str) -> str:
    lines = [f"{word('verdict_' + report['verdict'], language)}  {report['window']['at'] or ''}"]
    lines += [f"  {note}" for note in report["notes"]]
    for row in report["ranking"][:ROWS_PRINTED]:
        sure = f"{word('confidence', language)} {row['confidence']:.0%}"
        lines.append(f"{row['rank']}. {row['component']}  {row['metric']}  ({sure})")
        lines += [f"    {one['text']}" for one in row["evidence"]]
    return "\n".join(lines)
