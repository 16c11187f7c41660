"""Who sends slowly does not hold a connection: the head of a request is waited for so long and no longer.

For its body see `envelope`: there the answer can still say why.
"""

import asyncio
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class Patient(H11Protocol):
    """Hangs up where no whole head came within the `patience_s` of the service, whose app has it in its state.

    A connection that has had its answer and says nothing is uvicorn's to close.
    """

    _giving_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._wait()
        else:
            self._waited()

    def connection_lost(self, exc: Exception | None) -> None:
        self._waited()
        super().connection_lost(exc)

    def _wait(self) -> None:
        """Once for each head: further bytes of it buy no more time."""
        if self._giving_up is None:
            state = cast("Any", self.config.app).state
            self._giving_up = self.loop.call_later(state.patience_s, self.transport.close)

    def _waited(self) -> None:
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None
