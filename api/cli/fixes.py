"""`midwatch fix`: plan a change, show, approve and apply it, take it back, rehearse it."""

from typing import Annotated, Any

import typer

from api.cli.fix_reports import (
    batch_text,
    batches_text,
    change_text,
    changes_text,
    plan_text,
    plans_text,
    rehearsal_text,
    switch_text,
)
from api.cli.languages import Language, chosen
from api.cli.outcome import NO, OK, finish, put, put_json
from api.cli.sentences import SENTENCES
from api.cli.source import LanguageOption, Output, OutputOption, Source, with_source
from api.cli.wishes import BATCH_PREFIX, CHANGE_PREFIX, PLAN_PREFIX, with_wish
from core.errors import Invalid

fix = typer.Typer(help="Change the cluster, with an approval and a way back.", no_args_is_help=True)

PlanArgument = Annotated[str, typer.Argument(metavar="PLAN", help="fix-…")]
ChangeArgument = Annotated[str, typer.Argument(metavar="CHANGE", help="chg-…")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it is kept.")]


@fix.command("plan")
@with_source
@with_wish
def plan(output: OutputOption = Output.TEXT, *, wish: dict[str, Any], source: Source) -> None:
    """Propose a change: target, diff, risk, checks, who has to approve. Nothing is changed."""
    finish(_plan(source, wish, output))


@fix.command("show")
@with_source
def show(
    name: Annotated[str, typer.Argument(metavar="PLAN|CHANGE|BATCH")],
    report: Annotated[
        bool, typer.Option("--report", help="A change or batch as Markdown.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for a change to end.")] = False,
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Show a plan, a change or a batch again."""
    if wait and name.startswith(CHANGE_PREFIX):
        finish(_follow(source, name, output, chosen(lang)))
    finish(_show(source, name, output, chosen(lang), report=report))


@fix.command("list")
@with_source
def list_all(
    plans: Annotated[bool, typer.Option("--plans", help="Plans instead of changes.")] = False,
    batches: Annotated[bool, typer.Option("--batches", help="Batches instead of changes.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """List what was changed, the latest first."""
    asked = [name for name, wanted in (("plans", plans), ("batches", batches)) if wanted]
    finish(_list(source, limit, output, chosen(lang), asked or ["changes"]))


@fix.command("approve")
@with_source
def approve(
    plan_id: PlanArgument,
    name: Annotated[str, typer.Option("--name", help="The object's name; for high risk.")] = "",
    reason: ReasonOption = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Approve a plan, once, until it expires."""
    arguments = {"plan_id": plan_id, "typed_name": name, "reason": reason}
    finish(_decide(source, "approve", arguments, output, chosen(lang)))


@fix.command("deny")
@with_source
def deny(
    plan_id: PlanArgument,
    reason: ReasonOption = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Deny a plan; the reason is kept."""
    finish(_decide(source, "deny", {"plan_id": plan_id, "reason": reason}, output, chosen(lang)))


@fix.command("apply")
@with_source
def apply(
    plan_ids: Annotated[list[str], typer.Argument(metavar="PLAN…", help="fix-…")],
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Carry out an approved plan and wait until it is verified or taken back.

    Several are carried out one by one, up to the first that does not verify.
    """
    if len(plan_ids) > 1:
        finish(_batch(source, plan_ids, output, chosen(lang)))
    finish(_change(source, "autofix_apply", {"plan_id": plan_ids[0]}, output, chosen(lang)))


@fix.command("rollback")
@with_source
def rollback(
    change_id: ChangeArgument,
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Take a verified change back."""
    finish(_change(source, "autofix_rollback", {"change_id": change_id}, output, chosen(lang)))


@fix.command("rehearse")
@with_source
@with_wish
def rehearse(output: OutputOption = Output.TEXT, *, wish: dict[str, Any], source: Source) -> None:
    """Try a change on a practice cluster made of the live one now; nothing live is touched.

    A kept plan (fix-… in the place of an object) has its outcome shown from then on.
    """
    finish(_rehearse(source, wish, output))


@fix.command("status")
@with_source
def status(
    lang: LanguageOption = Language.AUTO, output: OutputOption = Output.TEXT, *, source: Source
) -> None:
    """Whether writing is allowed, and what bounds it."""
    finish(_switch(source, "config", {}, output, chosen(lang)))


@fix.command("stop")
@with_source
def stop(
    reason: ReasonOption = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Stop all writing at once."""
    finish(_switch(source, "stop", {"reason": reason}, output, chosen(lang)))


@fix.command("resume")
@with_source
def resume(
    reason: ReasonOption = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Allow writing again, with a reason."""
    finish(_switch(source, "resume", {"reason": reason}, output, chosen(lang)))


async def _plan(source: Source, arguments: dict[str, Any], output: Output) -> int:
    from api.cli.fixing import called

    view = await called(source, "autofix_plan", arguments)
    _print(view, plan_text(view, arguments["language"]), output)
    return OK if view["plan_id"] else NO


async def _show(source: Source, name: str, output: Output, language: str, *, report: bool) -> int:
    from api.cli.fixing import called

    if name.startswith("fix-"):
        view = await called(source, "autofix_get_plan", {"plan_id": name, "language": language})
        _print(view, plan_text(view, language), output)
        return OK
    kind = "batch" if name.startswith(BATCH_PREFIX) else "change"
    if report:
        about = {f"{kind}_id": name, "language": language}
        put((await called(source, f"autofix_report_{kind}", about))["markdown"])
        return OK
    view = await called(source, f"autofix_get_{kind}", {f"{kind}_id": name})
    told = batch_text if kind == "batch" else change_text
    _print(view, told(view, language), output)
    return OK


async def _follow(source: Source, change_id: str, output: Output, language: str) -> int:
    from api.cli.fixing import carried_out

    view = await carried_out(source, "autofix_get_change", {"change_id": change_id})
    _print(view, change_text(view, language), output)
    return OK if view["status"] == "verified" else NO


async def _list(source: Source, limit: int, output: Output, language: str, asked: list[str]) -> int:
    from api.cli.fixing import called

    if len(asked) > 1:
        raise SENTENCES.error(Invalid, "one_list")
    [which] = asked
    view = await called(source, f"autofix_list_{which}", {"limit": limit})
    told = {"plans": plans_text, "batches": batches_text, "changes": changes_text}[which]
    _print(view, told(view, language), output)
    return OK


async def _decide(
    source: Source, door: str, arguments: dict[str, Any], output: Output, language: str
) -> int:
    from api.cli.fixing import by_hand

    view = await by_hand(source, door, f"autofix_{door}", arguments)
    _print(view, plan_text(view, language), output)
    return OK


async def _change(
    source: Source, tool: str, arguments: dict[str, Any], output: Output, language: str
) -> int:
    from api.cli.fixing import carried_out

    view = await carried_out(source, tool, arguments)
    _print(view, change_text(view, language), output)
    wanted = "rolled_back" if tool == "autofix_rollback" else "verified"
    return OK if view["status"] == wanted else NO


async def _batch(source: Source, plan_ids: list[str], output: Output, language: str) -> int:
    from api.cli.fixing import carried_out_in_turn

    view = await carried_out_in_turn(source, plan_ids)
    _print(view, batch_text(view, language), output)
    return OK if all(one["status"] == "verified" for one in view["items"]) else NO


async def _rehearse(source: Source, arguments: dict[str, Any], output: Output) -> int:
    from api.cli.fixing import rehearsed, rehearsed_plan

    language = arguments["language"]
    if arguments.get("name", "").startswith(PLAN_PREFIX):
        plan = await rehearsed_plan(source, arguments["name"])
        _print(plan, plan_text(plan, language), output)
        return OK if plan["rehearsal"]["outcome"] == "verified" else NO
    if source.server:
        raise SENTENCES.error(Invalid, "rehearsal_here")
    view = await rehearsed(source, arguments)
    _print(view, rehearsal_text(view, arguments["language"]), output)
    return OK if view["outcome"] == "verified" else NO


async def _switch(
    source: Source, door: str, arguments: dict[str, Any], output: Output, language: str
) -> int:
    from api.cli.fixing import by_hand, called

    tool = "autofix_status" if door == "config" else f"autofix_{door}"
    hand = door == "resume"
    view = await (
        by_hand(source, door, tool, arguments) if hand else called(source, tool, arguments)
    )
    _print(view, switch_text(view, language), output)
    return OK if view["writing"] or door == "stop" else NO


def _print(view: dict[str, Any], text: str, output: Output) -> None:
    if output is Output.JSON:
        put_json(view)
    else:
        put(text)
