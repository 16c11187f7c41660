"""`midwatch sessions`: who is signed in, and ending that."""

from typing import Annotated

import typer

from api.cli.outcome import OK, finish, put, put_json, spoken
from api.cli.people import note, opened_doors
from api.cli.sentences import SENTENCES
from api.cli.source import Output, OutputOption

sessions = typer.Typer(help="Who is signed in.", no_args_is_help=True)


@sessions.command("list")
def list_sessions(
    user: Annotated[str, typer.Option(help="Of one user only.")] = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Every session that goes on, the newest sign-in first."""
    finish(_list(user, output))


@sessions.command("end")
def end_sessions(
    session_id: Annotated[str, typer.Argument(metavar="[ID]", show_default=False)] = "",
    user: Annotated[str, typer.Option(help="All of this user instead.")] = "",
) -> None:
    """End one session, or all of a user, at once."""
    if bool(session_id) == bool(user):
        raise typer.BadParameter("give either an ID or --user NAME")
    finish(_end(session_id, user))


async def _list(user: str, output: Output) -> int:
    from core.clock import utc_now
    from core.storage.repositories.tokens import Tokens

    async with opened_doors() as (_, database, _), database.session() as session:
        rows = await Tokens(session).sessions(utc_now(), user_name=user)
    if output is Output.JSON:
        put_json({"sessions": rows})
    elif rows:
        times = "{:%Y-%m-%d %H:%M}".format
        put(
            "\n".join(
                f"{one.id}  {one.user_name:<24}since {times(one.began_at)}Z  "
                f"until {times(one.expires_at)}Z"
                for one in rows
            )
        )
    else:
        put(SENTENCES.said("nobody_signed_in").told(spoken()))
    return OK


async def _end(session_id: str, user: str) -> int:
    from core.clock import utc_now
    from core.errors import NotFound
    from core.storage.repositories.tokens import Tokens

    async with opened_doors() as (_, database, _):
        async with database.session() as session:
            ended = await Tokens(session).end_sessions(utc_now(), family=session_id, user_name=user)
        if not ended:
            key = "no_session_of" if user else "no_session"
            raise SENTENCES.error(NotFound, key, user=user, session_id=session_id)
        for one in ended:
            await note(database, "session.end", one)
    put(SENTENCES.said("sessions_ended", count=len(ended)).told(spoken()))
    return OK
