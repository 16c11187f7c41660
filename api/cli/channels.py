"""`midwatch channels`: where people are told, and whether it works."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.desk import called, fields, listed, many, shown
from api.cli.diagnose import window
from api.cli.listing import Listed
from api.cli.outcome import NO, OK, finish, put, put_json
from api.cli.sentences import SENTENCES
from api.cli.source import Output, OutputOption, Source, with_source
from core.errors import Invalid

channels = typer.Typer(cls=Listed, help="Channels by which people are told of alerts.")

CHANNELS = ("name", "kind", "language", "tags", "enabled", "settings")
HEALTH = ("channel", "kind", "success_rate", "tried", "p95_ms", "waiting", "dead", "last_error")
DELIVERIES = ("id", "created_at", "channel", "state", "attempts", "about", "error")

NameArgument = Annotated[str, typer.Argument(metavar="NAME")]
NamesArgument = Annotated[list[str], typer.Argument(metavar="NAME…")]


@channels.callback(invoke_without_command=True)
@with_source
def list_channels(
    ctx: typer.Context, output: OutputOption = Output.TEXT, *, source: Source
) -> None:
    """The channels, without their secrets."""
    if ctx.invoked_subcommand is None:
        finish(listed(source, "channels_list", {}, CHANNELS, output))


@channels.command("add")
@with_source
def add_channel(
    name: NameArgument,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="slack, dingtalk, email, …")],
    settings: Annotated[
        Path,
        typer.Option("--settings", metavar="FILE", help="Its settings in YAML; - reads them in."),
    ],
    language: Annotated[str, typer.Option("--lang", help="en or zh.")] = "en",
    tag: Annotated[list[str] | None, typer.Option(help="A group; repeat it.")] = None,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Add a channel. Secrets come from a file, so that no list of processes shows them."""
    asked = {
        "name": name,
        "kind": kind,
        "settings": _settings(settings),
        "language": language,
        "tags": tag,
    }
    finish(shown(source, "channels_add", asked, output))


@channels.command("change")
@with_source
def change_channel(
    name: NameArgument,
    settings: Annotated[
        Path | None,
        typer.Option("--settings", metavar="FILE", help="All of its settings, in YAML."),
    ] = None,
    language: Annotated[str, typer.Option("--lang", help="en or zh.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="All of its groups; repeat it.")] = None,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Change what is given of a channel; the rest stays."""
    given = _settings(settings) if settings else {}
    asked = {"name": name, "settings": given, "language": language, "tags": tag}
    finish(shown(source, "channels_change", asked, output))


@channels.command("test")
@with_source
def try_channel(name: NameArgument, output: OutputOption = Output.TEXT, *, source: Source) -> None:
    """Send one message now and say what the channel answered. Exit code 1 when it did not take it."""
    finish(_try(source, name, output))


@channels.command("on")
@with_source
def switch_on(names: NamesArgument, output: OutputOption = Output.TEXT, *, source: Source) -> None:
    """Use channels again."""
    asked = [{"name": one, "enabled": True} for one in names]
    finish(many(source, "channels_change", asked, output, about="name"))


@channels.command("off")
@with_source
def switch_off(names: NamesArgument, output: OutputOption = Output.TEXT, *, source: Source) -> None:
    """Send nothing to channels until they are on again."""
    asked = [{"name": one, "enabled": False} for one in names]
    finish(many(source, "channels_change", asked, output, about="name"))


@channels.command("remove")
@with_source
def remove_channel(
    names: NamesArgument, output: OutputOption = Output.TEXT, *, source: Source
) -> None:
    """Remove channels; what waits for them is cancelled."""
    finish(many(source, "channels_remove", [{"name": one} for one in names], output, about="name"))


@channels.command("health")
@with_source
def health(output: OutputOption = Output.TEXT, *, source: Source) -> None:
    """Success rate, 95th percentile of latency and last error of each channel in 24 hours."""
    finish(listed(source, "channels_health", {}, HEALTH, output))


@channels.command("deliveries")
@with_source
def deliveries(
    channel: Annotated[str, typer.Option(help="Only to this one.")] = "",
    state: Annotated[str, typer.Option(help="pending, sent, merged, dead or cancelled.")] = "",
    since: Annotated[str, typer.Option(help="How far back: 12h, 7d.")] = "",
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Messages to channels, the newest first."""
    asked = {"channel": channel, "state": state, "window": window(since) if since else ""}
    finish(listed(source, "channels_deliveries", asked, DELIVERIES, output))


@channels.command("replay")
@with_source
def replay(
    delivery_id: Annotated[str, typer.Argument(metavar="ID")],
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Send a dead message again."""
    finish(shown(source, "channels_replay", {"delivery_id": delivery_id}, output))


@channels.command("rotate-keys")
@with_source
def rotate_keys(output: OutputOption = Output.TEXT, *, source: Source) -> None:
    """Seal every secret anew with the first of MIDWATCH_ENCRYPTION__KEYS."""
    finish(listed(source, "channels_rotate_keys", {}, CHANNELS, output))


async def _try(source: Source, name: str, output: Output) -> int:
    data = await called(source, "channels_test", {"name": name})
    if output is Output.JSON:
        put_json(data)
    else:
        put("\n".join(fields(data)))
    return OK if data["result"] == "sent" else NO


def _settings(file: Path) -> dict[str, Any]:
    import sys

    import yaml

    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
        found: Any = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        why = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise SENTENCES.error(Invalid, "unreadable_settings", file=str(file), why=why) from error
    if not isinstance(found, dict):
        raise SENTENCES.error(Invalid, "no_settings", file=str(file))
    return found  # pyright: ignore[reportUnknownVariableType] - YAML; the server checks it
