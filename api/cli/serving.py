"""`midwatch up`, `mcp`, `doctor` and `version`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.editors import EditorChoice
from api.cli.outcome import NO, OK, finish, put, put_json
from api.cli.source import Language, Output, OutputOption, Source, with_source
from api.cli.words import chosen, word


@with_source
def up(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "",
    port: Annotated[
        int | None, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)
    ] = None,
    *,
    source: Source,
) -> None:
    """Start the service and print a one-time login link."""
    finish(_up(host, port, source))


@with_source
def mcp(
    only: Annotated[
        str, typer.Argument(metavar="[SERVER|install]", help="One tool server alone.")
    ] = "",
    client: Annotated[
        EditorChoice, typer.Option(help="Of `install`: whose file in this folder.")
    ] = EditorChoice.CLAUDE,
    print_: Annotated[
        bool, typer.Option("--print", help="Of `install`: show the file, write nothing.")
    ] = False,
    *,
    source: Source,
) -> None:
    """Speak MCP on stdin and stdout, for editors and other agents.

    `midwatch mcp install --client cursor` adds Midwatch to an editor's file in this folder, with the
    options of where the cluster is; with `--server URL` a running Midwatch instead.
    """
    if only == "install":
        from api.cli.editors import install

        arguments, folder = source.arguments(), Path()
        finish(
            install(
                client, folder=folder, server=source.server, arguments=arguments, only_print=print_
            )
        )
    finish(_mcp(only, source))


@with_source
def doctor(output: OutputOption = Output.TEXT, *, source: Source) -> None:
    """Say what is configured, reachable and permitted; leaves with 1 when something is not."""
    finish(_doctor(output, source))


def version(output: OutputOption = Output.TEXT) -> None:
    """Print the version."""
    from importlib.metadata import version as installed

    if output is Output.JSON:
        put_json({"version": installed("midwatch")})
    else:
        put(installed("midwatch"))


async def _up(host: str, port: int | None, source: Source) -> int:
    from api.editions import prepared

    async with prepared(source.settings(), meanwhile="api.app.serving") as settings:
        from api.app.serving import serve

        given = {"host": host or None, "port": port}
        chosen_ones = {name: value for name, value in given.items() if value is not None}
        server = settings.server.model_copy(update=chosen_ones)
        return await serve(settings.model_copy(update={"server": server}))


async def _mcp(server: str, source: Source) -> int:
    from api.cli.stdio import speak

    await speak(server, source.settings())
    return OK


def _line(check: Mapping[str, Any], language: str) -> str:
    took = f"  ({check['response_ms']} ms)" if "response_ms" in check else ""
    return f"{word(check['status'], language):<8}{check['name']:<16}{check['detail']}{took}"


async def _doctor(output: Output, source: Source) -> int:
    from api.cli.identity import OPERATOR
    from api.editions import opened_sessions
    from api.routes.health import components

    settings = source.settings()
    async with opened_sessions(settings) as sessions:
        checks = await components(settings, sessions, OPERATOR)
    if output is Output.JSON:
        put_json({"components": checks})
    else:
        language = chosen(Language.AUTO)
        put("\n".join(_line(one, language) for one in checks))
    return NO if any(check["status"] == "failed" for check in checks) else OK
