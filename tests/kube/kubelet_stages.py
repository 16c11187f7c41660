"""Stages for kwok that treat a pod as a kubelet would: by its images, configuration, memory and probes.

What a program does is learned from the pictures: which images nobody pushed, which programs end,
need more than they may have, or do not answer their probe. The rest follows from the spec, so that
a mended template runs and one that was changed to no purpose fails as before.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

Json = dict[str, Any]
NOT_PULLED = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName"})
STARTED = "kwok://started"

# One template for every pod that was just bound. A container is `waiting`, `ended`, `unready` or
# runs; only all of them together make a pod ready.
STATUS = """
{{ $now := Now }}
{{ $known := %(known)s | fromJson }}
{{ $namespace := .metadata.namespace }}
{{ $ready := true }}
containerStatuses:
{{ range .spec.containers }}
{{ $wait := "" }}
{{ if hasKey $known.missing .image }}{{ $wait = get $known.missing .image }}{{ end }}
{{ range .env }}
{{ if .valueFrom }}
{{ range $source, $of := .valueFrom }}
{{ if and $of.key (or (eq $source "configMapKeyRef") (eq $source "secretKeyRef")) }}
{{ if not (hasKey $known.keys (printf "%%s/%%s/%%s/%%s" $source $namespace $of.name $of.key)) }}
{{ $wait = "CreateContainerConfigError" }}
{{ end }}{{ end }}{{ end }}{{ end }}{{ end }}
{{ range .envFrom }}
{{ range $source, $of := . }}
{{ if or (eq $source "configMapRef") (eq $source "secretRef") }}
{{ if not (hasKey $known.names (printf "%%s/%%s/%%s" $source $namespace $of.name)) }}
{{ $wait = "CreateContainerConfigError" }}
{{ end }}{{ end }}{{ end }}{{ end }}
{{ $program := printf "%%s %%s" .image (toJson .command) }}
{{ $limit := dig "limits" "memory" "" .resources }}
{{ $mib := 1048576 }}
{{ if hasSuffix "Mi" $limit }}{{ $mib = trimSuffix "Mi" $limit | int }}{{ end }}
{{ if hasSuffix "Gi" $limit }}{{ $mib = trimSuffix "Gi" $limit | int | mul 1024 }}{{ end }}
{{ $need := 0 }}
{{ if hasKey $known.memory .image }}{{ $need = get $known.memory .image | int }}{{ end }}
{{ $probe := printf "%%s %%s" .image (toJson .readinessProbe) }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: {{ .image | Quote }}
  containerID: "%(started)s"
{{ if $wait }}
{{ $ready = false }}
  ready: false
  restartCount: 0
  state: {waiting: {reason: {{ $wait | Quote }}, message: {{ printf "%%s: not found" .image | Quote }}}}
{{ else if gt $need $mib }}
{{ $ready = false }}
  ready: false
  restartCount: 5
  state: {waiting: {reason: CrashLoopBackOff, message: "back-off 5m0s restarting failed container"}}
  lastState: {terminated: {exitCode: 137, reason: OOMKilled, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}
{{ else if hasKey $known.ended $program }}
{{ $ready = false }}
  ready: false
  restartCount: 5
  state: {waiting: {reason: CrashLoopBackOff, message: "back-off 5m0s restarting failed container"}}
  lastState: {terminated: {exitCode: {{ get $known.ended $program }}, reason: Error, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}
{{ else if hasKey $known.unready $probe }}
{{ $ready = false }}
  ready: false
  started: true
  restartCount: 0
  state: {running: {startedAt: {{ $now | Quote }}}}
{{ else }}
  ready: true
  started: true
  restartCount: 0
  state: {running: {startedAt: {{ $now | Quote }}}}
{{ end }}
{{ end }}
conditions:
{{ range list "Initialized" "PodScheduled" }}
- {type: {{ . }}, status: "True", lastTransitionTime: {{ $now | Quote }}}
{{ end }}
{{ range list "Ready" "ContainersReady" }}
- {type: {{ . }}, status: {{ ternary "True" "False" $ready | Quote }}, lastTransitionTime: {{ $now | Quote }}}
{{ end }}
hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
podIP: {{ PodIPWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) | Quote }}
phase: Running
startTime: {{ $now | Quote }}
"""
DONE = """
{{ $now := Now }}
{{ $root := . }}
containerStatuses:
{{ range $index, $item := .spec.containers }}
- name: {{ $item.name | Quote }}
  image: {{ $item.image | Quote }}
  imageID: {{ $item.image | Quote }}
  ready: false
  restartCount: 0
  state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}
{{ end }}
phase: Succeeded
"""


def write_stages(file: Path, objects: Sequence[Json]) -> Path:
    """What becomes of pods made from now on in a cluster that holds these objects."""
    known = json.dumps(_known(objects), sort_keys=True)
    status = STATUS % {"known": json.dumps(known), "started": STARTED}
    stages = [
        _stage("pod-starts", [_absent(".status.podIP")], {"statusTemplate": status}),
        _stage("pod-is-done", _job_pods(), {"statusTemplate": DONE}, delay_ms=1000),
        _stage("pod-goes", [_there(".metadata.deletionTimestamp")], _gone(), leaving=True),
    ]
    file.write_bytes(b"\n---\n".join(orjson.dumps(one) for one in stages))
    return file


def _stage(
    name: str, match: list[Json], then: Json, *, delay_ms: int = 0, leaving: bool = False
) -> Json:
    rules = match if leaving else [*match, _absent(".metadata.deletionTimestamp")]
    spec: Json = {
        "resourceRef": {"apiGroup": "v1", "kind": "Pod"},
        "selector": {"matchExpressions": rules},
        "next": then,
    }
    if delay_ms:
        spec["delay"] = {"durationMilliseconds": delay_ms}
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": name},
        "spec": spec,
    }


def _absent(key: str) -> Json:
    return {"key": key, "operator": "DoesNotExist"}


def _there(key: str) -> Json:
    return {"key": key, "operator": "Exists"}


def _job_pods() -> list[Json]:
    """Those that this kubelet started: Jobs of the pictures stay as they are."""
    return [
        {"key": ".metadata.ownerReferences.[].kind", "operator": "In", "values": ["Job"]},
        {"key": ".status.phase", "operator": "In", "values": ["Running"]},
        {
            "key": ".status.containerStatuses.[].containerID",
            "operator": "In",
            "values": [STARTED],
        },
    ]


def _gone() -> Json:
    return {"finalizers": {"empty": True}, "delete": True}


def _known(objects: Sequence[Json]) -> Json:
    held = list(_containers(objects))
    return {
        "missing": {
            spec["image"]: why
            for spec, told in held
            if (why := _waits(told)) in NOT_PULLED
        },
        "ended": {
            f"{spec['image']} {json.dumps(spec.get('command'), separators=(',', ':'))}": code
            for spec, told in held
            if _waits(told) == "CrashLoopBackOff" and (code := _last(told).get("exitCode")) != 137
        },
        "memory": {
            spec["image"]: _mib(spec) + 1
            for spec, told in held
            if _last(told).get("reason") == "OOMKilled"
        },
        "unready": {
            f"{spec['image']} {json.dumps(spec['readinessProbe'], sort_keys=True, separators=(',', ':'))}": True
            for spec, told in held
            if "running" in told.get("state", {}) and not told["ready"] and "readinessProbe" in spec
        },
        **_configuration(objects),
    }  # fmt: skip


def _containers(objects: Sequence[Json]) -> Iterator[tuple[Json, Json]]:
    """Each container of each pod, with what its kubelet last said of it."""
    for one in objects:
        if one["kind"] == "Pod":
            told = {each["name"]: each for each in one["status"].get("containerStatuses", ())}
            yield from ((spec, told.get(spec["name"], {})) for spec in one["spec"]["containers"])


def _waits(told: Mapping[str, Any]) -> str:
    return str(told.get("state", {}).get("waiting", {}).get("reason", ""))


def _last(told: Mapping[str, Any]) -> Json:
    return told.get("lastState", {}).get("terminated") or {}


def _mib(spec: Json) -> int:
    limit = str(spec["resources"]["limits"]["memory"])
    return int(limit[:-2]) * (1024 if limit.endswith("Gi") else 1)


def _configuration(objects: Sequence[Json]) -> Json:
    names: Json = {}
    keys: Json = {}
    for kind, source in (("ConfigMap", "configMap"), ("Secret", "secret")):
        for one in objects:
            if one["kind"] == kind:
                place = f"{one['metadata']['namespace']}/{one['metadata']['name']}"
                names[f"{source}Ref/{place}"] = True
                keys |= {f"{source}KeyRef/{place}/{key}": True for key in one.get("data") or {}}
    return {"names": names, "keys": keys}
