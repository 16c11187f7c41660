"""`midwatch sandbox` and `midwatch capture`: snapshots, served and taken."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from api.cli.outcome import INTERRUPTED, OK, finish, put, put_json, say
from api.cli.source import (
    Language,
    Output,
    OutputOption,
    Source,
    with_source,
)
from api.cli.words import chosen, word

sandbox = typer.Typer(help="Practice clusters.", no_args_is_help=True)


@sandbox.command()
def serve(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR|NAME", help="A snapshot folder or a shipped name.")
    ] = Path("shop"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 0,
    output: OutputOption = Output.TEXT,
) -> None:
    """Serve a snapshot as Kubernetes, Prometheus and Alertmanager until Ctrl-C."""
    finish(_serve(folder, host, port, output))


@sandbox.command("list")
def list_shipped(output: OutputOption = Output.TEXT) -> None:
    """Name the practice clusters that come with Midwatch."""
    from api.editions import shipped_snapshots

    names = shipped_snapshots()
    if output is Output.JSON:
        put_json({"snapshots": names})
    else:
        put("\n".join(names))


@with_source
def capture(
    folder: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where to write.")],
    *,
    source: Source,
) -> None:
    """Take a picture of a running cluster, secrets left out."""
    finish(_capture(folder, source))


async def _serve(folder: Path, host: str, port: int, output: Output) -> int:
    from api.cli.signals import terminated
    from api.editions import snapshot_folder
    from sandbox.server import serving

    named = snapshot_folder(folder)
    async with serving(named, host=host, port=port) as addresses:
        shown = {
            "kubernetes": addresses.kubernetes,
            "prometheus": addresses.prometheus,
            "alertmanager": addresses.alertmanager,
            "kubeconfig": str(addresses.kubeconfig),
        }
        if output is Output.JSON:
            put_json(shown)
        else:
            put("\n".join(f"{name:<13}{address}" for name, address in shown.items()))
        say(word("serving", chosen(Language.AUTO), what=named.name))
        stopped_by = await terminated()
    return INTERRUPTED if stopped_by is signal.SIGINT else OK


async def _capture(folder: Path, source: Source) -> int:
    from api.editions import prepared
    from sandbox.capture import capture as taken

    async with prepared(source.settings()) as settings:
        written = await asyncio.to_thread(
            taken,
            folder,
            kubeconfig=settings.kubernetes.kubeconfig,
            context=settings.kubernetes.context,
            prometheus_url=settings.prometheus.url,
            alertmanager_url=settings.alertmanager.url,
        )
    for note in written.notes:
        say(note)
    put(f"{folder}: {written.objects} objects, {written.logs} logs, {written.series} series")
    return OK
