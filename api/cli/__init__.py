"""The command line. Each command imports what it needs when it runs."""

import sys

import typer
from typer.main import get_command_name

from api.cli import (
    alerting,
    analyses,
    anomalies,
    approve,
    ask,
    auditing,
    budgets,
    channels,
    costs,
    diagnose,
    eval_commands,
    facts,
    fixes,
    forecast,
    kb,
    logs,
    patrols,
    people,
    practice,
    predict,
    rca,
    roles,
    rule_testing,
    servers,
    serving,
    signed_in,
    sync,
    usage,
    watches,
)
from api.cli.outcome import told
from core.errors import OpsError


def _empty() -> typer.Typer:
    return typer.Typer(
        name="midwatch",
        help="Keep the midnight watch over clusters: ask, diagnose, investigate.",
        no_args_is_help=True,
        add_completion=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


app = _empty()
for command in (
    serving.up,
    ask.ask,
    ask.route,
    approve.approve,
    diagnose.diagnose,
    diagnose.investigate,
    anomalies.anomalies,
    costs.costs,
    costs.savings,
    forecast.forecast,
    predict.predict,
    practice.capture,
    usage.usage,
    sync.sync,
    serving.mcp,
    serving.doctor,
    serving.version,
):
    app.command()(command)
app.add_typer(rca.rca, name="rca")
app.add_typer(logs.logs, name="logs")
app.add_typer(kb.kb, name="kb")
app.add_typer(practice.sandbox, name="sandbox")
app.add_typer(fixes.fix, name="fix")
app.add_typer(analyses.alerts, name="alerts")
app.add_typer(alerting.silences, name="silences")
app.add_typer(rule_testing.rules, name="rules")
app.add_typer(channels.channels, name="channels")
app.add_typer(watches.watches, name="watches")
app.add_typer(patrols.patrols, name="patrols")
app.add_typer(budgets.budgets, name="budgets")
app.add_typer(auditing.audit, name="audit")
app.add_typer(facts.facts, name="facts")
app.add_typer(people.users, name="users")
app.add_typer(roles.roles, name="roles")
app.add_typer(people.tokens, name="tokens")
app.add_typer(signed_in.sessions, name="sessions")
app.add_typer(servers.servers, name="servers")
app.add_typer(eval_commands.evaluate, name="eval")


def alone(name: str) -> typer.Typer | None:
    """The command line with the one command of this name; None when there is no such.

    The options of all of them are 3 MiB, which the service would keep for as long as it runs.
    """
    small = _empty()
    small.callback()(lambda: None)  # or it would take the only command for the whole
    small.registered_commands = [
        one
        for one in app.registered_commands
        if one.callback and get_command_name(one.callback.__name__) == name
    ]
    small.registered_groups = [one for one in app.registered_groups if one.name == name]
    return small if small.registered_commands or small.registered_groups else None


def main() -> None:
    """What is refused before a command begins, as a length of time that is none, is one sentence too."""
    try:
        (alone("".join(sys.argv[1:2])) or app)()
    except OpsError as error:
        sys.exit(told(error))
