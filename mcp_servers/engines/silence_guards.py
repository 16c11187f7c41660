"""What a silence may not be: without aim, too long, unsigned, or over what must be heard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from mcp_servers.engines.alert_matching import Matcher

LONGEST, LONGEST_PLANNED = timedelta(hours=24), timedelta(days=7)
MOST_SERIES = 20
LEAST_COMMENT_CHARACTERS = 8
# Alerts whose silence is what nobody would notice.
HEARTBEATS = frozenset({"watchdog", "deadmansswitch", "heartbeat", "infoinhibitor"})
RENEWALS_THAT_ARE_A_FINDING = 3


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a silence is not set: the name of a sentence and what fills it.

    `second`: a second person may have it set all the same.
    """

    code: str
    params: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    second: bool = False


def objections(
    matchers: Sequence[Matcher],
    length: timedelta,
    comment: str,
    caught: Sequence[Mapping[str, str]],
    *,
    ticket: str = "",
) -> list[Objection]:
    """Every reason against it, the gravest first; `caught` are the labels of each series it matches."""
    return [
        *_aim(matchers),
        *_length(length, ticket),
        *_signed(comment),
        *_reach(caught),
    ]


def _aim(matchers: Sequence[Matcher]) -> list[Objection]:
    found: list[Objection] = []
    if not any(one.operator == "=" and one.value for one in matchers):
        found.append(Objection("no_aim"))
    loose = [one for one in matchers if one.takes_all or not one.value]
    return [*found, *(Objection("takes_all", {"name": one.name}) for one in loose)]


def _length(length: timedelta, ticket: str) -> list[Objection]:
    if length <= timedelta(0):
        return [Objection("no_length")]
    if length > LONGEST_PLANNED:
        return [Objection("too_long")]
    if length > LONGEST and not ticket:
        return [Objection("needs_ticket")]
    return []


def _signed(comment: str) -> list[Objection]:
    if len(comment.strip()) >= LEAST_COMMENT_CHARACTERS:
        return []
    return [Objection("no_reason", {"least": str(LEAST_COMMENT_CHARACTERS)})]


def _reach(caught: Sequence[Mapping[str, str]]) -> list[Objection]:
    found: list[Objection] = []
    if len(caught) > MOST_SERIES:
        told = {"count": str(len(caught)), "most": str(MOST_SERIES)}
        found.append(Objection("too_wide", told, second=True))
    for code, holds in (
        ("critical", _is_critical),
        ("heartbeat", _is_heartbeat),
        ("security", _is_security),
    ):
        names = sorted({one.get("alertname", "") for one in caught if holds(one)})
        if names:
            found.append(Objection(code, {"name": ", ".join(names[:3])}, second=True))
    return found


def _is_critical(labels: Mapping[str, str]) -> bool:
    return labels.get("severity", "").lower() in ("critical", "page")


def _is_heartbeat(labels: Mapping[str, str]) -> bool:
    return labels.get("alertname", "").lower() in HEARTBEATS


def _is_security(labels: Mapping[str, str]) -> bool:
    """By what a rule says of itself, never by a word in a name."""
    return "security" in {
        labels.get(one, "").lower() for one in ("category", "team", "type", "severity")
    }
