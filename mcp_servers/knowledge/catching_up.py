"""Vectors for what has none, or those of another embedder, while others ask."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from core.clock import monotonic_s
from core.errors import OpsError
from knowledge_base.reports import Report

if TYPE_CHECKING:
    from knowledge_base.index import Index
    from knowledge_base.vectors import Embedder
    from mcp_servers.knowledge.opening import Base

# After a look at whether there is anything to do, and after an endpoint was away.
EVERY_S = 60.0

Tell = Callable[[str, int, int], None]
log = structlog.get_logger()


@dataclass
class CatchingUp:
    """A thread that ends with the process, wherever it is: what it has made so far is in the cache,
    and the index changes when all is there."""

    _thread: threading.Thread | None = None
    _next_s: float = 0.0
    _making: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, base: "Base", tell: Tell) -> None:
        """Unless it is at work, or was a moment ago."""
        at_work = self._thread is not None and self._thread.is_alive()
        if at_work or base.embedder is None or monotonic_s() < self._next_s:
            return
        self._next_s = monotonic_s() + EVERY_S
        self._thread = threading.Thread(target=self._catch_up, args=(base, tell), daemon=True)
        self._thread.start()

    def with_vectors(self, index: "Index", embedder: "Embedder", tell: Tell) -> Report:
        """Vectors of this embedder for all pages that lack them.

        One at a time in a process: who comes second waits and finds nothing left to do, so that an endpoint
        is not asked, and paid, twice for each text.
        """
        from knowledge_base.embedding import into_vectors, lacks_vectors

        with self._making:
            if not lacks_vectors(index, embedder):
                return Report()
            try:
                return into_vectors(index, embedder, tell)
            finally:
                tell("", 0, 0)

    def _catch_up(self, base: "Base", tell: Tell) -> None:
        if (embedder := base.making) is None:
            return
        try:
            report = self.with_vectors(base.index, embedder, tell)
            if report.vectors:
                log.warning("vectors_not_made", error=str(report.vectors))
            elif report.changed:
                log.info("vectors_made", embedder=embedder.name, documents=report.changed)
        except OpsError as error:
            log.warning("vectors_not_made", error=str(error))
