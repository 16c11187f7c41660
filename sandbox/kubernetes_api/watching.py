"""watch: what is there now if asked, then every change, as one JSON object a line."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from core.clock import monotonic_s
from sandbox.kubernetes_api.calls import Call
from sandbox.kubernetes_api.kinds import Kind
from sandbox.kubernetes_api.reading import selected
from sandbox.kubernetes_api.selectors import Matches
from sandbox.kubernetes_api.statuses import expired, too_large
from sandbox.kubernetes_api.views import view
from sandbox.store import Change, Expired, Store

Json = dict[str, Any]
Shape = Callable[[Json], Json]

BOOKMARK_INTERVAL_S = 30.0
_INITIAL_EVENTS_END = "k8s.io/initial-events-end"


@dataclass(frozen=True, slots=True)
class Watch:
    """One client's watch. `shape` turns an object into what the client asked to see."""

    store: Store
    kind: Kind
    matches: Matches
    shape: Shape
    namespace: str
    since: int | None  # None: everything that is there comes first, as added
    at_least: int  # the version that has to be reached before
    bookmarks: bool
    timeout_s: float | None

    @classmethod
    def of(cls, call: Call, kind: Kind, store: Store, shape: Shape) -> "Watch":
        version, bookmarks = call.version(), call.flag("allowWatchBookmarks")
        # Whoever starts anew and takes bookmarks is told where what was there ends.
        asked = "sendInitialEvents" in call.query
        initial = call.flag("sendInitialEvents") if asked else not version
        seconds = call.number("timeoutSeconds")
        return cls(
            store,
            kind,
            selected(call, kind),
            shape,
            call.target.namespace,
            None if initial else version or store.version,
            version,
            bookmarks,
            float(seconds) if seconds else None,
        )

    async def lines(self, stopping: Callable[[], bool]) -> AsyncIterator[bytes]:
        """Events until the time is up, the client goes, or the server stops."""
        woken = asyncio.Event()
        unsubscribe = self.store.subscribe(woken.set, self.kind.resource)
        try:
            async for event in self._events(woken, stopping):
                yield orjson.dumps(event) + b"\n"
        finally:
            unsubscribe()

    async def _events(
        self, woken: asyncio.Event, stopping: Callable[[], bool]
    ) -> AsyncIterator[Json]:
        ends_at = monotonic_s() + self.timeout_s if self.timeout_s else math.inf
        if self.since is None and self.at_least > self.store.version:
            yield {"type": "ERROR", "object": too_large(self.at_least, self.store.version).status}
            return
        seen = self.store.version if self.since is None else self.since
        for event in self._initial() if self.since is None else ():
            yield event
        while not stopping() and (left := ends_at - monotonic_s()) > 0:
            woken.clear()
            try:
                changes = self.store.changes_since(seen, self.kind.resource)
            except Expired as error:
                yield {"type": "ERROR", "object": expired(str(error)).status}
                return
            # Whatever is written while events are sent comes with the next round.
            seen = max(seen, self.store.version)
            for change in changes:
                if event := self._event(change):
                    yield event
            changed = await _set_within(woken, min(left, BOOKMARK_INTERVAL_S))
            if self.bookmarks and not changed and left > BOOKMARK_INTERVAL_S:
                yield self._bookmark()

    def _initial(self) -> Iterator[Json]:
        for one in self.store.list(self.kind.resource, self.namespace):
            if self.matches(one):
                yield {"type": "ADDED", "object": self.shape(view(self.kind, one))}
        if self.bookmarks:
            yield self._bookmark({"annotations": {_INITIAL_EVENTS_END: "true"}})

    def _event(self, change: Change) -> Json | None:
        """The change as this watcher sees it: an object that begins to match has been added."""
        if self.namespace and change.key.namespace != self.namespace:
            return None
        matched = change.before is not None and self.matches(change.before)
        matches = change.type != "DELETED" and self.matches(change.now)
        if not matched and not matches:
            return None
        kind = "MODIFIED" if matched and matches else "ADDED" if matches else "DELETED"
        return {"type": kind, "object": self.shape(view(self.kind, change.now))}

    def _bookmark(self, more: Json | None = None) -> Json:
        metadata = {"resourceVersion": str(self.store.version)}
        about = {"kind": self.kind.kind, "apiVersion": self.kind.group_version}
        return {"type": "BOOKMARK", "object": {**about, "metadata": {**metadata, **(more or {})}}}


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return event.is_set()
    return True
