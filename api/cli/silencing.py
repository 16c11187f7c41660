"""`midwatch silences`: seen, tried out, set within the guards, ended."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from api.cli.alerting import ClusterOption, IdsArgument
from api.cli.desk import called, lines, listed, many, shown
from api.cli.diagnose import window
from api.cli.languages import Language, chosen
from api.cli.listing import Listed
from api.cli.outcome import NO, OK, finish, put, put_json
from api.cli.sentences import SENTENCES
from api.cli.source import LanguageOption, Output, OutputOption, Source, with_source
from core.errors import Invalid

silences = typer.Typer(cls=Listed, help="Silences: seen, tried out, set, ended.")

SILENCES = ("cluster", "id", "state", "matchers", "ends_at", "created_by", "catches_now", "comment")
CAUGHT = ("name", "severity", "namespace", "now", "labels")

MatcherArgument = Annotated[
    list[str], typer.Argument(metavar="MATCHER…", help="alertname=X, or 'node=~\"a|b\"'.")
]
ForOption = Annotated[str, typer.Option("--for", help="How long: 30m, 2h, 1d.")]
StartOption = Annotated[
    str, typer.Option("--from", help="UTC, 2026-12-01T22:00Z; now if not given.")
]
CommentOption = Annotated[str, typer.Option("--comment", help="Why.")]
TicketOption = Annotated[str, typer.Option("--ticket", help="Of planned work.")]


@silences.callback(invoke_without_command=True)
@with_source
def list_silences(
    ctx: typer.Context,
    state: Annotated[str, typer.Option(help="active, pending or expired.")] = "",
    cluster: ClusterOption = "",
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Silences, those in force first, with what each of them catches now."""
    if ctx.invoked_subcommand is None:
        asked = {"state": state, "am_cluster": cluster}
        tool = "alerting_list_silences"
        finish(listed(source, tool, asked, SILENCES, output, with_cluster=True))


@silences.command("preview")
@with_source
def preview_silence(
    matchers: MatcherArgument,
    length: ForOption = "2h",
    comment: CommentOption = "",
    ticket: TicketOption = "",
    cluster: ClusterOption = "",
    start: StartOption = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """What a silence would catch, and whether it may be set. Exit code 1 when it may not."""
    asked = {**_silence(matchers, length, comment, ticket), "am_cluster": cluster}
    asked["starts_at"] = start
    finish(_preview(source, asked, chosen(lang), output))


@silences.command("add")
@with_source
def add_silence(
    matchers: MatcherArgument,
    length: ForOption = "2h",
    comment: CommentOption = "",
    ticket: TicketOption = "",
    second: Annotated[str, typer.Option(help="A second person's yes.")] = "",
    cluster: ClusterOption = "",
    start: StartOption = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Set a silence, within the guards."""
    asked = {**_silence(matchers, length, comment, ticket), "second": second, "am_cluster": cluster}
    asked["starts_at"] = start
    finish(_add(source, asked, chosen(lang), output))


@silences.command("second")
@with_source
def second_silence(
    matchers: MatcherArgument,
    length: ForOption = "2h",
    cluster: ClusterOption = "",
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Agree, as the second person, to exactly this silence."""
    told = [_matcher(one) for one in matchers]
    asked = {"matchers": told, "duration": window(length), "am_cluster": cluster}
    door = "/api/v1/silences/second"
    finish(shown(source, "alerting_second_silence", asked, output, door=door))


@silences.command("expire")
@with_source
def expire_silence(
    silence_ids: IdsArgument,
    cluster: ClusterOption = "",
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """End silences now."""
    asked = [{"silence_id": one, "am_cluster": cluster} for one in silence_ids]
    ended = many(
        source, "alerting_expire_silence", asked, output, about="silence_id", with_cluster=True
    )
    finish(ended)


async def _preview(source: Source, asked: Mapping[str, Any], language: str, output: Output) -> int:
    data = await called(source, "alerting_preview_silence", asked, with_cluster=True)
    against: list[str] = data["objections_in"][language]
    if output is Output.JSON:
        put_json(data)
        return NO if against else OK
    until = data["ends_at"][:16] + "Z"
    head = SENTENCES.said("silence_catches", until=until, count=data["caught_in_all"])
    verdict = SENTENCES.said("silence_not_set" if against else "silence_may_be_set")
    caught = lines(data["caught"], CAUGHT)
    put("\n".join([head.told(language), *caught, verdict.told(language), *against]))
    return NO if against else OK


async def _add(source: Source, asked: Mapping[str, Any], language: str, output: Output) -> int:
    if not asked["comment"]:
        raise SENTENCES.error(Invalid, "silence_without_comment")
    data = await called(source, "alerting_create_silence", asked, with_cluster=True)
    if output is Output.JSON:
        put_json(data)
        return OK
    row = data["silence"]
    told = {
        "id": row["id"],
        "matchers": ", ".join(row["matchers"]),
        "start": row["starts_at"][:16] + "Z",
        "end": row["ends_at"][:16] + "Z",
        "count": data["caught_in_all"],
    }
    said = SENTENCES.said("silence_set", **told).told(language)
    put("\n".join(filter(None, [said, data["note"]])))
    return OK


def _silence(matchers: list[str], length: str, comment: str, ticket: str) -> dict[str, Any]:
    return {
        "matchers": [_matcher(one) for one in matchers],
        "duration": window(length),
        "comment": comment,
        "ticket": ticket,
    }


def _matcher(text: str) -> str:
    """`a=b` as shells let it be typed, with the quotes that Alertmanager writes."""
    for operator in ("=~", "!~", "!=", "="):
        name, found, value = text.partition(operator)
        if found:
            plain = value.strip().strip('"')
            return f'{name.strip()}{operator}"{plain}"'
    raise SENTENCES.error(Invalid, "no_matcher", text=text)
