"""The command line. Each command imports what it needs when it runs."""

import typer

from api.cli import (
    alerting,
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
    people,
    practice,
    predict,
    rca,
    servers,
    serving,
    usage,
)

app = typer.Typer(
    name="midwatch",
    help="Keep the midnight watch over clusters: ask, diagnose, investigate.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
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
app.add_typer(alerting.alerts, name="alerts")
app.add_typer(alerting.silences, name="silences")
app.add_typer(alerting.rules, name="rules")
app.add_typer(channels.channels, name="channels")
app.add_typer(budgets.budgets, name="budgets")
app.add_typer(auditing.audit, name="audit")
app.add_typer(facts.facts, name="facts")
app.add_typer(people.users, name="users")
app.add_typer(people.tokens, name="tokens")
app.add_typer(servers.servers, name="servers")
app.add_typer(eval_commands.evaluate, name="eval")


def main() -> None:
    app()
