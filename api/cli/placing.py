"""`midwatch rules place`, `objects` and `plan`: stored rules as PrometheusRule objects of the cluster."""

from typing import Annotated, Any

import typer

from api.cli.desk import called, listed
from api.cli.fix_reports import plan_text
from api.cli.languages import Language, chosen
from api.cli.outcome import NO, OK, finish, put, put_json
from api.cli.ruling import labels_of
from api.cli.source import LanguageOption, Output, OutputOption, Source, with_source
from api.cli.suggesting import rules
from api.cli.words import word

OBJECTS = ("placement", "namespace", "object", "file", "version", "held", "state", "why")
PlacementArgument = Annotated[str, typer.Argument(metavar="NAME", help="Of a placement.")]


@rules.command("objects")
@with_source
def list_objects(
    placement: Annotated[str, typer.Option(help="Of this placement alone.")] = "",
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """The PrometheusRule objects of stored rules: in step, behind, drifted, absent or left over."""
    asked = {"placement": placement}
    finish(listed(source, "alerting_list_rule_objects", asked, OBJECTS, output, with_cluster=True))


@rules.command("place")
@with_source
def place(
    name: PlacementArgument,
    into: Annotated[str, typer.Option("--into", help="Namespace of the objects.")],
    match: Annotated[str, typer.Option(help="Files with these labels; else all.")] = "",
    label: Annotated[
        list[str] | None,
        typer.Option(help="Of the objects, as in release=prometheus; may be repeated."),
    ] = None,
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Say which stored files are to stand in a namespace; `rules plan` proposes to write them."""
    asked = {"name": name, "namespace": into, "match": match, "labels": labels_of(label or [])}
    finish(_placement(source, "alerting_set_rule_placement", asked, chosen(lang), output))


@rules.command("unplace")
@with_source
def unplace(
    name: PlacementArgument,
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Forget a placement. Its objects stay in the cluster, and are named."""
    asked = {"name": name}
    finish(_placement(source, "alerting_remove_rule_placement", asked, chosen(lang), output))


@rules.command("plan")
@with_source
def plan(
    name: PlacementArgument,
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """A plan for each object that differs; `midwatch fix approve` and `fix apply` do the rest."""
    finish(_plan(source, name, chosen(lang), output))


async def _placement(
    source: Source, tool: str, asked: dict[str, Any], language: str, output: Output
) -> int:
    data = await called(source, tool, asked, with_cluster="remove" in tool)
    if output is Output.JSON:
        put_json(data)
        return OK
    key = "placement_gone" if "remove" in tool else "placement"
    where = {"match": data["match"] or "*", "left": ", ".join(data["left"]) or "-"}
    put(word(key, language, name=data["name"], namespace=data["namespace"], **where))
    return OK


async def _plan(source: Source, name: str, language: str, output: Output) -> int:
    from api.cli.fixing import called as planned

    asked = {"placement": name}
    wanted = await called(source, "alerting_render_rule_objects", asked, with_cluster=True)
    plans = [
        await planned(source, "autofix_plan_rules", {**row, "language": language})
        for row in wanted["rows"]
    ]
    if output is Output.JSON:
        put_json({"plans": plans, "foreign": wanted["foreign"]})
    else:
        told = [plan_text(one, language) for one in plans]
        left = [word("objects_foreign", language, names=", ".join(wanted["foreign"]))]
        none = [word("objects_same", language)]
        put("\n\n".join([*(told or none), *(left if wanted["foreign"] else [])]))
    return OK if all(one["plan_id"] for one in plans) and not wanted["foreign"] else NO
