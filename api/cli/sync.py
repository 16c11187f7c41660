"""`midwatch sync`: what is stored here into the folder that a Prometheus or an Alertmanager reads, for as long as it runs."""

import asyncio
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from secrets import randbelow
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.diagnose import window
from api.cli.languages import Language, chosen
from api.cli.outcome import NO, OK, finish, put, put_json, spoken
from api.cli.source import LanguageOption, Output, OutputOption, Source, with_source
from api.cli.words import word

if TYPE_CHECKING:
    from api.cli.syncing import Counts, Round, Target


@with_source
def sync(
    into: Annotated[
        Path, typer.Option("--into", metavar="DIR", help="Where the files are written to.")
    ],
    target: Annotated[str, typer.Option("--target", help="What it is called that reads them.")],
    config: Annotated[
        str,
        typer.Option(metavar="NAME", help="An Alertmanager: this configuration, not rules."),
    ] = "",
    match: Annotated[
        str, typer.Option(help="Take files with these labels: team=web,env=prod. Else all.")
    ] = "",
    reload_url: Annotated[
        str,
        typer.Option("--reload", metavar="URL", help="Posted to after a change: …/-/reload."),
    ] = "",
    every: Annotated[str, typer.Option(help="How often to look: 30s, 5m.")] = "30s",
    once: Annotated[bool, typer.Option("--once", help="One round; exit code 1 if not in step.")] = (
        False
    ),
    metrics_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Written each round, for node_exporter's textfiles."),
    ] = None,
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Tell the same at GET /metrics.")
    ] = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Write what is stored here to a Prometheus or an Alertmanager, reload it, give back what it had if it refuses.

    Run it beside each, with --server and a token of the scopes alerts:read and alerts:receive. The
    rule_files of a Prometheus name DIR/*.yaml; an Alertmanager is started with DIR/alertmanager.yml.
    Files that are not ours stay as they are.
    """
    from api.cli.rule_folder import RuleFolder
    from api.cli.syncing import Counts, Target

    every_s = max(int(_seconds(every)), 1)
    beside = Target(target, match, RuleFolder(into), reload_url, every_s, config)
    telling = _Telling(target, output, chosen(lang), Counts(), metrics_file)
    finish(_run(source, beside, telling, once=once, listen=listen))


async def _run(
    source: Source, target: "Target", telling: "_Telling", *, once: bool, listen: str
) -> int:
    if not listen:
        return await _rounds(source, target, telling, once=once)
    from api.cli.sync_metrics import told_at

    with told_at(listen, telling.metrics):
        return await _rounds(source, target, telling, once=once)


async def _rounds(source: Source, target: "Target", telling: "_Telling", *, once: bool) -> int:
    while True:
        well = await telling.round(source, target, once=once)
        if once:
            return OK if well else NO
        await asyncio.sleep(rest_s(target.every_s, telling.counts.failed_in_a_row))


def rest_s(every_s: float, failed_in_a_row: int) -> float:
    """Until the next round, a tenth more or less, so that many do not come at once."""
    from api.cli.syncing import pause_s

    return pause_s(every_s, failed_in_a_row) * (0.9 + randbelow(201) / 1000)


def _seconds(span: str) -> float:
    from pydantic import TypeAdapter

    return TypeAdapter(timedelta).validate_python(window(span)).total_seconds()


class _Telling:
    """Says what changed from round to round, and counts."""

    def __init__(
        self, target: str, output: Output, language: str, counts: "Counts", metrics: Path | None
    ) -> None:
        self._target, self._output, self._language = target, output, language
        self.counts, self._metrics = counts, metrics
        self._last: tuple[str, str, str] | None = None

    async def round(self, source: Source, target: "Target", *, once: bool) -> bool:
        from api.cli.syncing import Round, synced
        from core.errors import OpsError

        try:
            made = await synced(source, target, failed_in_a_row=self.counts.failed_in_a_row)
        except OpsError as error:
            if once:
                raise
            made = Round("failed", "", 0, error.told(spoken()))
        self.counts.add(made.state, made.files, len(made.drift))
        self._tell(made)
        self._count()
        return made.state == "in_step"

    def _tell(self, made: "Round") -> None:
        from core.clock import utc_now

        at = f"{utc_now():%Y-%m-%dT%H:%M:%SZ}"
        if self._output is Output.JSON:
            put_json({"at": at, "target": self._target, **asdict(made)}, lines=True)
            return
        about = {"at": at, "target": self._target}
        if made.drift:
            put(word("sync_drifted", self._language, files=", ".join(made.drift), **about))
        if (now := (made.state, made.digest, made.error)) != self._last:
            told = {"files": made.files, "error": made.error, **about}
            put(word(f"sync_{made.state}", self._language, **told))
            self._last = now

    def _count(self) -> None:
        from api.cli.rule_folder import put_at_once

        if self._metrics:
            put_at_once(self._metrics, self.metrics().encode())

    def metrics(self) -> str:
        return self.counts.as_text(self._target)
