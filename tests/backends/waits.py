"""A clock that only waiting moves, so that no test has to wait."""

from collections.abc import Callable
from dataclasses import dataclass, field

from mcp_servers.backends.retrying import Patience


@dataclass
class Waits:
    """Every wait that a backend asked for, in seconds; `meanwhile` happens during the next one."""

    seconds: list[float] = field(default_factory=list[float])
    meanwhile: Callable[[], None] = lambda: None

    @property
    def patience(self) -> Patience:
        """The longest waits that chance could give."""
        return Patience(now=lambda: sum(self.seconds), sleep=self.wait, chance=lambda: 1.0)

    async def wait(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.meanwhile()
