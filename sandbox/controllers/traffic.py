"""Requests and errors follow whether the pods of a service serve.

A service that nothing happened to is called and answers as in the picture. One that something
happened to fails for all who call it while none of its pods is ready; a caller fails for the part
of its own requests that need it.
"""

from collections.abc import Callable
from typing import Any

from sandbox.controllers.calls import Calls, Flow, Place
from sandbox.controllers.kubelet.program_logs import speak
from sandbox.controllers.replicas import is_ready
from sandbox.controllers.world import PODS, SERVICES, World, leaving
from sandbox.fields import at, entries, section
from sandbox.labels import matches_label_selector
from sandbox.series import Labels, Matcher
from sandbox.store import Key

Json = dict[str, Any]
Reconcile = Callable[[World, Key], None]


class Traffic:
    """Knows the services that request series tell of; `unserved` are those that something happened to."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.calls = Calls.told_by(world.series)
        self._members = {place: _uids(self._pods(place)) for place in self.calls.places}
        # Service → the share of requests to it that nobody serves.
        self.unserved: dict[Place, float] = {}

    def following(self, reconcile: Reconcile) -> Reconcile:
        """The controller of Services, and the traffic after what it did."""

        def followed(world: World, key: Key) -> None:
            reconcile(world, key)
            place = (key.namespace, key.name)
            if place in self._members:
                self._look_at(place)

        return followed

    def failing_calls(self, pod: Json) -> dict[str, float]:
        """Of the services that a pod calls, by their names, the share of calls that fail."""
        namespace = pod["metadata"]["namespace"]
        mine = {place for place in self._members if place[0] == namespace and self._has(place, pod)}
        return {
            target[1] if target[0] == namespace else f"{target[1]}.{target[0]}": self.failing(
                target
            )
            for caller, target in self.calls.calls
            if caller in mine
        }

    def failing(self, place: Place, within: tuple[Place, ...] = ()) -> float:
        """The share of requests to a service that fail."""
        if place not in self.calls.upstream(self.unserved):
            return self.calls.recorded_errors(place)
        unserved = self.unserved.get(place, 0.0)
        return 1 - (1 - unserved) * (1 - self._own_errors(place, within))

    def _own_errors(self, place: Place, within: tuple[Place, ...] = ()) -> float:
        """The share of what a service answers that are errors: its own, and those of whom it calls."""
        flow = self.calls.own.get(place)
        share = flow.usual_errors if flow else 0.0
        for (caller, target), called in self.calls.calls.items():
            if caller == place and target not in within:
                needs = min(1.0, called.demand / flow.demand) if flow and flow.demand else 0.0
                share += needs * self.failing(target, (*within, place))
        return min(1.0, share)

    def _look_at(self, place: Place) -> None:
        pods = self._pods(place)
        touched = any(self._world.is_awake(pod) for pod in pods)
        if not touched and _uids(pods) == self._members[place] and place not in self.unserved:
            return
        unserved = self._unserved(place, pods)
        if self.unserved.get(place) != unserved:
            self.unserved[place] = unserved
            self._tell()

    def _unserved(self, place: Place, pods: list[Json]) -> float:
        """Of pods that still are as in the picture, as much as in the picture; all without any pod."""
        recorded = self.calls.recorded_errors(place)
        shares: list[float] = []
        for pod in pods:
            as_recorded = (
                not self._world.is_awake(pod) and pod["metadata"]["uid"] in self._members[place]
            )
            if as_recorded:
                shares.append(recorded)
            elif is_ready(pod) and not leaving(pod):
                shares.append(0.0)
        return sum(shares) / len(shares) if shares else 1.0

    def _pods(self, place: Place) -> list[Json]:
        pods = self._world.store.list(PODS, place[0])
        return [pod for pod in pods if self._has(place, pod)]

    def _has(self, place: Place, pod: Json) -> bool:
        selector = section(self._world.get(SERVICES, *place), "spec", "selector")
        return bool(selector) and matches_label_selector({"matchLabels": selector}, pod)

    def _tell(self) -> None:
        affected = self.calls.upstream(self.unserved)
        for place in affected:
            served = 1 - self.unserved.get(place, 0.0)
            if flow := self.calls.own.get(place):
                self._count(flow, self._own_errors(place), served)
            if flow := self.calls.timed.get(place):
                self._pace({one: rate * served for one, rate in flow.before.items()})
        for (caller, target), flow in self.calls.calls.items():
            if target in affected or caller in self.unserved:
                self._count(flow, self.failing(target), 1 - self.unserved.get(caller, 0.0))
                self._speak(caller)

    def _speak(self, caller: Place) -> None:
        """Who calls it writes of it: those that run."""
        for pod in self._pods(caller):
            statuses = entries(pod, "status", "containerStatuses")
            running = {one.get("name") for one in statuses if at(one, "state", "running")}
            for container in entries(pod, "spec", "containers"):
                if container.get("name") in running:
                    speak(self._world, pod, container)

    def _count(self, flow: Flow, failing: float, served: float) -> None:
        if failing and (lacking := flow.missing_errors()):
            series, at_s = self._world.series, self._world.timing.now().timestamp()
            like = [Matcher(name, "=", value) for name, value in next(iter(flow.before))]
            series.continue_as(like, {"code": dict(lacking)["code"]}, at_s)
            flow.before[lacking] = 0.0
        self._pace(flow.paces(failing, served=served))

    def _pace(self, paces: dict[Labels, float]) -> None:
        at_s = self._world.timing.now().timestamp()
        for labels, rate in paces.items():
            self._world.series.pace(labels, rate, at_s)


def _uids(pods: list[Json]) -> set[str]:
    return {pod["metadata"]["uid"] for pod in pods}
