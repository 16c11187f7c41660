"""`midwatch audit`: who did what, whether the trail holds, and one change on paper."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.languages import Language, chosen
from api.cli.outcome import NO, OK, finish, put, put_json
from api.cli.source import LanguageOption, Output, OutputOption, Source, with_source
from api.cli.tables import columns
from api.cli.words import word

if TYPE_CHECKING:
    from core.security.audit import AuditLog

audit = typer.Typer(help="Who did what, and whether the trail holds.", no_args_is_help=True)

HEADS = {
    "en": ("entry", "time (UTC)", "who", "action", "object", "outcome"),
    "zh": ("序号", "时间 (UTC)", "操作人", "操作", "对象", "结果"),
}
TRAIL = "/api/v1/audit"


@audit.command("list")
@with_source
def list_trail(
    subject: Annotated[str, typer.Option(help="Only what this person or program did.")] = "",
    action: Annotated[str, typer.Option(help="Only this, as auth.sign_in.")] = "",
    about: Annotated[str, typer.Option(help="Only about this plan or change, by its id.")] = "",
    before: Annotated[int, typer.Option(min=0, help="Go on below this entry.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    sort: Annotated[
        str, typer.Option(help="sequence, at, subject, action, target, outcome; -at: latest first.")
    ] = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Who did what to what, the newest first."""
    asked: dict[str, Any] = {"subject": subject, "action": action, "about": about}
    asked |= {"before": before, "limit": limit, "sort": sort}
    finish(_list(source, asked, output, chosen(lang)))


@audit.command("verify")
@with_source
def verify(
    head: Annotated[
        str, typer.Option(metavar="N:HASH", help="A head noted earlier; the chain must hold it.")
    ] = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Whether the chain holds, and where it breaks. Leaves with 1 when it does."""
    finish(_verify(source, head, output, chosen(lang)))


@audit.command("report")
@with_source
def report(
    change_id: Annotated[str, typer.Argument(metavar="CHANGE|BATCH", help="chg-… or bat-…")],
    lang: LanguageOption = Language.AUTO,
    *,
    source: Source,
) -> None:
    """One change or batch as Markdown, with its lines of the trail."""
    finish(_report(source, change_id, chosen(lang)))


async def _list(source: Source, asked: Mapping[str, Any], output: Output, language: str) -> int:
    shape = await (_there if source.server else _here)(source, asked)
    if output is Output.JSON:
        put_json(shape)
    elif cells := [_cells(one) for one in shape["items"]]:
        put("\n".join(columns(HEADS[language], cells)))
    else:
        put(word("audit_nothing", language))
    return OK


async def _there(source: Source, asked: Mapping[str, Any]) -> dict[str, Any]:
    from api.cli.remote import get

    return await get(source, TRAIL, {name: one for name, one in asked.items() if one})


async def _here(source: Source, asked: Mapping[str, Any]) -> dict[str, Any]:
    from api.routes.audit import trail_of

    async with _opened(source) as log:
        found = await log.page(**asked)
    return trail_of(found).model_dump(mode="json")


async def _verify(source: Source, head: str, output: Output, language: str) -> int:
    if source.server:
        from api.cli.remote import get

        verdict = await get(source, f"{TRAIL}/verification", {"head": head} if head else {})
    else:
        from api.routes.audit import verdict_of

        async with _opened(source) as log:
            verdict = (await verdict_of(log, head, language)).model_dump(mode="json")
    if output is Output.JSON:
        put_json(verdict)
    else:
        put(verdict["said"])
    return OK if verdict["holds"] else NO


async def _report(source: Source, change_id: str, language: str) -> int:
    if source.server:
        from api.cli.remote import get_text

        put(await get_text(source, f"{TRAIL}/changes/{change_id}/report"))
        return OK
    from api.cli.fixing import called
    from api.routes.audit import reported, with_trail

    found = await called(source, *reported(change_id, language))
    async with _opened(source) as log:
        put(await with_trail(found["markdown"], change_id, log, language))
    return OK


def _cells(line: Mapping[str, Any]) -> list[str]:
    at = str(line["at"])[:19].replace("T", " ")
    told = (line["subject"], line["action"], line["target"], line["outcome"])
    return [str(line["sequence"]), at, *map(str, told)]


@asynccontextmanager
async def _opened(source: Source) -> AsyncGenerator["AuditLog"]:
    from core.security.audit import AuditLog
    from core.storage.database import Database

    url = source.settings().database_url
    async with Database.opened(url) as database, AuditLog(database) as log:
        yield log
