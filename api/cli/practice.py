"""`midwatch sandbox` and `midwatch capture`: snapshots, served and taken."""

import re
import signal
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from api.cli.faults import inject
from api.cli.languages import Language, chosen
from api.cli.outcome import INTERRUPTED, OK, finish, put, put_json, say
from api.cli.sentences import SENTENCES
from api.cli.source import Output, OutputOption, Source, with_source
from api.cli.words import word
from core.errors import Invalid

LENGTH = re.compile(r"P?T?(\d{1,9})([SMHD])")
SECONDS = {"S": 1, "M": 60, "H": 3600, "D": 86_400}

sandbox = typer.Typer(help="Practice clusters.", no_args_is_help=True)
sandbox.command()(inject)


@sandbox.command()
def serve(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR|NAME", help="A snapshot folder or a shipped name.")
    ] = Path("shop"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 0,
    speed: Annotated[
        float, typer.Option(min=0.1, max=3600, help="Seconds that pass for it in one.")
    ] = 1,
    output: OutputOption = Output.TEXT,
) -> None:
    """Serve a snapshot as Kubernetes, Prometheus and Alertmanager until Ctrl-C."""
    finish(_serve(folder, host, port, speed, output))


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
    max_log_pods: Annotated[
        int, typer.Option(min=0, help="Logs of so many pods, those in trouble first.")
    ] = 500,
    max_log_bytes: Annotated[
        int, typer.Option(min=1, help="Of each log, its last bytes.")
    ] = 262_144,
    since: Annotated[
        str, typer.Option(help="Logs and metrics not older than this: 30m, 1h, 2d, PT1H.")
    ] = "",
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin anew where a capture was begun already.")
    ] = False,
    *,
    source: Source,
) -> None:
    """Take a picture of a running cluster, secrets left out.

    One that broke off is gone on with by the same command.
    """
    finish(_capture(folder, source, max_log_pods, max_log_bytes, since, fresh=fresh))


def seconds_of(since: str) -> int:
    """`90s`, `30m`, `1h`, `2d` or `PT1H`. Raises `Invalid` for what is no length of time."""
    found = LENGTH.fullmatch(since.strip().upper())
    seconds = int(found[1]) * SECONDS[found[2]] if found else 0
    if not seconds:
        raise SENTENCES.error(Invalid, "no_length", since=since)
    return seconds


async def _serve(folder: Path, host: str, port: int, speed: float, output: Output) -> int:
    from api.cli.signals import terminated
    from api.editions import snapshot_folder
    from sandbox.server import serving

    named = snapshot_folder(folder)
    async with serving(named, host=host, port=port, speed=speed) as addresses:
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


async def _capture(
    folder: Path, source: Source, pods: int, log_bytes: int, since: str, *, fresh: bool
) -> int:
    import asyncio

    from api.editions import prepared
    from sandbox.capture import Bounds
    from sandbox.capture import capture as taken

    bounds = Bounds(pods_with_logs=pods, log_bytes=log_bytes)
    if since:
        seconds = seconds_of(since)
        bounds = replace(bounds, since_s=seconds, metrics_hours=seconds / 3600)
    async with prepared(source.settings()) as settings:
        written = await asyncio.to_thread(
            taken,
            folder,
            kubeconfig=settings.kubernetes.kubeconfig,
            context=settings.kubernetes.context,
            prometheus_url=settings.prometheus.url,
            alertmanager_url=settings.alertmanager.url,
            bounds=bounds,
            fresh=fresh,
            tell=say,
        )
    for note in written.notes:
        say(note)
    put(f"{folder}: {written.objects} objects, {written.logs} logs, {written.series} series")
    return OK
