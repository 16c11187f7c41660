"""Admission webhooks as their configurations describe them."""

from collections.abc import Iterator
from dataclasses import dataclass

from mcp_servers.engines.fields import rows, section, text, whole, words
from mcp_servers.engines.selectors import matches
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource

KINDS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
DEFAULT_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook of a configuration. `service` is None where it is called by URL."""

    holder: Resource
    raw: Json

    @property
    def name(self) -> str:
        return text(self.raw, "name")

    @property
    def path(self) -> str:
        return f".webhooks[{self.name}]"

    @property
    def fails_closed(self) -> bool:
        """What is written in no policy is refused when the webhook does not answer."""
        return (text(self.raw, "failurePolicy") or "Fail") == "Fail"

    @property
    def timeout_s(self) -> int:
        return whole(self.raw, "timeoutSeconds", default=DEFAULT_TIMEOUT_S)

    @property
    def service(self) -> Ref | None:
        named = section(self.raw, "clientConfig", "service")
        name = text(named, "name")
        return Ref("Service", text(named, "namespace"), name) if name else None

    @property
    def ca_bundle(self) -> str:
        return text(self.raw, "clientConfig", "caBundle").strip()

    @property
    def scope(self) -> str:
        """What it is asked about, as `CREATE pods, deployments`."""
        asked = [
            f"{'/'.join(words(rule, 'operations'))} {','.join(words(rule, 'resources'))}"
            for rule in rows(self.raw, "rules")
        ]
        return "; ".join(asked)

    def is_asked_about_pods(self) -> bool:
        return any(
            {"pods", "*", "*/*"} & set(words(rule, "resources"))
            and {"CREATE", "*"} & set(words(rule, "operations"))
            and {"", "*"} & set(words(rule, "apiGroups"))
            for rule in rows(self.raw, "rules")
        )

    def takes(self, namespace: dict[str, str]) -> bool:
        """Whether objects of a namespace with these labels are sent to it."""
        selector = self.raw.get("namespaceSelector")
        return matches(section(self.raw, "namespaceSelector"), namespace) if selector else True


def webhooks(cluster: Cluster) -> Iterator[Webhook]:
    for kind in KINDS:
        for holder in cluster.all(kind):
            for raw in rows(holder.raw, "webhooks"):
                yield Webhook(holder, raw)
