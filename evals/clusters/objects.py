"""Services, config, storage and the rest: objects without a life of their own."""

from typing import Any

from evals.clusters.world import Json, World, days, labelled


def plain(world: World, kind: str, api: str, name: str, namespace: str = "", **body: Any) -> Json:
    """Any object; `body` are its fields beside metadata, `born` its age in minutes."""
    born = body.pop("born", days(90))
    metadata = world.meta(name, namespace, born=born)
    return world.add({"apiVersion": api, "kind": kind, "metadata": metadata, **body})


def config_map(world: World, namespace: str, name: str, data: Json, born: float = days(90)) -> Json:
    return plain(world, "ConfigMap", "v1", name, namespace, data=data, born=born)


def secret(
    world: World,
    namespace: str,
    name: str,
    keys: Json,
    *,
    kind: str = "Opaque",
    born: float = days(90),
) -> Json:
    return plain(world, "Secret", "v1", name, namespace, data=keys, type=kind, born=born)


def account(world: World, namespace: str, name: str, **body: Any) -> Json:
    return plain(world, "ServiceAccount", "v1", name, namespace, **body)


def service(
    world: World,
    namespace: str,
    name: str,
    selector: Json,
    *,
    port: int = 80,
    target: int | str = 8080,
    port_name: str = "",
    **spec: Any,
) -> Json:
    address = f"10.96.{world.dice.randrange(250)}.{world.dice.randrange(2, 250)}"
    entry: Json = {"port": port, "protocol": "TCP", "targetPort": target}
    if port_name:
        entry["name"] = port_name
    told = {
        "clusterIP": address,
        "clusterIPs": [address],
        "internalTrafficPolicy": "Cluster",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "ports": [entry],
        "selector": selector,
        "sessionAffinity": "None",
        "type": "ClusterIP",
        **spec,
    }
    return plain(world, "Service", "v1", name, namespace, spec=told, status={"loadBalancer": {}})


def slices(
    world: World,
    one: Json,
    pods: list[Json],
    *,
    number: int | None = 8080,
    unready: tuple[str, ...] = (),
) -> Json:
    """The EndpointSlice of a Service; `number` None: the slice has no ports, as for a lost name."""
    name = one["metadata"]["name"]
    told = plain(
        world,
        "EndpointSlice",
        "discovery.k8s.io/v1",
        f"{name}-{world.letters(5)}",
        one["metadata"]["namespace"],
        addressType="IPv4",
        endpoints=[_endpoint(each, unready) for each in pods] or None,
        ports=None if number is None or not pods else [_slice_port(one, number)],
    )
    labels = {
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        "kubernetes.io/service-name": name,
    }
    return labelled(told, labels)


def _slice_port(one: Json, number: int) -> Json:
    return {"name": one["spec"]["ports"][0].get("name", ""), "port": number, "protocol": "TCP"}


def _endpoint(pod: Json, unready: tuple[str, ...]) -> Json:
    metadata = pod["metadata"]
    well = metadata["name"] not in unready
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": well, "serving": well, "terminating": False},
        "nodeName": pod["spec"]["nodeName"],
        "targetRef": {
            "kind": "Pod",
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
        },
    }


def ingress(
    world: World,
    namespace: str,
    name: str,
    host: str,
    backend: str,
    number: int | str,
    cls: str = "nginx",
) -> Json:
    key = "number" if isinstance(number, int) else "name"
    path = {
        "backend": {"service": {"name": backend, "port": {key: number}}},
        "path": "/",
        "pathType": "Prefix",
    }
    spec = {"ingressClassName": cls, "rules": [{"host": host, "http": {"paths": [path]}}]}
    address = {"loadBalancer": {"ingress": [{"ip": "203.0.113.40"}]}}
    return plain(
        world, "Ingress", "networking.k8s.io/v1", name, namespace, spec=spec, status=address
    )


def ingress_class(world: World, name: str = "nginx") -> Json:
    spec = {"controller": f"k8s.io/ingress-{name}"}
    return plain(world, "IngressClass", "networking.k8s.io/v1", name, spec=spec)


def storage_class(
    world: World,
    name: str,
    driver: str,
    *,
    default: bool = False,
    mode: str = "WaitForFirstConsumer",
    grows: bool = True,
) -> Json:
    one = plain(
        world,
        "StorageClass",
        "storage.k8s.io/v1",
        name,
        allowVolumeExpansion=grows,
        provisioner=driver,
        reclaimPolicy="Delete",
        volumeBindingMode=mode,
    )
    if default:
        note = "storageclass.kubernetes.io/is-default-class"
        one["metadata"]["annotations"] = {note: "true"}
    return one


def claim(
    world: World,
    namespace: str,
    name: str,
    *,
    cls: str | None,
    size: str = "20Gi",
    volume: str = "",
    mode: str = "ReadWriteOnce",
    born: float = days(120),
) -> Json:
    spec: Json = {
        "accessModes": [mode],
        "resources": {"requests": {"storage": size}},
        "volumeMode": "Filesystem",
    }
    if cls is not None:
        spec["storageClassName"] = cls
    status: Json = {"phase": "Pending"}
    if volume:
        spec["volumeName"] = volume
        status = {"accessModes": [mode], "capacity": {"storage": size}, "phase": "Bound"}
    return plain(
        world, "PersistentVolumeClaim", "v1", name, namespace, spec=spec, status=status, born=born
    )


def volume(world: World, name: str, bound: Json, *, zone: str, cls: str, driver: str) -> Json:
    about = bound["metadata"]
    reference = {
        "kind": "PersistentVolumeClaim",
        "name": about["name"],
        "namespace": about["namespace"],
        "uid": about["uid"],
    }
    term = {"key": "topology.kubernetes.io/zone", "operator": "In", "values": [zone]}
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "capacity": bound["spec"]["resources"]["requests"],
        "claimRef": reference,
        "csi": {"driver": driver, "volumeHandle": f"vol-{world.letters(12)}"},
        "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [term]}]}},
        "persistentVolumeReclaimPolicy": "Delete",
        "storageClassName": cls,
    }
    return plain(world, "PersistentVolume", "v1", name, spec=spec, status={"phase": "Bound"})
