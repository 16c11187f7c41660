"""Pods, and the pods that workloads would make."""

from functools import partial
from typing import Any

from sandbox.kubernetes_api.defaulting.filling import each, filled, within
from sandbox.kubernetes_api.fields import section

Json = dict[str, Any]

_SPEC: Json = {
    "restartPolicy": "Always",
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
    "securityContext": {},
    "terminationGracePeriodSeconds": 30,
}
_CONTAINER: Json = {
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
_PROBE: Json = {
    "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3,
}  # fmt: skip
_READABLE: Json = {"defaultMode": 0o644}
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


def pod(one: Json) -> Json:
    spec = filled(pod_spec(section(one, "spec")), {"enableServiceLinks": True})
    for field in _CONTAINERS[:2]:
        spec = each(spec, field, _asking_for_its_limits)
    return filled({**one, "spec": spec}, {"status": {"phase": "Pending"}})


def template(told: Json) -> Json:
    """What a workload makes its pods of."""
    return {**filled(told, {"metadata": {}}), "spec": pod_spec(section(told, "spec"))}


def pod_spec(told: Json) -> Json:
    spec = filled(told, _SPEC)
    if account := spec.get("serviceAccountName") or spec.get("serviceAccount"):
        spec |= {"serviceAccountName": account, "serviceAccount": account}
    for field in _CONTAINERS:
        spec = each(spec, field, partial(_container, on_host=bool(spec.get("hostNetwork"))))
    return each(spec, "volumes", _volume)


def _container(told: Json, *, on_host: bool) -> Json:
    name = str(told.get("image", "")).rpartition("/")[2]
    moves = "@" not in name and (":" not in name or name.endswith(":latest"))
    policy = "Always" if moves else "IfNotPresent"
    one = filled(told, {"imagePullPolicy": policy, **_CONTAINER})
    one = each(one, "ports", partial(_port, on_host=on_host))
    one = each(one, "env", lambda var: within(var, "valueFrom", _source))
    for field in ("livenessProbe", "readinessProbe", "startupProbe"):
        one = within(one, field, lambda probe: _handler(filled(probe, _PROBE)))
    handlers = ("postStart", "preStop")
    for field in handlers:
        one = within(one, "lifecycle", partial(within, field=field, fill=_handler))
    return one


def _port(told: Json, *, on_host: bool) -> Json:
    own = {"hostPort": told["containerPort"]} if on_host and "containerPort" in told else {}
    return filled(told, {"protocol": "TCP", **own})


def _handler(told: Json) -> Json:
    one = within(told, "httpGet", lambda get: filled(get, {"path": "/", "scheme": "HTTP"}))
    return within(one, "grpc", lambda grpc: filled(grpc, {"service": ""}))


def _source(told: Json) -> Json:
    return within(told, "fieldRef", lambda field: filled(field, {"apiVersion": "v1"}))


def _volume(told: Json) -> Json:
    if not told.keys() - {"name"}:
        return {**told, "emptyDir": {}}
    one = told
    for field in ("configMap", "secret", "downwardAPI", "projected"):
        one = within(one, field, lambda source: filled(source, _READABLE))
    one = within(one, "downwardAPI", lambda source: each(source, "items", _source))
    one = within(one, "projected", lambda source: each(source, "sources", _projected))
    return within(one, "hostPath", lambda path: filled(path, {"type": ""}))


def _projected(told: Json) -> Json:
    one = within(
        told, "serviceAccountToken", lambda token: filled(token, {"expirationSeconds": 3600})
    )
    return within(one, "downwardAPI", lambda source: each(source, "items", _source))


def _asking_for_its_limits(container: Json) -> Json:
    """A limit without a request is a request too."""
    resources = section(container, "resources")
    if limits := section(resources, "limits"):
        asked = {**limits, **section(resources, "requests")}
        resources = {**resources, "requests": asked}
    return {**container, "resources": resources}
