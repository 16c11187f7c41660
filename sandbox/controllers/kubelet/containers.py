"""One container from its image to its end, and again."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from sandbox.controllers.behaviour import Behaviour, memory_limit
from sandbox.controllers.kubelet import program_logs
from sandbox.controllers.kubelet.node import Seat
from sandbox.controllers.kubelet.probes import (
    LIVENESS,
    READINESS,
    STARTUP,
    failure,
    probe_number,
)
from sandbox.controllers.runs import FIRST_BACKOFF_S, LONGEST_BACKOFF_S, Run, Stage
from sandbox.fields import at

Json = dict[str, Any]

_PULL_S, _PULL_RETRY_SHOWN_S, _CONFIG_RETRY_S, _RESTART_S = 1.2, 2.0, 12.0, 1.0
# A container that ran so long is not in a loop: its back-off begins anew.
_STEADY_S = 600.0
_KILLED = 137


def advance(seat: Seat, container: Json, run: Run) -> None:
    """Do the next thing that is due with this container."""
    match run.stage:
        case Stage.NEW | Stage.BACKING_OFF:
            _begin(seat, container, run)
        case Stage.PULLING:
            _pulled(seat, container, run)
        case Stage.PULL_FAILED:
            _back_off_pulling(seat, container, run)
        case Stage.CONFIGURING:
            _start(seat, container, run)
        case Stage.RUNNING:
            _watch(seat, container, run)
        case Stage.DONE:
            run.due = _never(seat)


def _begin(seat: Seat, container: Json, run: Run) -> None:
    image, policy = str(container.get("image")), container.get("imagePullPolicy")
    tag = image.rpartition("/")[2].partition(":")[2]
    always = policy == "Always" or (not policy and tag in {"", "latest"} and "@" not in image)
    if not always and (run.image_id or seat.has_image(image)):
        message = f'Container image "{image}" already present on machine'
        seat.tell("Pulled", message, container)
        _go(seat, run, Stage.CONFIGURING, 0)
        return
    seat.tell("Pulling", f'Pulling image "{image}"', container)
    _go(seat, run, Stage.PULLING, _PULL_S)


def _pulled(seat: Seat, container: Json, run: Run) -> None:
    image = str(container.get("image"))
    if not seat.world.behaviours.image_exists(image):
        seat.tell("Failed", f'Failed to pull image "{image}": {_not_found(image)}', container)
        seat.tell("Failed", "Error: ErrImagePull", container)
        run.state = _waiting("ErrImagePull", _not_found(image))
        _go(seat, run, Stage.PULL_FAILED, _PULL_RETRY_SHOWN_S)
        return
    took = f"{_PULL_S:.3f}s ({_PULL_S:.3f}s including waiting)"
    size = len(image) * 1_000_003
    message = f'Successfully pulled image "{image}" in {took}. Image size: {size} bytes.'
    seat.tell("Pulled", message, container)
    run.pull_backoff_s = FIRST_BACKOFF_S
    _go(seat, run, Stage.CONFIGURING, 0)


def _not_found(image: str) -> str:
    return (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": '
        f'failed to resolve reference "{image}": {image}: not found'
    )


def _back_off_pulling(seat: Seat, container: Json, run: Run) -> None:
    image = str(container.get("image"))
    message = f'Back-off pulling image "{image}"'
    seat.tell("BackOff", message, container)
    seat.tell("Failed", "Error: ImagePullBackOff", container)
    run.state = _waiting("ImagePullBackOff", f"{message}: ErrImagePull: {_not_found(image)}")
    _go(seat, run, Stage.NEW, run.pull_backoff_s)
    run.pull_backoff_s = min(run.pull_backoff_s * 2, LONGEST_BACKOFF_S)


def _start(seat: Seat, container: Json, run: Run) -> None:
    image = str(container.get("image"))
    run.image_id = run.image_id or _image_id(image)
    if missing := seat.missing_config(container):
        seat.tell("Failed", f"Error: {missing}", container)
        run.state = _waiting("CreateContainerConfigError", missing)
        _go(seat, run, Stage.NEW, _CONFIG_RETRY_S)
        return
    name = str(container.get("name"))
    seat.tell("Created", f"Created container: {name}", container)
    seat.tell("Started", f"Started container {name}", container)
    run.restarts += 1 if run.ever_ran else 0
    run.ever_ran, run.started_at = True, seat.world.timing.now()
    run.container_id = f"containerd://{uuid.uuid4().hex}{uuid.uuid4().hex}"
    run.state = {"running": {"startedAt": seat.world.timing.stamp}}
    run.started = not container.get(STARTUP)
    run.ready = run.started and not container.get(READINESS)
    run.probes = {}
    program_logs.started(seat.world, seat.pod, container)
    _go(seat, run, Stage.RUNNING, 0)


def _watch(seat: Seat, container: Json, run: Run) -> None:
    """A running container: does it end now, do its probes pass, and when is the next of these?"""
    now, behaviour = seat.world.timing.now(), seat.behaviour(container)
    end, code, reason = _end_of(seat, container, run, behaviour)
    if end is not None and end <= now:
        _terminate(seat, container, run, code, reason)
        return
    for probe in (STARTUP, LIVENESS, READINESS):
        if container.get(probe) and not (probe == STARTUP and run.started):
            if _kills(seat, container, run, probe, behaviour):
                return
            if probe == STARTUP and not run.started:
                break
    moments = [asked for asked, _ in run.probes.values()]
    run.due = min([*moments, end or _never(seat)])


def _kills(seat: Seat, container: Json, run: Run, probe: str, behaviour: Behaviour) -> bool:
    """Ask a probe that is due; whether that ended the container."""
    now, timing = seat.world.timing.now(), seat.world.timing
    delay = probe_number(container, probe, "initialDelaySeconds") + 1
    asked, failed = run.probes.get(probe, (_after(seat, run, delay), 0))
    period = probe_number(container, probe, "periodSeconds")
    if asked <= now:
        message = failure(seat.pod, container, probe, behaviour)
        failed = failed + 1 if message else 0
        asked = timing.after(period) if message or probe == READINESS else _never(seat)
        if message:
            seat.tell("Unhealthy", message, container)
            program_logs.probed(seat.world, seat.pod, container, probe, message)
        if _judge(run, probe, container, failed) and probe != READINESS:
            name = container.get("name")
            kind = "startup" if probe == STARTUP else "liveness"
            message = f"Container {name} failed {kind} probe, will be restarted"
            seat.tell("Killing", message, container)
            _terminate(seat, container, run, _KILLED, "Error")
            return True
    if probe == READINESS and run.ready and behaviour.ready:
        asked = _never(seat)
    run.probes[probe] = (asked, failed)
    return False


def _judge(run: Run, probe: str, container: Json, failed: int) -> bool:
    """Take note of an answer. Whether the probe has failed often enough to count."""
    over = failed >= probe_number(container, probe, "failureThreshold")
    if probe == STARTUP and not failed:
        run.started = True
        run.ready = not container.get(READINESS)
    if probe == READINESS and (over or not failed):
        run.ready = not failed
    return over


def _end_of(
    seat: Seat, container: Json, run: Run, behaviour: Behaviour
) -> tuple[datetime | None, int, str]:
    """When and how the container ends by itself; None when it does not."""
    limit = memory_limit(container)
    if limit is not None and behaviour.working_set_bytes > limit:
        return _after(seat, run, behaviour.killed_after_s), _KILLED, "OOMKilled"
    code = behaviour.exit_code
    if code is None and _ends_well(seat.pod, container):
        code = 0
    if code is None:
        return None, 0, ""
    return _after(seat, run, behaviour.exit_after_s), code, "Error" if code else "Completed"


def _ends_well(pod: Json, container: Json) -> bool:
    """Init containers and those of Jobs have something to do and end."""
    initial = container in (at(pod, "spec", "initContainers") or [])
    if container.get("restartPolicy") == "Always":
        return False
    return initial or at(pod, "spec", "restartPolicy") in {"Never", "OnFailure"}


def _terminate(seat: Seat, container: Json, run: Run, code: int, reason: str) -> None:
    now, timing = seat.world.timing.now(), seat.world.timing
    started = run.started_at or now
    ended = {
        "containerID": run.container_id,
        "exitCode": code,
        "finishedAt": timing.stamp,
        "reason": reason,
        "startedAt": started.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    program_logs.ended(seat.world, seat.pod, container, code, timing.since(started))
    run.ready = run.started = False
    run.probes = {}
    if not _restarts(seat.pod, container, code):
        run.state = {"terminated": ended}
        _go(seat, run, Stage.DONE, _STEADY_S)
        return
    run.last_state = {"terminated": ended}
    if timing.since(started) >= _STEADY_S:
        run.restart_backoff_s = 0
    _restart(seat, container, run, ended)


def _restart(seat: Seat, container: Json, run: Run, ended: Json) -> None:
    """At once the first time; then after 10 s, 20 s, … 5 min."""
    wait_s = run.restart_backoff_s
    run.restart_backoff_s = min(max(wait_s * 2, FIRST_BACKOFF_S), LONGEST_BACKOFF_S)
    if not wait_s:
        run.state = {"terminated": ended}
        _go(seat, run, Stage.BACKING_OFF, _RESTART_S)
        return
    name = container.get("name")
    message = f"back-off {_spoken(wait_s)} restarting failed container={name} pod={seat.described}"
    run.state = _waiting("CrashLoopBackOff", message)
    told = f"Back-off restarting failed container {name} in pod {seat.described}"
    seat.tell("BackOff", told, container)
    _go(seat, run, Stage.BACKING_OFF, wait_s)


def _restarts(pod: Json, container: Json, code: int) -> bool:
    policy = at(pod, "spec", "restartPolicy") or "Always"
    if container in (at(pod, "spec", "initContainers") or []):
        if container.get("restartPolicy") == "Always":
            return True
        return code != 0 and policy != "Never"
    return policy == "Always" or (policy == "OnFailure" and code != 0)


def _spoken(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


def _waiting(reason: str, message: str) -> Json:
    return {"waiting": {"reason": reason, "message": message}}


def _image_id(image: str) -> str:
    digest = uuid.uuid5(uuid.NAMESPACE_URL, image).hex
    return f"{image.partition('@')[0].rpartition(':')[0] or image}@sha256:{digest}{digest}"


def _go(seat: Seat, run: Run, stage: Stage, after_s: float) -> None:
    run.stage, run.due = stage, seat.world.timing.after(after_s)


def _after(seat: Seat, run: Run, seconds: float) -> datetime:
    """So many seconds after the container was started."""
    started = run.started_at or seat.world.timing.now()
    return started + timedelta(seconds=seconds / seat.world.timing.speed)


def _never(seat: Seat) -> datetime:
    return seat.world.timing.now() + timedelta(days=36500)
