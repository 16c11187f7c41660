"""`midwatch alerts config`: configurations of Alertmanagers, kept by version, checked, taken back."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, cast

import typer

from api.cli.alerting import SinceOption
from api.cli.amtool import amtool_says
from api.cli.analyses import alerts
from api.cli.desk import called, listed, newest, shown
from api.cli.diagnose import window
from api.cli.languages import Language, chosen
from api.cli.linting import text_of
from api.cli.outcome import NO, OK, finish, put, put_json
from api.cli.ruling import NameArgument, ReasonOption, VersionOption
from api.cli.sentences import SENTENCES
from api.cli.source import LanguageOption, Output, OutputOption, Source, with_source
from api.cli.words import word
from core.errors import Invalid

Json = Mapping[str, Any]
COLUMNS = ("name", "version", "targets", "created_at", "created_by", "reason")

config = typer.Typer(help="Configurations of Alertmanagers: kept by version, checked, taken back.")
alerts.add_typer(config, name="config")

FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="alertmanager.yml with places as <<name>>.")
]
ValuesOption = Annotated[
    Path | None,
    typer.Option("--values", metavar="FILE", help="YAML: defaults: {…}, by_target: {NAME: {…}}."),
]
TargetOption = Annotated[str, typer.Option("--target", help="As this Alertmanager reads it.")]


@config.command("list")
@with_source
def list_configs(output: OutputOption = Output.TEXT, *, source: Source) -> None:
    """The configurations that are stored."""
    finish(listed(source, "alerting_list_manager_configs", {}, COLUMNS, output))


@config.command("versions")
@with_source
def versions(name: NameArgument, output: OutputOption = Output.TEXT, *, source: Source) -> None:
    """Who changed a configuration, when and why; the newest first."""
    finish(listed(source, "alerting_manager_config_versions", {"name": name}, COLUMNS, output))


@config.command("show")
@with_source
def show(
    name: NameArgument,
    version: VersionOption = 0,
    target: TargetOption = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """The template and what is wrong with it; with --target, what that Alertmanager reads."""
    asked: Json = {"name": name, "version": version}
    if target:
        asked = {**asked, "target": target}
        finish(_rendered(source, asked, output))
    else:
        asked = {**asked, "language": chosen(lang)}
        finish(_stored(source, "alerting_show_manager_config", asked, output, with_text=True))


@config.command("check")
@with_source
def check(
    name: NameArgument,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Else the newest version.")
    ] = None,
    values: ValuesOption = None,
    target: TargetOption = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """What is wrong with a change and what would differ; by amtool too, where it is found. Exit code 1 on errors."""
    asked = {"name": name, "text": text_of(file) if file else "", **_values(values)}
    finish(_check(source, {**asked, "target": target, "language": chosen(lang)}, output))


@config.command("dry-run")
@with_source
def dry_run(
    name: NameArgument,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Else the newest version.")
    ] = None,
    values: ValuesOption = None,
    target: TargetOption = "",
    since: SinceOption = "24h",
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Whom a change would have told of the alerts that came in, beside the stored configuration."""
    asked = {"name": name, "text": text_of(file) if file else "", **_values(values)}
    asked |= {"target": target, "window": window(since)}
    finish(shown(source, "alerting_dry_run_manager_config", asked, output))


@config.command("set")
@with_source
def set_config(
    name: NameArgument,
    file: FileArgument,
    reason: ReasonOption,
    values: ValuesOption = None,
    with_errors: Annotated[
        bool, typer.Option("--with-errors", help="Store it though errors were found.")
    ] = False,
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Store a configuration as a new version; try it with `check` before."""
    asked = {"name": name, "text": text_of(file), "reason": reason, **_values(values)}
    asked |= {"with_errors": with_errors, "language": chosen(lang)}
    finish(_set(source, asked, output))


@config.command("diff")
@with_source
def diff(
    name: NameArgument,
    before: Annotated[int, typer.Option(help="0: the one before the other.")] = 0,
    after: VersionOption = 0,
    target: TargetOption = "",
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """What an Alertmanager reads differently from one version to another."""
    asked = {"name": name, "before": before, "after": after, "target": target}
    finish(_diff(source, asked, output))


@config.command("rollback")
@with_source
def roll_back(
    name: NameArgument,
    reason: ReasonOption,
    version: Annotated[int, typer.Option(help="0: the one before the newest.")] = 0,
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Make an earlier version the newest again; `midwatch sync` brings it to the Alertmanagers."""
    asked = {"name": name, "reason": reason, "version": version, "language": chosen(lang)}
    finish(_stored(source, "alerting_roll_back_manager_config", asked, output))


@config.command("remove")
@with_source
def remove(
    name: NameArgument, reason: ReasonOption, output: OutputOption = Output.TEXT, *, source: Source
) -> None:
    """Remove a configuration. Who holds it keeps it; a rollback brings it back."""
    asked = {"name": name, "reason": reason}
    finish(_stored(source, "alerting_remove_manager_config", asked, output))


def _values(file: Path | None) -> dict[str, Any]:
    """What is given in the file alone; what is not stays as it was. Raises `Invalid`."""
    if file is None:
        return {}
    import yaml

    try:
        found: Any = yaml.safe_load(text_of(file))
    except yaml.YAMLError as error:
        why = " ".join(str(error).split())
        raise SENTENCES.error(Invalid, "unreadable_file", file=str(file), why=why) from error
    told = cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {"": found}
    if unknown := sorted(set(map(str, told)) - {"defaults", "by_target"}):
        raise SENTENCES.error(Invalid, "odd_values", file=str(file), names=", ".join(unknown))
    names = {"defaults": "values", "by_target": "by_target"}
    return {names[name]: value for name, value in told.items()}


async def _set(source: Source, asked: Json, output: Output) -> int:
    based_on = await newest(source, "alerting_manager_config_versions", str(asked["name"]))
    whole = {**asked, "based_on": based_on}
    return await _stored(source, "alerting_set_manager_config", whole, output)


async def _stored(
    source: Source, tool: str, asked: Json, output: Output, *, with_text: bool = False
) -> int:
    data = await called(source, tool, asked, keeps=("based_on", "values", "by_target"))
    if output is Output.JSON:
        put_json(data)
        return OK
    head = "{name} {version}  {created_by}: {reason}".format_map(data)
    told = [_remark(one) for one in data.get("remarks", ())]
    put("\n".join([head, *told, *(["", data["text"]] if with_text else [])]))
    return OK


async def _rendered(source: Source, asked: Json, output: Output) -> int:
    data = await called(source, "alerting_render_manager_config", asked)
    if output is Output.JSON:
        put_json(data)
    else:
        put(data["text"].rstrip())
    return OK


async def _diff(source: Source, asked: Json, output: Output) -> int:
    data = await called(source, "alerting_diff_manager_config", asked)
    if output is Output.JSON:
        put_json(data)
    else:
        put("\n".join(data["lines"]))
    return OK


async def _check(source: Source, asked: Json, output: Output) -> int:
    keeps = ("values", "by_target")
    data = await called(source, "alerting_check_manager_config", asked, keeps=keeps)
    with TemporaryDirectory() as folder:
        by_amtool = await amtool_says(data["rendered"], Path(folder))
    if by_amtool is not None:
        data |= {"checked_by": "midwatch, amtool", "amtool": by_amtool}
    wrong = bool(by_amtool) or any(one["level"] == "error" for one in data["remarks"])
    if output is Output.JSON:
        put_json(data)
        return NO if wrong else OK
    told = [_remark(one) for one in data["remarks"]]
    told += [f"amtool  {by_amtool}"] if by_amtool else []
    end = word("config_checked", str(asked["language"]), by=data["checked_by"], count=len(told))
    put("\n".join([*told, *data["lines"], end]))
    return NO if wrong else OK


def _remark(one: Json) -> str:
    place = " ".join(part for part in (one["target"], one["where"]) if part)
    return f"{one['level']}  {place}  {one['check']}\n    {one['text']} {one['hint']}".rstrip()
