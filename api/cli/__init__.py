"""The command line. A command is loaded when it is called; all of them only where they are listed."""

import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Annotated

import typer

from api.cli.outcome import put, told
from core.errors import OpsError

# What a person types, the module of this package that has it, and its name there.
COMMANDS = (
    ("up", "serving", "up"),
    ("ask", "ask", "ask"),
    ("route", "ask", "route"),
    ("approve", "approve", "approve"),
    ("diagnose", "diagnose", "diagnose"),
    ("investigate", "diagnose", "investigate"),
    ("anomalies", "anomalies", "anomalies"),
    ("costs", "costs", "costs"),
    ("savings", "costs", "savings"),
    ("forecast", "forecast", "forecast"),
    ("predict", "predict", "predict"),
    ("capture", "practice", "capture"),
    ("usage", "usage", "usage"),
    ("sync", "sync", "sync"),
    ("mcp", "serving", "mcp"),
    ("doctor", "serving", "doctor"),
    ("version", "serving", "version"),
)
GROUPS = (
    ("rca", "rca", "rca"),
    ("logs", "logs", "logs"),
    ("kb", "kb", "kb"),
    ("sandbox", "practice", "sandbox"),
    ("fix", "fixes", "fix"),
    ("alerts", "configuring", "alerts"),
    ("silences", "silencing", "silences"),
    ("rules", "rule_testing", "rules"),
    ("channels", "channels", "channels"),
    ("watches", "watches", "watches"),
    ("flags", "flags", "flags"),
    ("patrols", "patrols", "patrols"),
    ("budgets", "budgets", "budgets"),
    ("audit", "auditing", "audit"),
    ("facts", "facts", "facts"),
    ("threads", "conversations", "threads"),
    ("users", "people", "users"),
    ("roles", "roles", "roles"),
    ("prices", "prices", "prices"),
    ("tokens", "people", "tokens"),
    ("sessions", "signed_in", "sessions"),
    ("servers", "servers", "servers"),
    ("eval", "eval_commands", "evaluate"),
)
Entry = tuple[str, str, str]


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        put(version("midwatch"))
        raise typer.Exit


def _whole(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", is_eager=True, callback=_print_version
        ),
    ] = False,
) -> None:
    """Keep the midnight watch over clusters: ask, diagnose, investigate."""


def _with(commands: Iterable[Entry], groups: Iterable[Entry]) -> typer.Typer:
    made = typer.Typer(
        name="midwatch",
        no_args_is_help=True,
        add_completion=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    made.callback()(_whole)
    for name, module, attribute in commands:
        made.command(name)(getattr(import_module(f"api.cli.{module}"), attribute))
    for name, module, attribute in groups:
        made.add_typer(getattr(import_module(f"api.cli.{module}"), attribute), name=name)
    return made


def whole() -> typer.Typer:
    """The command line with every command."""
    return _with(COMMANDS, GROUPS)


def alone(name: str) -> typer.Typer | None:
    """The command line with the one command of this name; None when there is no such.

    The modules and options of all of them are 6 MiB, which the service would keep for as long as it runs.
    """
    commands, groups = ([one for one in of if one[0] == name] for of in (COMMANDS, GROUPS))
    if not commands and not groups:
        return None
    return _with(commands, groups)


def main() -> None:
    """What is refused before a command begins, as a length of time that is none, is one sentence too."""
    try:
        (alone("".join(sys.argv[1:2])) or whole())()
    except OpsError as error:
        sys.exit(told(error))
