"""What smart functions are for who asks: their flags, believed for a few seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.clock import monotonic_s
from core.flags import Flag, State, decided
from core.storage.database import Database
from core.storage.repositories.flags import Flags

# A flag that is set here or elsewhere acts within this.
FRESH_S = 5.0


@dataclass(slots=True)
class Switches:
    """Of this process."""

    database: Database
    _flags: Mapping[str, Flag] = field(default_factory=dict[str, Flag])
    _read_s: float = field(default=float("-inf"))

    async def state_of(self, function: str, subject: str) -> State:
        """What the function is for this user."""
        if monotonic_s() - self._read_s > FRESH_S:
            async with self.database.session() as session:
                self._flags = await Flags(session).by_name()
            self._read_s = monotonic_s()
        return decided(self._flags, function, subject, {"user": subject}).state
