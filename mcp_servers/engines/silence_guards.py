"""What a silence may not be: without aim, too long, unsigned, or over what must be heard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    """Why a silence is not set. `second`: a second person may have it set all the same."""

    code: str
    sentence: str
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
        sentence = 'It needs at least one matcher that is equal to a value, such as alertname="X".'
        found.append(Objection("no_aim", sentence))
    for one in matchers:
        if one.takes_all or not one.value:
            sentence = f"The matcher on {one.name} takes nearly everything."
            found.append(Objection("takes_all", sentence))
    return found


def _length(length: timedelta, ticket: str) -> list[Objection]:
    if length <= timedelta(0):
        return [Objection("no_length", "It would end before it begins.")]
    if length > LONGEST_PLANNED:
        return [Objection("too_long", "No silence lasts longer than 7 days.")]
    if length > LONGEST and not ticket:
        sentence = "Longer than 24 hours is for planned work, which has a ticket: name it."
        return [Objection("too_long", sentence)]
    return []


def _signed(comment: str) -> list[Objection]:
    if len(comment.strip()) >= LEAST_COMMENT_CHARACTERS:
        return []
    return [Objection("no_reason", "It needs a comment that says why.")]


def _reach(caught: Sequence[Mapping[str, str]]) -> list[Objection]:
    found: list[Objection] = []
    if len(caught) > MOST_SERIES:
        sentence = f"It catches {len(caught)} series, more than {MOST_SERIES}."
        found.append(Objection("too_wide", sentence, second=True))
    for code, sentence, holds in (
        ("critical", "A critical alert is among what it catches: {name}.", _is_critical),
        ("heartbeat", "A heartbeat is among what it catches: {name}.", _is_heartbeat),
        ("security", "A security alert is among what it catches: {name}.", _is_security),
    ):
        names = sorted({one.get("alertname", "") for one in caught if holds(one)})
        if names:
            told = sentence.format(name=", ".join(names[:3]))
            found.append(Objection(code, told, second=True))
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
