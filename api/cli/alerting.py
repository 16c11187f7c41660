"""`midwatch alerts` and `midwatch rules`."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.desk import called, lines, listed, many, shown, shown_of
from api.cli.diagnose import window
from api.cli.languages import Language, chosen
from api.cli.listing import Listed
from api.cli.outcome import NO, OK, finish, put, put_json, spoken
from api.cli.reports import analysis_lines
from api.cli.sentences import SENTENCES
from api.cli.source import (
    LanguageOption,
    NamespaceOption,
    Output,
    OutputOption,
    Source,
    with_source,
)
from core.errors import Invalid, OpsError

alerts = typer.Typer(
    cls=Listed, help="Alerts: what fires, what came in, and what was done with it."
)
rules = typer.Typer(cls=Listed, help="Alert rules, and what they are worth.")

FIRING = ("severity", "state", "name", "namespace", "summary")
RECEIVED = ("id", "status", "severity", "name", "namespace", "starts_at", "told", "acknowledged_by")
MEMBERS = ("cluster", "address", "answers", "version", "gossip", "peers", "silences", "alerts")
QUALITY = ("name", "verdict", "episodes", "brief", "acknowledged", "median_minutes")

IdArgument = Annotated[str, typer.Argument(metavar="ID")]
IdsArgument = Annotated[list[str], typer.Argument(metavar="ID…")]
SinceOption = Annotated[str, typer.Option("--since", help="How far back: 30m, 24h, 7d.")]
EVERYWHERE = (
    *("cluster", "name", "state", "severity", "namespace", "since", "silenced_by", "missing_at"),
)
GROUPED = ("labels", "alerts", "active", "suppressed", "clusters", "since")
ClusterOption = Annotated[
    str, typer.Option("--in", help="Cluster of Alertmanagers: its name, or labels as region=eu.")
]


@alerts.callback(invoke_without_command=True)
@with_source
def list_firing(
    ctx: typer.Context,
    namespace: NamespaceOption = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """What fires now, as Alertmanager or Prometheus knows it."""
    if ctx.invoked_subcommand is None:
        finish(_firing(source, namespace, chosen(lang), output))


@alerts.command("managers")
@with_source
def list_managers(
    cluster: ClusterOption = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Clusters of Alertmanagers with each member. Exit code 1 when not all is well."""
    finish(_managers(source, cluster, chosen(lang), output))


@alerts.command("everywhere")
@with_source
def list_everywhere(
    cluster: ClusterOption = "",
    name: Annotated[str, typer.Option(help="Part of an alert's name.")] = "",
    namespace: NamespaceOption = "",
    state: Annotated[str, typer.Option(help="active or suppressed.")] = "",
    group_by: Annotated[str, typer.Option(help="Labels: alertname,namespace.")] = "",
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """What every cluster of Alertmanagers has, and which of its members lack it."""
    asked = {"am_cluster": cluster, "name": name, "namespace": namespace, "state": state}
    finish(_everywhere(source, {**asked, "group_by": group_by}, output))


@alerts.command("list")
@with_source
def list_received(
    status: Annotated[str, typer.Option(help="firing, resolved or unheard.")] = "",
    since: SinceOption = "24h",
    namespace: NamespaceOption = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Alerts that were sent to Midwatch, the last heard of first."""
    asked = {"status": status, "window": window(since), "namespace": namespace}
    finish(_received(source, asked, chosen(lang), output))


@alerts.command("show")
@with_source
def show_alert(
    alert_id: IdArgument,
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """One alert with its processing record: each step, when, why, who was told, the cause found."""
    finish(_show(source, alert_id, chosen(lang), output))


@alerts.command("ack")
@with_source
def acknowledge(
    alert_ids: IdsArgument, output: OutputOption = Output.TEXT, *, source: Source
) -> None:
    """Take care of alerts, so that they are not escalated."""
    asked = [{"alert_id": one} for one in alert_ids]
    if len(asked) == 1 and output is Output.TEXT:
        finish(_acknowledged(source, alert_ids[0]))
    finish(many(source, "alerting_acknowledge", asked, output, about="alert_id"))


@alerts.command("policy")
@with_source
def policy(
    set_file: Annotated[
        Path | None, typer.Option("--set", metavar="FILE", help="Put this one in force (YAML).")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why it changes.")] = "",
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Show the policy in force, or put another one in force."""
    finish(_policy(source, set_file, reason, output))


@alerts.command("dry-run")
@with_source
def dry_run(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A policy in YAML.")],
    since: SinceOption = "24h",
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """What a policy would have made of the alerts that came in, beside the one in force."""
    from api.cli.policy_file import policy_of

    asked = {"document": policy_of(file), "window": window(since)}
    finish(shown(source, "alerting_dry_run", asked, output))


@rules.callback(invoke_without_command=True)
@with_source
def list_rules(
    ctx: typer.Context,
    name: Annotated[str, typer.Option(help="Part of a name.")] = "",
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Recording and alerting rules of Prometheus, failing and firing first."""
    if ctx.invoked_subcommand is None:
        columns = ("group", "name", "kind", "state", "health", "severity", "query")
        finish(
            listed(source, "prometheus_rules", {"name": name}, columns, output, with_cluster=True)
        )


@rules.command("quality")
@with_source
def rule_quality(
    since: SinceOption = "7d", output: OutputOption = Output.TEXT, *, source: Source
) -> None:
    """Alert rules by what they were worth: noisy, over by themselves, or never acted on."""
    asked = {"window": window(since)}
    finish(listed(source, "alerting_quality", asked, QUALITY, output))


async def _acknowledged(source: Source, alert_id: str) -> int:
    data = await called(source, "alerting_acknowledge", {"alert_id": alert_id})
    said = SENTENCES.said("taken_care_of", name=data["name"], who=data["acknowledged_by"])
    put(said.told(spoken()))
    return OK


async def _managers(source: Source, cluster: str, language: str, output: Output) -> int:
    asked = {"am_cluster": cluster}
    data = await called(source, "alerting_list_alertmanagers", asked, with_cluster=True)
    if output is Output.JSON:
        put_json(data)
    else:
        members = [
            {"cluster": one["name"], **member} for one in data["rows"] for member in one["members"]
        ]
        said = [text for one in data["rows"] for text in one["problems_in"][language]]
        put("\n".join([*lines(members, MEMBERS), *said, shown_of(data)]))
    return OK if all(one["state"] == "ok" for one in data["rows"]) else NO


async def _firing(source: Source, namespace: str, language: str, output: Output) -> int:
    """With a word on those that were sent to Midwatch and that nobody heard of."""
    data = await called(source, "prometheus_alerts", {"namespace": namespace}, with_cluster=True)
    if output is Output.JSON:
        put_json(data)
        return OK
    unheard: list[str] = []
    with suppress(
        OpsError
    ):  # what was sent to an installation that cannot be read is not known here
        received = await called(source, "alerting_list", {"status": "firing"})
        unheard = _unheard(received, language) if received["untold"] else []
    put("\n".join([*lines(data["rows"], FIRING), shown_of(data), *unheard]))
    return OK


async def _received(source: Source, asked: Mapping[str, str], language: str, output: Output) -> int:
    data = await called(source, "alerting_list", asked)
    if output is Output.JSON:
        put_json(data)
    else:
        told = lines(data["rows"], RECEIVED)
        put("\n".join([*told, shown_of(data), *_unheard(data, language)]))
    return OK


def _unheard(data: Mapping[str, Any], language: str) -> list[str]:
    told: Mapping[str, str] = data["unheard"]
    return ["", told[language]] if told else []


async def _show(source: Source, alert_id: str, language: str, output: Output) -> int:
    data = await called(source, "alerting_show", {"alert_id": alert_id, "language": language})
    if output is Output.JSON:
        put_json(data)
        return OK
    head = [f"{name}: {data[name]}" for name in ("id", "name", "status", "summary", "told")]
    steps = lines(data["steps"], ("at", "step", "outcome", "detail"))
    found = ["", *analysis_lines(data["analysis"], language)] if data["analysis"] else []
    put("\n".join([*head, *_unheard(data, language), "", *steps, *found]))
    return OK


async def _everywhere(source: Source, asked: Mapping[str, str], output: Output) -> int:
    data = await called(source, "alerting_list_cluster_alerts", asked, with_cluster=True)
    if output is Output.JSON:
        put_json(data)
        return OK
    told = lines(data["groups"], GROUPED) if asked["group_by"] else lines(data["rows"], EVERYWHERE)
    unanswered = lines([{"unanswered": one} for one in data["unanswered"]], ("unanswered",))
    put("\n".join([*told, shown_of(data), *unanswered]))
    return OK


async def _policy(source: Source, file: Path | None, reason: str, output: Output) -> int:
    if file is None:
        return await shown(source, "alerting_get_policy", {}, output)
    if not reason:
        raise SENTENCES.error(Invalid, "policy_without_reason")
    from api.cli.policy_file import policy_of

    now = await called(source, "alerting_get_policy", {})
    asked = {"document": policy_of(file), "reason": reason, "based_on": str(now["version"])}
    return await shown(source, "alerting_set_policy", asked, output)
