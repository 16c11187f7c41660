"""What is gathered of kinds that not every cluster has: the Gateway API, add-ons, custom resources.

One request tells which API groups there are; only what they serve is asked for, so that a cluster
without any pays for nothing more.
"""

import asyncio
from collections.abc import Mapping, Sequence

from core.errors import NotFound, OpsError
from mcp_servers.backends.kinds import Kind
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.facts.kubernetes import NotChecked, Resource

GATEWAY_GROUP = "gateway.networking.k8s.io"
GATEWAY_KINDS = ("GatewayClass", "Gateway", "HTTPRoute", "ReferenceGrant")

# Kinds of add-ons, by their API group; asked for only where the group is served. () is every kind.
ADD_ONS: Mapping[str, tuple[str, ...]] = {
    "wgpolicyk8s.io": ("PolicyReport", "ClusterPolicyReport"),
    "constraints.gatekeeper.sh": (),
    "operators.coreos.com": (
        "ClusterServiceVersion",
        "Subscription",
        "InstallPlan",
        "CatalogSource",
        "OperatorGroup",
    ),
    "olm.operatorframework.io": ("ClusterCatalog", "ClusterExtension"),
    "keda.sh": ("ScaledObject",),
    "autoscaling.k8s.io": ("VerticalPodAutoscaler",),
    "argoproj.io": ("Application",),
    "kustomize.toolkit.fluxcd.io": ("Kustomization",),
    "helm.toolkit.fluxcd.io": ("HelmRelease",),
    "source.toolkit.fluxcd.io": ("GitRepository", "HelmRepository", "HelmChart", "OCIRepository"),
}
# An add-on may keep a report for every pod; beyond this many the rest says nothing new.
ADD_ONS_AT_MOST = 1000

# Of other custom resources only those count that were deleted and stay. So many of each kind are
# looked at, and of so many kinds: there are clusters with a thousand.
EACH_AT_MOST = 200
KINDS_AT_MOST = 40
DEFINITIONS_AT_MOST = 150

# Served by programs of their own that make up long lists at each request.
MADE_UP = ("packages.operators.coreos.com", "subresources.kubevirt.io")

# What keeps objects from us that may be there.
UNSEEN = ("forbidden", "upstream_unavailable")

Resources = list[Resource]


async def beyond(kubernetes: Kubernetes, only: str, missed: list[NotChecked]) -> Resources:
    """Gateways, their routes and grants; objects of add-ons; definitions of custom kinds; and what waits to be gone.

    In one namespace, or for whoever sees only some, custom resources are left out: each kind
    would cost a request for each namespace.
    """
    narrow = bool(only) or kubernetes.sight.namespaces is not None
    try:
        kinds = await kubernetes.kinds_in(lambda group: _is_wanted(group, narrow=narrow))
    except OpsError:
        return []  # whatever ails the API, the kinds that every cluster has tell of it
    gateway = [one for one in kinds if one.group == GATEWAY_GROUP and one.name in GATEWAY_KINDS]
    add_ons = [one for one in kinds if _is_add_on(one)]
    custom = [one for one in kinds if one.group != GATEWAY_GROUP and one not in add_ons]
    found = await asyncio.gather(
        *(_listed(kubernetes, one, only, missed, 0) for one in gateway),
        *(_listed(kubernetes, one, only, missed, ADD_ONS_AT_MOST) for one in add_ons),
        _definitions(kubernetes, missed),
        _leaving(kubernetes, custom[:KINDS_AT_MOST] if not narrow else [], missed),
    )
    return [resource for resources in found for resource in resources]


def _is_wanted(group: str, *, narrow: bool) -> bool:
    """Groups under k8s.io are built in, or served by metrics adapters that may be slow or down."""
    custom = "." in group and not group.endswith(".k8s.io") and group not in MADE_UP
    return group == GATEWAY_GROUP or group in ADD_ONS or (custom and not narrow)


def _is_add_on(kind: Kind) -> bool:
    return kind.group in ADD_ONS and kind.name in (ADD_ONS[kind.group] or (kind.name,))


async def _listed(
    kubernetes: Kubernetes, kind: Kind, only: str, missed: list[NotChecked], limit: int
) -> Resources:
    try:
        return await kubernetes.list(kind.resource, namespace=only, limit=limit)
    except NotFound:
        return []
    except OpsError as error:
        if error.code not in UNSEEN:
            return []  # some kinds can only be created, such as reviews
        allow = error.hint if error.code == "forbidden" else ""
        missed.append(NotChecked(kind.name, f"{error.code}: {error.message}", allow))
        return []


async def _definitions(kubernetes: Kubernetes, missed: list[NotChecked]) -> Resources:
    """Custom kinds without their schemas, which nobody reads here and which may be megabytes."""
    kind = await kubernetes.kind("CustomResourceDefinition")
    found = await _listed(kubernetes, kind, "", missed, DEFINITIONS_AT_MOST)
    if len(found) == DEFINITIONS_AT_MOST:
        why = f"too_large: Only the first {DEFINITIONS_AT_MOST} were looked at."
        missed.append(NotChecked(kind.name, why))
    return [_without_schemas(one) for one in found]


def _without_schemas(definition: Resource) -> Resource:
    spec = {name: one for name, one in definition.spec.items() if name != "versions"}
    return Resource({**definition.raw, "spec": spec})


async def _leaving(
    kubernetes: Kubernetes, kinds: Sequence[Kind], missed: list[NotChecked]
) -> Resources:
    """Custom resources that were deleted; one line for all that may not be looked at."""
    refused: list[NotChecked] = []
    found = await asyncio.gather(
        *(_listed(kubernetes, one, "", refused, EACH_AT_MOST) for one in kinds)
    )
    if refused:
        missed.append(NotChecked("custom resources", refused[0].why, refused[0].allow))
    return [one for listed in found for one in listed if one.metadata.get("deletionTimestamp")]
