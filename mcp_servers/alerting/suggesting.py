"""Suggestions of rules are switched like other smart functions: not worked out, worked out and kept back, or given."""

from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

from core.clock import utc_now
from core.errors import Conflict
from core.flags import State, decided
from core.principal import Principal
from core.sentences import Sentences
from core.storage.flag_records import FlagEventRow
from mcp_servers.backends.alert_desk import Desk

WORDS = Sentences("mcp_servers.alerting", "flags")
FLAG = "rule_suggestions"
Suggested = TypeVar("Suggested", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Suggesting:
    """What the flag is for the one who asks."""

    desk: Desk
    caller: Principal
    state: State

    @classmethod
    async def begun(cls, desk: Desk, caller: Principal) -> "Suggesting":
        """Raises `Conflict` where the function is off for the caller. Without tables nobody switched it."""
        if desk.store is None:
            return cls(desk, caller, "on")
        async with desk.session() as tables:
            flags = await tables.flags.by_name()
        state = decided(flags, FLAG, caller.subject, {"user": caller.subject}).state
        if state == "off":
            raise WORDS.error(Conflict, "suggestions_off")
        return cls(desk, caller, state)

    async def given(self, found: Suggested, **asked: Any) -> Suggested:
        """What was found. In shadow it is noted at the flag, and `Conflict` is raised."""
        if self.state == "on":
            return found
        detail = {"user": self.caller.subject, "asked": asked, "found": found.model_dump()}
        now = utc_now()
        async with self.desk.session() as tables:
            await tables.flags.add(
                FlagEventRow.of(FLAG, "shadow", self.caller.subject, now, detail)
            )
        raise WORDS.error(Conflict, "suggestions_in_shadow")
