"""`midwatch rules files` and what belongs to them: rules kept by version, compared, tried out, taken back."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.alerting import rules
from api.cli.desk import called, lines, listed, many, newest
from api.cli.diagnose import window
from api.cli.languages import Language, chosen
from api.cli.linting import remark_line, text_of
from api.cli.outcome import OK, finish, put, put_json
from api.cli.sentences import SENTENCES
from api.cli.source import LanguageOption, Output, OutputOption, Source, with_source
from api.cli.words import word
from core.errors import Invalid

Json = Mapping[str, Any]

FILES = ("name", "version", "alerts", "recordings", "created_at", "created_by", "reason")
TARGETS = ("name", "state", "match", "config", "files", "reported_at", "drift", "drift_at", "error")
TRIALS = ("rule", "fired", "brief", "now", "series", "median_s")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Of a stored file.")]
NamesArgument = Annotated[list[str], typer.Argument(metavar="NAME…", help="Of stored files.")]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="Groups of rules in YAML.")]
ReasonOption = Annotated[str, typer.Option(help="Why it changes.")]
VersionOption = Annotated[int, typer.Option(help="0: the newest.")]


@rules.command("files")
@with_source
def list_files(output: OutputOption = Output.TEXT, *, source: Source) -> None:
    """Files of rules that are stored here, with their versions."""
    finish(listed(source, "alerting_list_rule_files", {}, FILES, output))


@rules.command("versions")
@with_source
def list_versions(
    name: NameArgument, output: OutputOption = Output.TEXT, *, source: Source
) -> None:
    """Who changed a file of rules, when and why; the newest first."""
    finish(listed(source, "alerting_rule_file_versions", {"name": name}, FILES, output))


@rules.command("show")
@with_source
def show_file(
    name: NameArgument,
    version: VersionOption = 0,
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """A stored file of rules, as it was set."""
    asked = {"name": name, "version": version, "language": chosen(lang)}
    finish(_shown(source, "alerting_show_rule_file", asked, output, with_text=True))


@rules.command("set")
@with_source
def set_file(
    name: NameArgument,
    file: FileArgument,
    reason: ReasonOption,
    with_errors: Annotated[
        bool, typer.Option("--with-errors", help="Though the linter finds errors.")
    ] = False,
    label: Annotated[
        list[str] | None,
        typer.Option(help="Of the file, as in team=web; may be repeated. Else as before."),
    ] = None,
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Store a file of rules as a new version, when the linter finds no error in it."""
    asked = {
        "name": name,
        "reason": reason,
        "with_errors": with_errors,
        "language": chosen(lang),
        **({"labels": labels_of(label)} if label else {}),
    }
    finish(_set(source, file, asked, output))


@rules.command("rollback")
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
    """Make an earlier version of a file the newest again."""
    asked = {"name": name, "reason": reason, "version": version, "language": chosen(lang)}
    finish(_shown(source, "alerting_roll_back_rule_file", asked, output))


@rules.command("remove")
@with_source
def remove_file(
    name: NameArgument,
    reason: ReasonOption,
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Remove a stored file of rules; a rollback brings it back."""
    finish(_removed(source, name, reason, chosen(lang), output))


@rules.command("on")
@with_source
def switch_on(
    names: NamesArgument,
    reason: ReasonOption,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Let files of rules hold again, as they were."""
    finish(_switched(source, names, reason, output, enabled=True))


@rules.command("off")
@with_source
def switch_off(
    names: NamesArgument,
    reason: ReasonOption,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Write files of rules to no Prometheus until they are on again."""
    finish(_switched(source, names, reason, output, enabled=False))


@rules.command("diff")
@with_source
def diff(
    name: NameArgument,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Compared with the newest version.")
    ] = None,
    before: Annotated[int, typer.Option(help="0: the one before the other.")] = 0,
    after: VersionOption = 0,
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """What differs between two versions of a file, or between the newest and FILE."""
    text = text_of(file) if file else ""
    asked = {"name": name, "before": before, "after": after, "text": text}
    finish(_diff(source, asked, chosen(lang), output))


@rules.command("targets")
@with_source
def list_targets(
    forget: Annotated[
        str, typer.Option(metavar="NAME", help="Forget this one; nothing is written there.")
    ] = "",
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """The Prometheus servers that `midwatch sync` writes rules to: in step or not, and what drifted."""
    tool = "alerting_forget_rule_target" if forget else "alerting_list_rule_targets"
    finish(listed(source, tool, {"target": forget}, TARGETS, output))


@rules.command("back-test")
@with_source
def back_test(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Else the rules in force.")] = "",
    file: Annotated[Path | None, typer.Option(help="This file instead.")] = None,
    rule: Annotated[str, typer.Option(help="Part of a rule's name.")] = "",
    since: Annotated[str, typer.Option("--since", help="How far back: 24h, 7d, 31d.")] = "7d",
    step: Annotated[str, typer.Option("--every", help="Evaluated so often: 15s, 1m, 5m.")] = "1m",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """How often alert rules would have fired over the past, and how many of these were brief."""
    text = text_of(file) if file else ""
    asked = {"name": name, "text": text, "rule": rule, "window": window(since)}
    asked["step"] = window(step)
    finish(_tried(source, asked, chosen(lang), output))


async def _switched(
    source: Source, names: Sequence[str], reason: str, output: Output, *, enabled: bool
) -> int:
    asked = [{"name": one, "enabled": enabled, "reason": reason} for one in names]
    return await many(source, "alerting_switch_rule_file", asked, output, about="name")


async def _set(source: Source, file: Path, asked: Json, output: Output) -> int:
    based_on = await newest(source, "alerting_rule_file_versions", str(asked["name"]))
    whole = {**asked, "text": text_of(file), "based_on": based_on}
    return await _shown(source, "alerting_set_rule_file", whole, output)


def labels_of(told: Sequence[str]) -> dict[str, str]:
    """Labels as they are typed, team=web. Raises `Invalid`."""
    pairs = [one.partition("=") for one in told]
    if wrong := [one for one, (name, eq, _) in zip(told, pairs, strict=True) if not (name and eq)]:
        raise SENTENCES.error(Invalid, "no_label", label=wrong[0])
    return {name.strip(): value.strip() for name, _, value in pairs}


async def _shown(
    source: Source, tool: str, asked: Json, output: Output, *, with_text: bool = False
) -> int:
    data = await called(source, tool, asked, keeps=("based_on",))
    if output is Output.JSON:
        put_json(data)
        return OK
    language = str(asked["language"])
    head = word("rule_file", language, **{key: data[key] for key in FILES})
    remarks = [remark_line(one, language) for one in data["remarks"]]
    put("\n".join([head, *remarks, *(["", data["text"]] if with_text else [])]))
    return OK


async def _removed(source: Source, name: str, reason: str, language: str, output: Output) -> int:
    asked = {"name": name, "reason": reason}
    data = await called(source, "alerting_remove_rule_file", asked)
    if output is Output.JSON:
        put_json(data)
    else:
        put(word("rule_file_removed", language, name=data["name"], version=data["version"]))
    return OK


async def _diff(source: Source, asked: Json, language: str, output: Output) -> int:
    data = await called(source, "alerting_diff_rule_file", asked)
    if output is Output.JSON:
        put_json(data)
        return OK
    told = [_change_line(one, language) for one in data["changes"]]
    put("\n".join([*(told or [word("rule_same", language)]), "", *data["lines"]]).rstrip())
    return OK


def _change_line(one: Json, language: str) -> str:
    return f"{word('rule_' + one['how'], language)}  {one['group']}/{one['rule']}"


async def _tried(source: Source, asked: Json, language: str, output: Output) -> int:
    data = await called(source, "alerting_back_test_rules", asked, with_cluster=True)
    if output is Output.JSON:
        put_json(data)
        return OK
    tried = [one for one in data["trials"] if not one["failed"]]
    head = word("trial_head", language, rules=len(tried), window=data["window"], step=data["step"])
    notes = [
        word("trial_failed", language, rule=one["rule"], why=one["failed"])
        for one in data["trials"]
        if one["failed"]
    ]
    notes += [
        word("trial_no_data", language, rule=one["rule"], series=", ".join(one["without_data"]))
        for one in tried
        if one["without_data"]
    ]
    notes += [
        word("trial_short", language, rule=one["rule"], since=one["data_since"][:16])
        for one in tried
        if one["data_since"]
    ]
    if data["untried"]:
        notes.append(word("trial_untried", language, rules=", ".join(data["untried"])))
    put("\n".join([head, *lines(tried, TRIALS), *notes]))
    return OK
