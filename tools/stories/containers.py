"""What a person writes into a pod template."""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Container:
    """One container of a template. Empty strings leave the field out."""

    name: str
    image: str
    ports: tuple[tuple[str, int], ...] = ()
    probe: str = ""
    requests: tuple[str, str] = ("50m", "64Mi")  # cpu, memory
    memory_limit: str = ""
    cpu_limit: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[Json, ...] = ()
    env_from: tuple[Json, ...] = ()
    mounts: tuple[tuple[str, str], ...] = ()  # volume, path

    def spec(self) -> Json:
        return {
            "name": self.name,
            "image": self.image,
            "imagePullPolicy": "IfNotPresent",
            **self._given(command=self.command, args=self.args, envFrom=self.env_from),
            **self._given(env=self.env, ports=self._ports()),
            "resources": self._resources(),
            **(self._probes() if self.probe else {}),
            **self._given(volumeMounts=[{"name": n, "mountPath": p} for n, p in self.mounts]),
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
            },
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
        }

    def _given(self, **fields: Any) -> Json:
        return {name: list(value) for name, value in fields.items() if value}

    def _ports(self) -> list[Json]:
        return [{"name": n, "containerPort": port, "protocol": "TCP"} for n, port in self.ports]

    def _resources(self) -> Json:
        cpu, memory = self.requests
        limits = {"cpu": self.cpu_limit, "memory": self.memory_limit}
        limits = {name: value for name, value in limits.items() if value}
        return ({"limits": limits} if limits else {}) | {"requests": {"cpu": cpu, "memory": memory}}

    def _probes(self) -> Json:
        def probe(period_s: int, failures: int) -> Json:
            return {
                "httpGet": {"path": self.probe, "port": self.ports[0][0], "scheme": "HTTP"},
                "timeoutSeconds": 1,
                "periodSeconds": period_s,
                "successThreshold": 1,
                "failureThreshold": failures,
            }

        return {"livenessProbe": probe(10, 6), "readinessProbe": probe(5, 3)}


def variable(name: str, value: str) -> Json:
    return {"name": name, "value": value}


def from_config(name: str, config_map: str, key: str) -> Json:
    return {"name": name, "valueFrom": {"configMapKeyRef": {"name": config_map, "key": key}}}


def from_secret(name: str, secret: str, key: str) -> Json:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


@dataclass(frozen=True)
class Template:
    """A pod template: labels, containers and what surrounds them."""

    labels: dict[str, str]
    containers: tuple[Container, ...]
    service_account: str = "default"
    volumes: tuple[Json, ...] = ()
    annotations: dict[str, str] = field(default_factory=dict[str, str])
    extra: Json = field(default_factory=dict[str, Any])  # merged into the pod's spec

    def spec(self) -> Json:
        return {
            "containers": [container.spec() for container in self.containers],
            **({"volumes": list(self.volumes)} if self.volumes else {}),
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst",
            "serviceAccountName": self.service_account,
            "serviceAccount": self.service_account,
            "automountServiceAccountToken": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 10001,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "schedulerName": "default-scheduler",
        } | self.extra

    def as_object(self, **labels: str) -> Json:
        meta: Json = {"creationTimestamp": None, "labels": self.labels | labels}
        if self.annotations:
            meta["annotations"] = self.annotations
        return {"metadata": meta, "spec": self.spec()}

    def quality(self) -> str:
        """The QoS class the kubelet gives such a pod."""
        sizes = [(one.requests, (one.cpu_limit, one.memory_limit)) for one in self.containers]
        if all(requests == limits for requests, limits in sizes):
            return "Guaranteed"
        return "Burstable" if any(any(requests) for requests, _ in sizes) else "BestEffort"
