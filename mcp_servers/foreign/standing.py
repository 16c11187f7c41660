"""How one foreign server stands: what it offers now, what was accepted of it, and whether they agree."""

from dataclasses import dataclass, field
from typing import Literal

from core.clock import monotonic_s
from core.errors import Forbidden, OpsError, UpstreamUnavailable, from_code
from core.storage.records import AcceptedRow
from mcp_servers.backends import Acceptances
from mcp_servers.backends.foreign import ForeignServer
from mcp_servers.foreign.adopting import Adopted, adopted
from mcp_servers.sentences import SENTENCES

# A list is believed for so long; a server that did not answer is left alone for so long.
FRESH_S = 60.0
REST_S = 30.0

State = Literal["accepted", "not_accepted", "changed", "unreachable"]


@dataclass(slots=True)
class Standing:
    """`failure` is what keeps an unreachable server from being used."""

    server: ForeignServer
    acceptances: Acceptances | None
    failure: OpsError | None = None
    _known: Adopted | None = None
    _asked_at_s: float | None = field(default=None)

    @property
    def name(self) -> str:
        return self.server.address.name

    async def offer(self) -> Adopted | None:
        """What it offers, asked anew when the last answer is old; None while it is away."""
        if not self._asked_lately():
            self._asked_at_s = monotonic_s()
            try:
                offered = await self.server.tools()
            except OpsError as error:
                self._known, self.failure = None, error
            else:
                self._known, self.failure = adopted(self.name, offered), None
        return self._known

    def look_again(self) -> None:
        """Do not believe the last answer any more."""
        self._asked_at_s = None

    async def accepted(self) -> AcceptedRow | None:
        """By whom and as what its list was accepted; a pin in the settings goes before."""
        if pin := self.server.address.pin:
            return AcceptedRow(pin, "settings", None)
        return await self.acceptances.accepted(self.name) if self.acceptances else None

    async def state(self) -> State:
        offer, accepted = await self.offer(), await self.accepted()
        if offer and accepted and accepted.digest != offer.digest:
            self.look_again()  # another process may have seen, and accepted, a newer list
            offer = await self.offer()
        if offer is None:
            return "unreachable"
        if accepted is None:
            return "not_accepted"
        return "accepted" if accepted.digest == offer.digest else "changed"

    async def usable(self) -> Adopted:
        """What may be offered and called. Raises `Forbidden` until a person has accepted it as it
        is, and `UpstreamUnavailable`."""
        state = await self.state()
        if state == "accepted" and self._known:
            return self._known
        if state == "unreachable":
            raise self.away()
        raise SENTENCES.error(Forbidden, f"foreign_{state}", name=self.name)

    def away(self) -> OpsError:
        """Why it did not answer when it was asked last, as an error of its own."""
        failure = self.failure or SENTENCES.error(
            UpstreamUnavailable, "server_away", host=self.name
        )
        return from_code(**failure.fields())

    def _asked_lately(self) -> bool:
        if self._asked_at_s is None:
            return False
        return monotonic_s() - self._asked_at_s < (REST_S if self._known is None else FRESH_S)
