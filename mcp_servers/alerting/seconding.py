"""A second person's yes to one silence: sealed, short-lived, and no use to that person alone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from core.errors import Forbidden, Invalid
from core.principal import Principal
from mcp_servers.alerting.sentences import SENTENCES

if TYPE_CHECKING:
    from core.security.encryption import Vault

PLACE = "the second person of a silence"
HOLDS = timedelta(minutes=15)


def second_for(
    vault: "Vault", matchers: Sequence[str], duration: str, person: Principal, now: datetime
) -> str:
    said = {
        "matchers": sorted(matchers),
        "duration": duration,
        "by": person.subject,
        "until": (now + HOLDS).isoformat(),
    }
    return vault.seal(orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode(), place=PLACE)


def checked_second(
    vault: "Vault",
    second: str,
    matchers: Sequence[str],
    duration: str,
    person: Principal,
    now: datetime,
) -> str:
    """Who agreed. Raises unless it is somebody else's yes to exactly this, given a moment ago."""
    said: dict[str, Any] = orjson.loads(vault.open(second, place=PLACE))
    if said["by"] == person.subject:
        raise SENTENCES.error(Forbidden, "second_is_self")
    if (said["matchers"], said["duration"]) != (sorted(matchers), duration):
        raise SENTENCES.error(Invalid, "second_of_another")
    if datetime.fromisoformat(said["until"]) < now:
        raise SENTENCES.error(Invalid, "second_too_old")
    return str(said["by"])
