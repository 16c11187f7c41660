"""Which class an Ingress belongs to, and whether a controller has taken it up."""

from datetime import timedelta

from mcp_servers.engines.fields import rows, text
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource

CLASS_BEFORE = "kubernetes.io/ingress.class"  # as an annotation, before the field
DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"
ADDRESS_COMES_WITHIN = timedelta(minutes=5)


def is_default(held: Resource) -> bool:
    return held.annotations.get(DEFAULT_CLASS) == "true"


def is_served(ingress: Resource) -> bool:
    """Whether a controller has given it an address."""
    return bool(rows(ingress.status, "loadBalancer", "ingress"))


def class_of(cluster: Cluster, ingress: Resource) -> Resource | None:
    """The class it names, in the field or before that in an annotation; else the default one."""
    named = text(ingress.spec, "ingressClassName") or text(ingress.annotations, CLASS_BEFORE)
    if named:
        return cluster.get(Ref("IngressClass", "", named))
    return next((one for one in cluster.all("IngressClass") if is_default(one)), None)
