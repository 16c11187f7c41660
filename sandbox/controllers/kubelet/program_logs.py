"""What the programs in containers write about what happens to them."""

import zlib
from datetime import timedelta
from typing import Any

from sandbox.controllers.kubelet.node import workload_of
from sandbox.controllers.timing import moment
from sandbox.controllers.wording import Told, Wording
from sandbox.controllers.world import PODS, SERVICES, World
from sandbox.fields import at, entries, section
from sandbox.snapshot import LogKey

Json = dict[str, Any]

# Calls that fail more seldom than this are not written about.
_SELDOM = 0.05
# Of the lines of a program whose calls all fail, so many are about that.
_MOST_TROUBLED = 0.5
_SIGNALLED = {137, 143}


def learn_wordings(world: World) -> None:
    """From the logs of the picture, by workload, and by image for other workloads with the same."""
    by_pod: dict[tuple[str, str], list[LogKey]] = {}
    for key in world.journal.recorded:
        by_pod.setdefault((key.namespace, key.pod), []).append(key)
    told: dict[tuple[str, str, str], list[Told]] = {}
    for (namespace, name), keys in sorted(by_pod.items()):
        pod = world.get(PODS, namespace, name)
        for key in sorted(keys) if pod else ():
            found, image = _told(world, pod or {}, key)
            for whose in (workload_of(world, pod or {}), _repository(image)):
                told.setdefault((namespace, whose, key.container), []).append(found)
    world.wordings |= {place: Wording.of(found) for place, found in told.items()}


def _told(world: World, pod: Json, key: LogKey) -> tuple[Told, str]:
    statuses = [
        status
        for part in ("containerStatuses", "initContainerStatuses")
        for status in entries(pod, "status", part)
        if status.get("name") == key.container
    ]
    status = statuses[0] if statuses else Json()
    part = "lastState" if key.previous or "waiting" in section(status, "state") else "state"
    state = section(status, part)
    run = next((section(state, name) for name in state), Json())
    image, log = str(status.get("image", "")), world.journal.recorded[key]
    failed = _failed(at(run, "exitCode"))
    return Told(log, moment(at(run, "startedAt")), failed=failed, tag=_tag(image)), image


def started(world: World, pod: Json, container: Json) -> None:
    """It says so, and goes about its work; one that is to end keeps its words for the end."""
    run, speech = world.journal.begin(_key(pod, container)), _wording(world, pod, container)
    after_s = 0.0
    for after_s, line in _beginning(speech, container):
        run.write(world.timing.after(after_s), speech.of_version(line, _tag_of(container)))
    if _goes_on(pod, container):
        speak(world, pod, container, after_s=after_s)


def speak(world: World, pod: Json, container: Json, *, after_s: float = 0.0) -> None:
    """From then on it writes of its work, and of the calls that fail."""
    run, speech = world.journal.current(_key(pod, container)), _wording(world, pod, container)
    steady = [speech.of_version(line, _tag_of(container)) for line in speech.steady]
    steady = steady or [speech.say("info", "still at work")]
    lines = list(steady)
    for target, share in sorted(world.failing_calls(pod).items()):
        if share > _SELDOM:
            words = speech.about(target.partition(".")[0]) or (
                _unreached(world, pod, speech, target),
            )
            wanted = max(1, round(len(steady) * share * _MOST_TROUBLED * 2))
            lines += [words[n % len(words)] for n in range(wanted)]
    seed = zlib.crc32(f"{_key(pod, container)} {world.timing.now()}".encode())
    every_s = speech.every_s * len(steady) / len(lines) / world.timing.speed
    run.go_on(world.timing.after(after_s), tuple(lines), every_s, seed)


def ended(world: World, pod: Json, container: Json, code: int, started_s: float) -> None:
    """Who is killed has no time for last words; who fails tells why; who is done what was done."""
    run, speech = world.journal.current(_key(pod, container)), _wording(world, pod, container)
    now = world.timing.now()
    if code == 0 and not _goes_on(pod, container):
        lines = speech.steady[-5:] or (speech.say("info", "done"),)
        for number, line in enumerate(lines, 1):
            before_s = started_s * (1 - number / (len(lines) + 1)) / world.timing.speed
            run.write(now - timedelta(seconds=before_s), line)
    elif _failed(code):
        why = speech.say("error", f"{container.get('name')} stops", exit_code=code)
        for line in speech.ending or (why,):
            run.write(now, line)
    run.fall_silent(now)


def probed(world: World, pod: Json, container: Json, probe: str, message: str) -> None:
    """A program that answers a probe with an error writes of the request."""
    _, found, status = message.partition("statuscode: ")
    if found and status.isdecimal():
        request = f"GET {at(container, probe, 'httpGet', 'path') or '/'}"
        line = _wording(world, pod, container).say("warn", request, status=int(status))
        world.journal.current(_key(pod, container)).write(world.timing.now(), line)


def _beginning(speech: Wording, container: Json) -> list[tuple[float, bytes]]:
    if speech.starting:
        return list(speech.starting)
    tag = _tag_of(container)
    version: dict[str, str | int] = {"version": tag} if tag else {}
    found = [(0.0, speech.say("info", f"starting {container.get('name')}", **version))]
    ports = [one.get("containerPort") for one in entries(container, "ports")]
    if ports:
        found.append((0.5, speech.say("info", "listening", addr=f":{ports[0]}")))
    return found


def _unreached(world: World, pod: Json, speech: Wording, target: str) -> bytes:
    name, _, elsewhere = target.partition(".")
    namespace = elsewhere.partition(".")[0] or pod["metadata"]["namespace"]
    service = world.get(SERVICES, namespace, name)
    ports = [port.get("port") for port in entries(service, "spec", "ports")] or [80]
    where = f"{at(service, 'spec', 'clusterIP') or target}:{ports[0]}"
    why = f"dial tcp {where}: connect: connection refused"
    return speech.say("error", f"cannot reach {target}", target=f"{target}:{ports[0]}", error=why)


def _wording(world: World, pod: Json, container: Json) -> Wording:
    namespace, name = pod["metadata"]["namespace"], str(container.get("name"))
    for whose in (workload_of(world, pod), _repository(str(container.get("image", "")))):
        if found := world.wordings.get((namespace, whose, name)):
            return found
    return Wording(style="json")


def _key(pod: Json, container: Json) -> LogKey:
    metadata = pod["metadata"]
    return LogKey(metadata["namespace"], metadata["name"], str(container.get("name")))


def _failed(code: Any) -> bool:
    """By itself, with time for last words."""
    return isinstance(code, int) and code != 0 and code not in _SIGNALLED


def _goes_on(pod: Json, container: Json) -> bool:
    if container in entries(pod, "spec", "initContainers"):
        return container.get("restartPolicy") == "Always"
    return at(pod, "spec", "restartPolicy") not in {"Never", "OnFailure"}


def _tag_of(container: Json) -> str:
    return _tag(str(container.get("image", "")))


def _repository(image: str) -> str:
    path, slash, name = image.partition("@")[0].rpartition("/")
    return f"{path}{slash}{name.partition(':')[0]}"


def _tag(image: str) -> str:
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]
