"""One round of `midwatch sync`: what is to be there, what is, the check, the reload, and the report."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from api.cli.amtool import amtool_says
from api.cli.desk import called
from api.cli.outcome import spoken
from api.cli.promtool import promtool_says
from api.cli.rule_folder import Notes, RuleFolder, digest_of
from api.cli.sentences import SENTENCES
from api.cli.source import Source
from core.clock import utc_now
from core.errors import OpsError, UpstreamUnavailable
from core.http import RequestFailed, client

RELOAD_TIMEOUT_S = 60.0
# Rounds come no rarer than this after failures, unless they are meant to.
LONGEST_S = 600.0
# What Prometheus answers when it cannot use what it read; anything else says nothing of the rules.
UNUSABLE = 500
CONFIG_FILE = "alertmanager.yml"


@dataclass(frozen=True, slots=True)
class Round:
    """`state` as alerting_report_rule_target takes it. `drift` are files that somebody else had changed;
    they were put right, but where what is wanted was refused and there is nothing to put there."""

    state: str
    digest: str
    files: int
    error: str = ""
    drift: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """A Prometheus and the folder it reads rules from. Without `reload_url` it looks there by itself.

    With a `config` it is an Alertmanager, which reads that one there.
    """

    name: str
    match: str
    folder: RuleFolder
    reload_url: str
    every_s: int
    config: str = ""


async def synced(source: Source, target: Target, *, failed_in_a_row: int = 0) -> Round:
    """Bring the folder in step and say so.

    Raises `OpsError` when the service does not answer, or the folder cannot be read or written; of
    the latter the service is told first.
    """
    try:
        made = await _brought_in_step(source, target)
    except OpsError as error:
        # A service that does not answer cannot be told that it does not.
        with suppress(OpsError):
            failed = _round("failed", _known(target.folder), [], error.told(spoken()))
            await _reported(source, target, failed, failed_in_a_row)
        raise
    await _reported(source, target, made, failed_in_a_row)
    return made


def _known(folder: RuleFolder) -> Notes:
    try:
        return folder.notes()
    except OpsError:
        return Notes()


def pause_s(every_s: float, failed_in_a_row: int) -> float:
    """Until the next round: after failures twice as long each time."""
    # Of more doublings than this even a second is longer than the longest.
    longer = every_s * 2 ** min(max(failed_in_a_row - 1, 0), 10)
    return min(longer, max(LONGEST_S, every_s))


async def _brought_in_step(source: Source, target: Target) -> Round:
    bundle = await _bundle(source, target)
    notes = target.folder.notes()
    drift = target.folder.drifted(notes)
    if notes.refused != bundle["digest"] and (notes.written.digest != bundle["digest"] or drift):
        texts = await _texts(source, target.folder, bundle)
        if why := await _refused(target, texts):
            return _round("refused", notes, drift, why)
        notes = target.folder.replace(notes, bundle["digest"], texts)
    if not notes.reloaded:
        return await _reloaded(target, notes, drift)
    if notes.refused == bundle["digest"]:
        return _round("refused", notes, drift, notes.why)
    return _round("in_step", notes, drift)


async def _bundle(source: Source, target: Target) -> dict[str, Any]:
    """What is to be there, with one digest over all of it."""
    if not target.config:
        return await called(source, "alerting_rule_bundle", {"match": target.match})
    asked = {"name": target.config, "target": target.name}
    return await called(source, "alerting_render_manager_config", asked)


async def _refused(target: Target, texts: Mapping[str, str]) -> str:
    """Why a configuration is not even tried: what amtool finds where it is installed.

    It is asked each round, as the templates beside it may be there by then.
    """
    if not target.config:
        return ""
    return await amtool_says(texts[CONFIG_FILE], target.folder.path) or ""


async def _texts(source: Source, folder: RuleFolder, bundle: Mapping[str, Any]) -> dict[str, str]:
    """Every file that is to be there; what is there already as it should be is not asked for."""
    if "text" in bundle:
        if digest_of(bundle["text"]) != bundle["digest"]:
            raise SENTENCES.error(UpstreamUnavailable, "sync_not_whole", name=bundle["name"])
        return {CONFIG_FILE: bundle["text"]}
    found: dict[str, str] = {}
    for one in bundle["files"]:
        name = file_name(one["name"])
        there = folder.text(name)
        if there is None or digest_of(there) != one["digest"]:
            there = await _text(source, one)
        found[name] = there
    return found


async def _text(source: Source, one: Mapping[str, Any]) -> str:
    asked = {"name": one["name"], "version": one["version"]}
    text = str((await called(source, "alerting_rule_target_file", asked))["text"])
    if digest_of(text) != one["digest"]:
        raise SENTENCES.error(UpstreamUnavailable, "sync_not_whole", name=one["name"])
    return text


def file_name(name: str) -> str:
    return name if name.endswith((".yaml", ".yml")) else f"{name}.yaml"


async def _reloaded(target: Target, notes: Notes, drift: list[str]) -> Round:
    if not target.reload_url:
        return _round("in_step", target.folder.taken(notes), drift)
    why, usable = await _asked_to_reload(target.reload_url)
    if not why:
        return _round("in_step", target.folder.taken(notes), drift)
    if usable:
        return _round("not_reloaded", notes, drift, why)
    # As long as what was refused still lies there.
    if not target.config:
        found = await promtool_says(list(notes.written.files), target.folder.path)
        why = f"{why} {found}".rstrip()
    back = target.folder.given_back(notes, why)
    again, _ = await _asked_to_reload(target.reload_url)
    return _round("refused", back, drift, f"{why} {again}" if again else why)


async def _asked_to_reload(url: str) -> tuple[str, bool]:
    """Why it did not reload, empty when it did; and whether the files may be good all the same."""
    try:
        async with client(url, timeout_s=RELOAD_TIMEOUT_S) as http:
            answer = await http.post(url)
    except RequestFailed as error:
        return SENTENCES.said("reload_away", url=url, why=str(error)).told(spoken())[:500], True
    if answer.is_success:
        return "", True
    told = f"HTTP {answer.status_code}: {' '.join(answer.text.split())}"
    return told[:500], answer.status_code != UNUSABLE


def _round(state: str, notes: Notes, drift: list[str], error: str = "") -> Round:
    written = notes.written
    return Round(state, written.digest, len(written.files), error[:1000], tuple(drift))


async def _reported(source: Source, target: Target, made: Round, failed_in_a_row: int) -> None:
    failed = 0 if made.state == "in_step" else failed_in_a_row + 1
    held = {
        "target": target.name,
        "state": made.state,
        "match": target.match,
        "digest": made.digest,
        "error": made.error,
        "files": made.files,
        # When it is heard of next, so that a longer rest is not taken for its end.
        "every_s": round(pause_s(target.every_s, failed)),
        "drift": list(made.drift)[:100],
        "config": target.config,
    }
    await called(source, "alerting_report_rule_target", held)


@dataclass
class Counts:
    """For whoever watches this process: written as Prometheus reads it from a file."""

    rounds: dict[str, int] = field(default_factory=dict[str, int])
    failed_in_a_row: int = 0
    drifted: int = 0
    last_success_s: float = 0.0
    files: int = 0

    def add(self, state: str, files: int = 0, drifted: int = 0) -> None:
        self.rounds[state] = self.rounds.get(state, 0) + 1
        well = state == "in_step"
        self.failed_in_a_row = 0 if well else self.failed_in_a_row + 1
        self.drifted += drifted
        if well:
            self.last_success_s, self.files = utc_now().timestamp(), files

    def as_text(self, target: str) -> str:
        of = f'target="{target}"'
        rounds = {f'{of},state="{state}"': count for state, count in sorted(self.rounds.items())}
        told: list[tuple[str, str, Mapping[str, int]]] = [
            ("rounds_total", "counter", rounds),
            ("failed_rounds_in_a_row", "gauge", {of: self.failed_in_a_row}),
            ("drifted_files_total", "counter", {of: self.drifted}),
            ("last_success_timestamp_seconds", "gauge", {of: round(self.last_success_s)}),
            ("files", "gauge", {of: self.files}),
        ]
        return "".join(_told(*one) for one in told)


def _told(name: str, kind: str, values: Mapping[str, int]) -> str:
    lines = [f"midwatch_sync_{name}{{{labels}}} {value}" for labels, value in values.items()]
    return "\n".join([f"# TYPE midwatch_sync_{name} {kind}", *lines, ""])
