"""What a cluster puts into every namespace by itself."""

from evals.clusters.objects import account, config_map, plain
from evals.clusters.world import World, days

ROOT_CA = "kube-root-ca.crt"
CA_TEXT = "-----BEGIN CERTIFICATE-----\nMIIBdjCCAR2gAwIBAgIBADAKBggqhkjOPQQDAjAj\n-----END CERTIFICATE-----\n"
BORN = days(400)


def furnish(world: World) -> None:
    """Add the Namespace itself, its default account and the authority of the API server's certificate."""
    present = {_named(one["kind"], one["metadata"]) for one in world.objects}
    spaces = sorted({one["metadata"].get("namespace", "") for one in world.objects} - {""})
    for space in spaces:
        if ("Namespace", "", space) not in present:
            status = {"phase": "Active"}
            one = plain(world, "Namespace", "v1", space, born=BORN, spec={}, status=status)
            one["metadata"]["labels"] = {"kubernetes.io/metadata.name": space}
        if ("ServiceAccount", space, "default") not in present:
            account(world, space, "default", born=BORN)
        if ("ConfigMap", space, ROOT_CA) not in present:
            config_map(world, space, ROOT_CA, {"ca.crt": CA_TEXT}, born=BORN)


def _named(kind: str, metadata: dict[str, str]) -> tuple[str, str, str]:
    return kind, metadata.get("namespace", ""), metadata["name"]
