"""A model that failed several times in a row is left alone for a while."""

from dataclasses import dataclass


@dataclass(slots=True)
class Breaker:
    """Open after `failures` in a row; after `rest_s` one request goes through and decides.

    Times are seconds of one clock that never goes back.
    """

    failures: int
    rest_s: float
    _failed: int = 0
    _rests_until_s: float = 0.0
    _probing: bool = False

    def rests_s(self, now_s: float) -> float:
        """How long the model is still to be left alone; 0 when it may be asked."""
        return max(0.0, self._rests_until_s - now_s)

    def admits(self, now_s: float) -> bool:
        """Whether a request may be sent now. Who is admitted says how it went."""
        if self._failed < self.failures and not self.rests_s(now_s):
            return True
        if self._probing or self.rests_s(now_s):
            return False
        self._probing = True
        return True

    def succeeded(self) -> None:
        self._failed, self._rests_until_s, self._probing = 0, 0.0, False

    def failed(self, now_s: float, *, asked_to_wait_s: float = 0.0) -> None:
        """One more failure. A provider that said how long to wait is left alone just so long."""
        self._probing = False
        if asked_to_wait_s:
            rest_s = asked_to_wait_s
        else:
            self._failed += 1
            rest_s = self.rest_s if self._failed >= self.failures else 0.0
        self._rests_until_s = max(self._rests_until_s, now_s + rest_s)

    def undecided(self) -> None:
        """The request told nothing about the model: it was cut, or was itself at fault."""
        self._probing = False
