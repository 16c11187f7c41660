"""`midwatch alerts`, `midwatch silences` and `midwatch rules`."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.desk import called, lines, listed, many, shown
from api.cli.diagnose import window
from api.cli.languages import Language, chosen
from api.cli.listing import Listed
from api.cli.outcome import NO, OK, finish, put, put_json
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
silences = typer.Typer(cls=Listed, help="Silences: seen, tried out, set, ended.")
rules = typer.Typer(cls=Listed, help="Alert rules, and what they are worth.")

FIRING = ("severity", "state", "name", "namespace", "summary")
RECEIVED = ("id", "status", "severity", "name", "namespace", "starts_at", "told", "acknowledged_by")
SILENCES = ("cluster", "id", "state", "matchers", "ends_at", "created_by", "catches_now", "comment")
MEMBERS = ("cluster", "address", "answers", "version", "gossip", "peers", "silences", "alerts")
QUALITY = ("name", "verdict", "episodes", "brief", "acknowledged", "median_minutes")

IdArgument = Annotated[str, typer.Argument(metavar="ID")]
IdsArgument = Annotated[list[str], typer.Argument(metavar="ID…")]
SinceOption = Annotated[str, typer.Option("--since", help="How far back: 30m, 24h, 7d.")]
MatcherArgument = Annotated[
    list[str], typer.Argument(metavar="MATCHER…", help="alertname=X, or 'node=~\"a|b\"'.")
]
EVERYWHERE = (
    *("cluster", "name", "state", "severity", "namespace", "since", "silenced_by", "missing_at"),
)
GROUPED = ("labels", "alerts", "active", "suppressed", "clusters", "since")
ForOption = Annotated[str, typer.Option("--for", help="How long: 30m, 2h, 1d.")]
StartOption = Annotated[
    str, typer.Option("--from", help="UTC, 2026-12-01T22:00Z; now if not given.")
]
CommentOption = Annotated[str, typer.Option("--comment", help="Why.")]
TicketOption = Annotated[str, typer.Option("--ticket", help="Of planned work.")]
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
    asked = {"document": _yaml(file), "window": window(since)}
    finish(shown(source, "alerting_dry_run", asked, output))


@silences.callback(invoke_without_command=True)
@with_source
def list_silences(
    ctx: typer.Context,
    state: Annotated[str, typer.Option(help="active, pending or expired.")] = "",
    cluster: ClusterOption = "",
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Silences, those in force first, with what each of them catches now."""
    if ctx.invoked_subcommand is None:
        asked = {"state": state, "am_cluster": cluster}
        tool = "alerting_list_silences"
        finish(listed(source, tool, asked, SILENCES, output, with_cluster=True))


@silences.command("preview")
@with_source
def preview_silence(
    matchers: MatcherArgument,
    length: ForOption = "2h",
    comment: CommentOption = "",
    ticket: TicketOption = "",
    cluster: ClusterOption = "",
    start: StartOption = "",
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """What a silence would catch, and whether it may be set."""
    asked = {**_silence(matchers, length, comment, ticket), "am_cluster": cluster}
    asked["starts_at"] = start
    finish(shown(source, "alerting_preview_silence", asked, output, with_cluster=True))


@silences.command("add")
@with_source
def add_silence(
    matchers: MatcherArgument,
    length: ForOption = "2h",
    comment: CommentOption = "",
    ticket: TicketOption = "",
    second: Annotated[str, typer.Option(help="A second person's yes.")] = "",
    cluster: ClusterOption = "",
    start: StartOption = "",
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Set a silence, within the guards."""
    asked = {**_silence(matchers, length, comment, ticket), "second": second, "am_cluster": cluster}
    asked["starts_at"] = start
    finish(shown(source, "alerting_create_silence", asked, output, with_cluster=True))


@silences.command("second")
@with_source
def second_silence(
    matchers: MatcherArgument,
    length: ForOption = "2h",
    cluster: ClusterOption = "",
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Agree, as the second person, to exactly this silence."""
    told = [_matcher(one) for one in matchers]
    asked = {"matchers": told, "duration": window(length), "am_cluster": cluster}
    door = "/api/v1/silences/second"
    finish(shown(source, "alerting_second_silence", asked, output, door=door))


@silences.command("expire")
@with_source
def expire_silence(
    silence_ids: IdsArgument,
    cluster: ClusterOption = "",
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """End silences now."""
    asked = [{"silence_id": one, "am_cluster": cluster} for one in silence_ids]
    ended = many(
        source, "alerting_expire_silence", asked, output, about="silence_id", with_cluster=True
    )
    finish(ended)


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
        put("\n".join([*lines(members, MEMBERS), *said, data["shown"]]))
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
    put("\n".join([*lines(data["rows"], FIRING), data["shown"], *unheard]))
    return OK


async def _received(source: Source, asked: Mapping[str, str], language: str, output: Output) -> int:
    data = await called(source, "alerting_list", asked)
    if output is Output.JSON:
        put_json(data)
    else:
        told = lines(data["rows"], RECEIVED)
        put("\n".join([*told, data["shown"], *_unheard(data, language)]))
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
    put("\n".join([*told, data["shown"], *unanswered]))
    return OK


async def _policy(source: Source, file: Path | None, reason: str, output: Output) -> int:
    if file is None:
        return await shown(source, "alerting_get_policy", {}, output)
    now = await called(source, "alerting_get_policy", {})
    asked = {"document": _yaml(file), "reason": reason, "based_on": str(now["version"])}
    return await shown(source, "alerting_set_policy", asked, output)


def _yaml(file: Path) -> dict[str, Any]:
    import yaml

    try:
        found: Any = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SENTENCES.error(Invalid, "unread", file=str(file), error=str(error)) from error
    except yaml.YAMLError as error:
        raise SENTENCES.error(Invalid, "no_yaml", file=str(file), error=str(error)) from error
    if not isinstance(found, dict):
        raise SENTENCES.error(Invalid, "no_policy", file=str(file))
    return found  # pyright: ignore[reportUnknownVariableType] - YAML; the server checks it


def _silence(matchers: list[str], length: str, comment: str, ticket: str) -> dict[str, Any]:
    return {
        "matchers": [_matcher(one) for one in matchers],
        "duration": window(length),
        "comment": comment,
        "ticket": ticket,
    }


def _matcher(text: str) -> str:
    """`a=b` as shells let it be typed, with the quotes that Alertmanager writes."""
    for operator in ("=~", "!~", "!=", "="):
        name, found, value = text.partition(operator)
        if found:
            plain = value.strip().strip('"')
            return f'{name.strip()}{operator}"{plain}"'
    raise SENTENCES.error(Invalid, "no_matcher", text=text)
