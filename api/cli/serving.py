"""`midwatch up`, `mcp`, `doctor` and `version`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.editors import EditorChoice
from api.cli.languages import Language, chosen
from api.cli.outcome import NO, OK, finish, put, put_json
from api.cli.source import LanguageOption, Output, OutputOption, Source, with_source
from api.cli.tables import width
from api.cli.words import word


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
    toolsets: Annotated[
        str, typer.Option(help="Tools to list: default, all, or servers, with commas between.")
    ] = "",
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
        from api.cli.editors import Place, install

        place = Place(Path(), source.server, source.arguments(), toolsets)
        finish(install(client, place, only_print=print_))
    finish(_mcp(only, toolsets, source))


@with_source
def doctor(
    output: OutputOption = Output.TEXT, lang: LanguageOption = Language.AUTO, *, source: Source
) -> None:
    """Say what is configured, reachable and permitted; leaves with 1 when something is not."""
    finish(_doctor(output, chosen(lang), source))


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


async def _mcp(server: str, toolsets: str, source: Source) -> int:
    from api.cli.stdio import speak

    await speak(server, toolsets, source.settings())
    return OK


def _line(check: Mapping[str, Any], language: str) -> str:
    took = f"  ({check['response_ms']} ms)" if "response_ms" in check else ""
    status = word(check["status"], language)
    return f"{status}{' ' * (8 - width(status))}{check['name']:<16}{check['detail']}{took}"


async def _doctor(output: Output, language: str, source: Source) -> int:
    from api.cli.identity import OPERATOR
    from api.editions import opened_sessions
    from api.routes.components import components
    from api.routes.model_probe import Models

    settings = source.settings()
    async with opened_sessions(settings) as sessions:
        models = Models(settings.llm)
        checks = await components(settings, sessions, OPERATOR, models=models, language=language)
    if output is Output.JSON:
        put_json({"components": checks})
    else:
        put("\n".join(_line(one, language) for one in checks))
    return NO if any(check["status"] == "failed" for check in checks) else OK
