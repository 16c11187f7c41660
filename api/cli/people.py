"""`midwatch users` and `midwatch tokens`: who may come in."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.outcome import OK, finish, put, put_json, say, spoken
from api.cli.sentences import SENTENCES
from api.cli.source import Output, OutputOption
from core.errors import Invalid, NotFound

if TYPE_CHECKING:
    from core.security.signin import SignIn
    from core.settings import Settings
    from core.storage.database import Database

users = typer.Typer(help="Who may come in.", no_args_is_help=True)
tokens = typer.Typer(help="API tokens for programs.", no_args_is_help=True)

# What the door takes too, as the value of a label.
TEAM = re.compile(r"[A-Za-z0-9._-]{0,63}")

NameArgument = Annotated[str, typer.Argument(metavar="NAME")]


@users.command("list")
def list_users(output: OutputOption = Output.TEXT) -> None:
    """Everybody who may come in."""
    finish(_list_users(output))


@users.command("add")
def add_user(
    name: NameArgument,
    role: Annotated[
        str, typer.Option(help="guest, user, manager, admin or one of `midwatch roles list`.")
    ] = "user",
    password: Annotated[
        bool, typer.Option("--password", help="Ask for a password; otherwise print a link.")
    ] = False,
    namespace: Annotated[
        list[str] | None, typer.Option("-n", "--namespace", help="Only these; repeat it.")
    ] = None,
    service: Annotated[
        bool, typer.Option("--service", help="A program, which comes in by API tokens alone.")
    ] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Add a user and print the one-time link to come in by."""
    if service and password:
        raise typer.BadParameter("a service account has no password")
    typed = typer.prompt("Password", hide_input=True, confirmation_prompt=True) if password else ""
    scope = frozenset(namespace) if namespace else None
    finish(_add_user(name, role, typed, scope, service=service, output=output))


@users.command("disable")
def disable_user(name: NameArgument) -> None:
    """Close the door on a user at once."""
    finish(_set_disabled(name, disabled=True))


@users.command("enable")
def enable_user(name: NameArgument) -> None:
    """Open it again."""
    finish(_set_disabled(name, disabled=False))


@users.command("unlock")
def unlock_user(name: NameArgument) -> None:
    """Let passwords be tried again after too many wrong ones."""
    finish(_unlock(name))


@users.command("team")
def team(
    name: NameArgument,
    team: Annotated[str, typer.Argument(metavar="[TEAM]", help="As search; without: none.")] = "",
) -> None:
    """Say which team a user is of: what models cost is told, and budgeted, by it."""
    finish(_set_team(name, team))


@users.command("link")
def link(name: Annotated[str, typer.Argument(metavar="NAME")] = "admin") -> None:
    """Print a one-time login link."""
    finish(_link(name))


@users.command("know")
def know(
    name: NameArgument,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="slack, dingtalk or feishu")],
    handle: Annotated[str, typer.Argument(metavar="ID", help="The service's own id of them.")],
) -> None:
    """Say who a user is in a chat service: what they say there counts as theirs."""
    finish(_know(name, service, handle))


@users.command("unknow")
def unknow(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="slack, dingtalk or feishu")],
    handle: Annotated[str, typer.Argument(metavar="ID", help="The service's own id of them.")],
) -> None:
    """Take that back."""
    finish(_unknow(service, handle))


@tokens.command("list")
def list_tokens(output: OutputOption = Output.TEXT) -> None:
    """Every API token, the newest first; never its secret."""
    finish(_list_tokens(output))


@tokens.command("create")
def create_token(
    user: Annotated[str, typer.Argument(metavar="USER", help="Whose rights it has.")] = "admin",
    label: Annotated[str, typer.Option(help="What it is for.")] = "command line",
    scope: Annotated[
        list[str] | None, typer.Option(help="Only these permissions; repeat it.")
    ] = None,
    days: Annotated[int, typer.Option(min=0, help="Days it holds; 0: until revoked.")] = 90,
    output: OutputOption = Output.TEXT,
) -> None:
    """Make an API token and print it this once."""
    finish(_create_token(user, label, scope, days, output))


@tokens.command("revoke")
def revoke_token(token_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """End an API token at once, and with it those that it made."""
    finish(_revoke_token(token_id))


@asynccontextmanager
async def opened_doors() -> AsyncGenerator[tuple["Settings", "Database", "SignIn"]]:
    """The database that the settings name, as who sits at this machine."""
    from core.security.signin import Lifetimes, SignIn
    from core.security.tokens import Signer, signing_key
    from core.settings import load
    from core.storage.database import Database

    settings = load()
    async with Database.opened(settings.database_url) as database:
        sign_in = SignIn(database, Signer(signing_key(settings)), Lifetimes.of(settings))
        with suppress(NotFound):  # where no administrator is left, one can be added here
            await sign_in.ensure_admin()
        yield settings, database, sign_in


async def note(database: "Database", action: str, target: str, **detail: Any) -> None:
    """In the audit trail, as the operator's."""
    from api.cli.identity import OPERATOR
    from core.security.audit import AuditLog

    async with AuditLog(database) as audit:
        await audit.record(
            subject=OPERATOR.subject, action=action, target=target, outcome="ok", detail=detail
        )


async def _list_users(output: Output) -> int:
    from core.storage.repositories.handles import Handles
    from core.storage.repositories.users import Users

    async with opened_doors() as (_, database, _), database.session() as session:
        rows, known = await Users(session).all(), await Handles(session).all()
    handles = {
        row.name: [f"{k.service} {k.handle}" for k in known if k.user_name == row.name]
        for row in rows
    }
    if output is Output.JSON:
        shown = ("name", "role", "team", "service", "disabled", "language", "created_at")
        users = [{name: getattr(row, name) for name in shown} for row in rows]
        put_json({"users": [{**one, "handles": handles[one["name"]]} for one in users]})
    else:
        put("\n".join(_person(row, handles[row.name]) for row in rows))
    return OK


def _person(row: Any, handles: list[str]) -> str:
    team = [f"team {row.team}"] if row.team else []
    marks = [name for name in ("service", "disabled") if getattr(row, name)]
    return f"{row.name:<24}{row.role:<18}{', '.join([*marks, *team, *handles])}".rstrip()


async def _add_user(
    name: str,
    role: str,
    password: str,
    scope: frozenset[str] | None,
    *,
    service: bool,
    output: Output,
) -> int:
    async with opened_doors() as (settings, database, sign_in):
        user = await sign_in.add_user(
            name, role=role, password=password, namespaces=scope, service=service
        )
        await note(database, "user.add", user.name, role=role, service=service)
        by_link = not (password or service)
        address = _address(settings, await sign_in.make_link(user.name)) if by_link else ""
    if output is Output.JSON:
        put_json({"name": user.name, "role": user.role, "login_link": address})
    else:
        more = " by API tokens: `midwatch tokens create`" if service else ""
        put(address or f"{user.name} may come in{more}.")
    return OK


async def _unlock(name: str) -> int:
    async with opened_doors() as (_, database, sign_in):
        if not await sign_in.unlock(name):
            put(SENTENCES.said("not_locked", name=name).told(spoken()))
            return OK
        await note(database, "user.unlock", name)
    put(SENTENCES.said("unlocked", name=name).told(spoken()))
    return OK


async def _set_disabled(name: str, *, disabled: bool) -> int:
    from core.storage.repositories.users import Users

    async with opened_doors() as (_, database, _):
        async with database.session() as session:
            repository = Users(session)
            await repository.save(replace(await repository.get(name), disabled=disabled))
        await note(database, "user.change", name, disabled=disabled)
    return OK


async def _set_team(name: str, team: str) -> int:
    from core.storage.repositories.users import Users

    if not TEAM.fullmatch(team):
        raise SENTENCES.error(Invalid, "no_team", team=team)
    async with opened_doors() as (_, database, _):
        async with database.session() as session:
            repository = Users(session)
            await repository.save(replace(await repository.get(name), team=team))
        await note(database, "user.change", name, team=team)
    return OK


async def _link(name: str) -> int:
    async with opened_doors() as (settings, database, sign_in):
        code = await sign_in.make_link(name)
        await note(database, "user.link", name)
    put(_address(settings, code))
    return OK


async def _know(name: str, service: str, handle: str) -> int:
    from core.clock import utc_now
    from core.storage.repositories.handles import Handles

    async with opened_doors() as (_, database, _):
        async with database.session() as session:
            await Handles(session).link(name, service, handle, utc_now())
        await note(database, "user.know", name, service=service, handle=handle)
    return OK


async def _unknow(service: str, handle: str) -> int:
    from core.storage.repositories.handles import Handles

    async with opened_doors() as (_, database, _):
        async with database.session() as session:
            await Handles(session).unlink(service, handle)
        await note(database, "user.unknow", handle, service=service)
    return OK


async def _list_tokens(output: Output) -> int:
    from core.storage.repositories.tokens import Tokens

    async with opened_doors() as (_, database, _), database.session() as session:
        rows = await Tokens(session).api_tokens()
    if output is Output.JSON:
        put_json({"tokens": rows})
    else:
        put("\n".join(_token(row) for row in rows))
    return OK


async def _create_token(
    user: str, label: str, scopes: list[str] | None, days: int, output: Output
) -> int:
    async with opened_doors() as (_, database, sign_in):
        row, secret = await sign_in.make_api_token(
            user,
            label=label,
            scopes=frozenset(scopes) if scopes else None,
            ttl=timedelta(days=days) if days else None,
        )
        await note(database, "token.create", row.id, user=user, label=label)
    if output is Output.JSON:
        put_json({"id": row.id, "user": user, "token": secret, "expires_at": row.expires_at})
    else:
        put(secret)
    return OK


async def _revoke_token(token_id: str) -> int:
    from api.routes.users import revocations
    from core.clock import utc_now
    from core.storage.repositories.tokens import Tokens

    async with opened_doors() as (_, database, _):
        async with database.session() as session:
            ended = await Tokens(session).revoke_api_token(token_id, utc_now())
        for one in revocations(token_id, ended):
            await note(database, "token.revoke", **one)
    others = [one for one in ended if one != token_id]
    if others:
        say(SENTENCES.said("revoked_too", others=", ".join(others)).told(spoken()))
    return OK


def _token(row: Any) -> str:
    made = f"  made by {row.made_by}" if row.made_by else ""
    return f"{row.id}  {row.user_name:<16}{row.label:<24}{_state(row)}{made}"


def _state(row: Any) -> str:
    if row.revoked_at:
        return "revoked"
    return f"until {row.expires_at:%Y-%m-%d}" if row.expires_at else "until revoked"


def _address(settings: "Settings", code: str) -> str:
    from core.settings.whereabouts import reached_at

    return f"{reached_at(settings)}/login?token={code}"
