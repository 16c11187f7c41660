"""Tellings in the words of a channel's language."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from core.redaction import redact_text
from mcp_servers.facts.notices import SEVERITIES, Entry, Notice, Telling, ToldAlert

# Said elsewhere in the message, or of interest to programs alone.
TOLD_ELSEWHERE = frozenset({"alertname", "severity", "prometheus", "__name__"})
MOST_LABELS, MOST_DESCRIPTION = 8, 600
# What stands in a question must be a name: a question is put to a model.
NAME = re.compile(r"[\w.:-]{1,100}", re.ASCII)
PLACE = ("namespace", "service", "job", "node", "instance")


@cache
def catalogue(language: str) -> Mapping[str, Mapping[str, str]]:
    text = files("mcp_servers.channels.catalogue").joinpath(f"{language}.toml").read_text("utf-8")
    return tomllib.loads(text)


def worded(
    telling: Telling, *, message_id: str, language: str, public_url: str = "", **facts: Any
) -> Notice:
    """The message that is sent. `facts` fill the sentences of a test."""
    words = catalogue(language)
    alerts = sorted(telling.alerts, key=_urgency)
    severity = telling.severity
    told = {"severity": words["severity"][severity], **facts}
    ask = _question(alerts, words)
    return Notice(
        id=message_id,
        key=telling.key,
        status=telling.status,
        severity=severity,
        title=redact_text(telling.title or _title(telling, words)),
        summary=redact_text(telling.text or words["summary"][telling.reason].format(**told)),
        entries=tuple(_entry(one, words, language) for one in alerts),
        links=_links(alerts, words, public_url, ask),
        language=language,
        more=words["rest"]["more"],
        ask=ask,
        ask_label=words["link"]["investigate"],
        data={**telling.as_data(), "alerts": [telling_data(one) for one in alerts]},
    )


def telling_data(alert: ToldAlert) -> dict[str, Any]:
    return {
        "id": alert.id,
        "name": alert.name,
        "status": alert.status,
        "severity": alert.severity,
        "labels": alert.labels,
        "summary": redact_text(alert.summary),
        "description": redact_text(alert.description),
        "starts_at": alert.starts_at,
        "ends_at": alert.ends_at,
        "generator_url": alert.generator_url,
        "runbook_url": alert.runbook_url,
    }


def _title(telling: Telling, words: Mapping[str, Mapping[str, str]]) -> str:
    titles, alerts = words["title"], telling.alerts
    if telling.reason == "test":
        return titles["test"]
    firing = sum(one.status == "firing" for one in alerts)
    counts = {"firing": firing, "resolved": len(alerts) - firing, "total": len(alerts)}
    if telling.reason == "digest":
        return titles["digest"].format(**counts)
    names = {one.name for one in alerts}
    name = names.pop() if len(names) == 1 else titles["several"]
    place = _place([one.labels for one in alerts])
    where = titles["where"].format(place=place) if place else ""
    if firing and firing < len(alerts):
        return titles["mixed"].format(name=name, where=where, **counts)
    key = telling.status + ("_many" if len(alerts) > 1 else "")
    return titles[key].format(name=name, where=where, count=len(alerts))


def _place(labels: Sequence[Mapping[str, str]]) -> str:
    """The first of the place labels that all share, and the next one."""
    shared = [
        values.pop()
        for name in PLACE
        if len(values := {one.get(name, "") for one in labels}) == 1 and values != {""}
    ]
    return "/".join(shared[:2])


def _entry(alert: ToldAlert, words: Mapping[str, Mapping[str, str]], language: str) -> Entry:
    lines = words["line"]
    since, until = _stamp(alert.starts_at), _stamp(alert.ends_at)
    when = lines["from_to"].format(**{"from": since, "to": until}) if until else ""
    labels = [
        f"{name}={value}" for name, value in alert.labels.items() if name not in TOLD_ELSEWHERE
    ]
    summary, description = (alert.said(one, language) for one in ("summary", "description"))
    told = [
        summary,
        description[:MOST_DESCRIPTION] if description != summary else "",
        lines["labels"].format(labels=", ".join(labels[:MOST_LABELS])),
        when or (lines["since"].format(at=since) if since else ""),
    ]
    heading = f"{alert.name} [{words['severity'][alert.severity]}]"
    return Entry(
        heading=redact_text(heading),
        lines=tuple(redact_text(one) for one in told if one),
        firing=alert.status == "firing",
        url=alert.generator_url,
    )


def _stamp(at: str) -> str:
    return datetime.fromisoformat(at).strftime("%Y-%m-%d %H:%M UTC") if at else ""


def _links(
    alerts: Sequence[ToldAlert], words: Mapping[str, Mapping[str, str]], public_url: str, ask: str
) -> tuple[tuple[str, str], ...]:
    """Of the most urgent alert; a channel shows a handful of buttons at most."""
    if not alerts:
        return ()
    first, names = alerts[0], words["link"]
    found = [
        (names["investigate"], f"{public_url}/?ask={quote(ask)}" if public_url and ask else ""),
        (names["chart"], first.generator_url),
        (names["runbook"], first.runbook_url),
        (names["silence"], first.silence_url if first.status == "firing" else ""),
        (
            names["midwatch"],
            f"{public_url}/api/v1/alerts/{first.id}" if public_url and first.id else "",
        ),
    ]
    return tuple((label, url) for label, url in found if url.startswith(("https://", "http://")))


def _question(alerts: Sequence[ToldAlert], words: Mapping[str, Mapping[str, str]]) -> str:
    """What to ask about the most urgent alert that fires. Only names, which no text can be put into."""
    firing = next(
        (one for one in alerts if one.status == "firing" and NAME.fullmatch(one.name)), None
    )
    if firing is None:
        return ""
    namespace = firing.labels.get("namespace", "")
    key = "in_namespace" if NAME.fullmatch(namespace) else "anywhere"
    return words["ask"][key].format(name=firing.name, namespace=namespace)


def _urgency(alert: ToldAlert) -> tuple[bool, int, str]:
    return (alert.status != "firing", SEVERITIES.index(alert.severity), alert.name)
