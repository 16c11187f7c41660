"""Containers whose first process cannot be started."""

import re
from collections.abc import Iterator
from datetime import datetime

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod
from mcp_servers.engines.containers import Container, containers
from mcp_servers.engines.fields import rows, text
from mcp_servers.engines.log_signals import last_words, telling
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.revisions import can_roll_back
from mcp_servers.engines.settling import live_pods
from mcp_servers.facts.findings import Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Event, Json
from mcp_servers.facts.nearest import edit_distance

# Programs that images commonly have; a misspelt one is told by its neighbour here.
KNOWN_TOOLS = (
    "ash", "awk", "bash", "bundle", "busybox", "cargo", "cat", "celery", "chmod", "chown", "cp",
    "curl", "dotnet", "echo", "env", "find", "flask", "go", "grep", "gunicorn", "java", "jq",
    "kubectl", "ln", "ls", "make", "mkdir", "mongo", "mysql", "mysqladmin", "mv", "nc", "nginx",
    "nohup", "node", "npm", "npx", "nslookup", "openssl", "perl", "php", "pip", "pip3",
    "pg_isready", "psql", "python", "python3", "rails", "redis-cli", "redis-server", "rm", "ruby",
    "sed", "sh", "sleep", "sort", "supervisord", "tail", "tar", "tee", "test", "timeout", "touch",
    "tr", "true", "uvicorn", "wget", "xargs", "yarn",
)  # fmt: skip

START_REASONS = frozenset(
    {"StartError", "ContainerCannotRun", "RunContainerError", "CreateContainerError"}
)
CREATE_REASONS = frozenset(
    {
        "CreateContainerError",
        "RunContainerError",
        "PreCreateHookError",
        "PreStartHookError",
        "PostStartHookError",
        "ImageInspectError",
    }
)
SHELLS = frozenset({"sh", "bash", "ash", "dash"})
HOOKS = ("FailedPostStartHook", "FailedPreStopHook")

_NO_FILE = re.compile(r"executable file not found|no such file or directory", re.IGNORECASE)
_DENIED = re.compile(r"permission denied", re.IGNORECASE)
_EXEC = re.compile(r"\bexec:? \"?([^\s\":]+)\"?")
_MOUNT = re.compile(
    r"error mounting|mount .* through procfd|not a directory: unknown: are you trying"
)
_SEPARATORS = re.compile(r"[;&|\n]+|\b(?:do|then|until|while|if)\b")
_SHELL_SAYS = re.compile(
    r"(?:line \d+: |\b\w*sh: (?:\d+: |line \d+: )?)([^\s:]+): (?:not found|command not found|Permission denied)"
    r"|env: [‘'\"]?([^\s:’'\"]+)[’'\"]?: No such file"
)


def container_start(cluster: Cluster) -> Iterator[Finding]:
    """`pod.start.*`: why the process of a container cannot begin, one finding for a container."""
    for pod in live_pods(cluster):
        for container in containers(pod):
            if container.ready or (container.running and not container.terminations):
                yield from _hooks(cluster, container)
            else:
                yield from _start(cluster, container)


def _start(cluster: Cluster, container: Container) -> Iterator[Finding]:
    if "runAsNonRoot" in container.waiting_message or "non-root" in container.waiting_message:
        yield _refused_root(cluster, container)
    elif failed := _command_failure(cluster, container):
        rule, evidence, at = failed
        yield _command_finding(cluster, container, rule, evidence, at)
    elif _cannot_be_created(container):
        yield _create_error(cluster, container)
    else:
        yield from _hooks(cluster, container)


def _messages(
    cluster: Cluster, container: Container
) -> Iterator[tuple[str, Evidence, datetime | None]]:
    """What runtime and kubelet said about the start, the container's own state first."""
    pod = container.pod
    for end in container.terminations:
        if end.message and (end.finished_at is None or cluster.recent(end.finished_at)):
            cited = citing.field(pod, f"{end.path}.message", end.message, end.finished_at)
            yield end.message, cited, end.finished_at
    if container.waiting_reason in START_REASONS and container.waiting_message:
        path = f"{container.path}.state.waiting.message"
        yield container.waiting_message, citing.field(pod, path, container.waiting_message), None
    for event in cluster.events_about(pod, "Failed"):
        if _is_about(event, container):
            yield event.message, citing.event(event), event.first_at


def _is_about(event: Event, container: Container) -> bool:
    return not event.field_path or event.field_path.endswith(f"{{{container.name}}}")


Failure = tuple[str, list[Evidence], datetime | None]


def _command_failure(cluster: Cluster, container: Container) -> Failure | None:
    for message, cited, at in _messages(cluster, container):
        if _MOUNT.search(message) or "exec" not in message:
            continue
        if _NO_FILE.search(message):
            return "pod.start.command_not_found", [cited], at
        if _DENIED.search(message):
            return "pod.start.not_executable", [cited], at
    return _by_exit_code(cluster, container)


def _by_exit_code(cluster: Cluster, container: Container) -> Failure | None:
    rules = {127: "pod.start.command_not_found", 126: "pod.start.not_executable"}
    for end in container.terminations:
        lately = end.finished_at is None or cluster.recent(end.finished_at)
        if end.exit_code in rules and lately:
            said = f"{end.reason} (exit code {end.exit_code})"
            evidence = [citing.field(container.pod, end.path, said, end.finished_at)]
            line = telling(last_words(cluster, container))
            return (
                rules[end.exit_code],
                [*evidence, *([line.cited] if line else [])],
                end.finished_at,
            )
    return None


def _command_finding(
    cluster: Cluster, container: Container, rule: str, evidence: list[Evidence], at: datetime | None
) -> Finding:
    pod = container.pod
    missing = _missing_command(container, evidence)
    near = _near_tool(missing) if rule.endswith("command_not_found") else ""
    command = " ".join(container.command)
    path = f"{container.spec_path}.command"
    return about_pod(
        cluster,
        pod,
        rule,
        Severity.HIGH,
        [*evidence, *([citing.field(pod, path, command)] if command else [])],
        since=_since(cluster, container, at),
        container=container.name,
        cause_key=missing,
        fix=_fix(cluster, container, near) if rule.endswith("command_not_found") else "",
        params={
            "command": citing.shortened(command),
            "missing": missing,
            "near": near,
            "exit_code": next((str(end.exit_code) for end in container.terminations), ""),
            "mode": _file_mode(container, missing),
            "role": container.role.value,
        },
    )


def _since(cluster: Cluster, container: Container, at: datetime | None) -> datetime | None:
    backed_off = [
        event.first_at
        for event in cluster.events_about(container.pod, "BackOff", "Failed")
        if _is_about(event, container)
    ]
    return min(
        (one for one in (at, *backed_off) if one is not None), default=container.pod.created_at
    )


def _missing_command(container: Container, evidence: list[Evidence]) -> str:
    for one in evidence:
        if match := _EXEC.search(one.text) or _SHELL_SAYS.search(one.text):
            return next(group for group in match.groups() if group)
    return _first_word(container.command)


def _first_word(command: list[str]) -> str:
    """The program a command starts; of a shell's script the word that looks misspelt."""
    if not command:
        return ""
    if command[0].rsplit("/", 1)[-1] not in SHELLS or "-c" not in command[1:-1]:
        return command[0]
    script = command[command.index("-c") + 1]
    begun = [part.split()[0] for part in _SEPARATORS.split(script) if part.split()]
    return next((word for word in begun if _near_tool(word)), command[0])


def _near_tool(missing: str) -> str:
    """The known program whose name is one slip away, if there is exactly one best."""
    name = missing.rsplit("/", 1)[-1]
    if name in KNOWN_TOOLS or len(name) < 3:
        return ""
    scored = sorted((edit_distance(name, tool), tool) for tool in dict.fromkeys(KNOWN_TOOLS))
    best = [
        tool for edits, tool in scored if edits == scored[0][0] and edits <= 1 + (len(name) > 5)
    ]
    return best[0] if len(best) == 1 else ""


def _fix(cluster: Cluster, container: Container, near: str) -> str:
    if near:
        return "fix.command"
    return "fix.rollback" if can_roll_back(cluster, top_owner(cluster, container.pod)) else ""


def _file_mode(container: Container, path: str) -> str:
    """The mode of a file mounted from a ConfigMap, which by default nobody may execute."""
    for mount in rows(container.spec, "volumeMounts"):
        where = text(mount, "mountPath")
        if where and path.startswith(where):
            volumes = rows(container.pod.spec, "volumes")
            held = next((one for one in volumes if one.get("name") == mount.get("name")), Json())
            for kind in ("configMap", "secret", "projected"):
                if kind in held:
                    return f"{int(text(held, kind, 'defaultMode') or 0o644):04o}"
    return ""


def _refused_root(cluster: Cluster, container: Container) -> Finding:
    pod, said = container.pod, container.waiting_message
    path = f"{container.path}.state.waiting.message"
    return about_pod(
        cluster,
        pod,
        "pod.start.non_root_refused",
        Severity.HIGH,
        [
            citing.field(pod, path, said),
            citing.field(pod, f"{container.spec_path}.image", container.image),
        ],
        since=_since(cluster, container, None),
        container=container.name,
        params={"image": container.image, "message": citing.quoted(said)},
    )


def _cannot_be_created(container: Container) -> bool:
    return container.waiting_reason in CREATE_REASONS


def _create_error(cluster: Cluster, container: Container) -> Finding:
    pod, reason = container.pod, container.waiting_reason
    path = f"{container.path}.state.waiting"
    events = [event for event in cluster.events_about(pod, "Failed") if _is_about(event, container)]
    said = container.waiting_message or (events[-1].message if events else "")
    return about_pod(
        cluster,
        pod,
        "pod.start.create_error",
        Severity.HIGH,
        [citing.field(pod, path, f"{reason}: {said}"), *citing.events(events, at_most=1)],
        since=_since(cluster, container, None),
        container=container.name,
        cause_key=reason,
        params={"reason": reason, "message": citing.quoted(said)},
    )


def _hooks(cluster: Cluster, container: Container) -> Iterator[Finding]:
    """A lifecycle hook that keeps failing; one that failed before the container got ready is over."""
    if container.ready:
        return
    events = [
        event
        for event in cluster.events_about(container.pod, *HOOKS)
        if cluster.recent(event.last_at) and _is_about(event, container)
    ]
    if events:
        yield about_pod(
            cluster,
            container.pod,
            "pod.start.create_error",
            Severity.HIGH,
            citing.events(events),
            container=container.name,
            cause_key=events[-1].reason,
            params={"reason": events[-1].reason, "message": citing.quoted(events[-1].message)},
        )
