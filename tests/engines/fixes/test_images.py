from typing import Any

from mcp_servers.facts.fixes import Advice, Plan
from mcp_servers.facts.kubernetes import Cluster, Ref
from tests.engines.fixes.judging import asked, container_of, result
from tests.factories import cluster, container, deployment, node, pod, replica_set, running

WEB = Ref("Deployment", "shop", "web")
MOVING = "registry.example.com/web:latest"
RUNS = "registry.example.com/web@sha256:" + "a" * 64


def moving(*digests: str, **fields: Any) -> Cluster:
    """A pod for each digest that the tag stood for when it was pulled."""
    owner = deployment(containers=[container(image=MOVING)], replicas=len(digests))
    made = replica_set(owner)
    pods = [
        pod(made, f"aa{n}bb", status=[running(image=MOVING, imageID=digest, **fields)])
        for n, digest in enumerate(digests)
    ]
    return cluster(owner, made, *pods, node())


def test_a_moving_tag_is_held_at_what_every_replica_runs() -> None:
    seen = moving(RUNS, RUNS)
    one = asked(seen, "fix.pin_digest", WEB)
    assert isinstance(one, Plan)
    assert container_of(result(seen, one))["image"] == RUNS


def test_replicas_of_different_builds_are_not_chosen_between() -> None:
    one = asked(moving(RUNS, RUNS.replace("a" * 64, "b" * 64)), "fix.pin_digest", WEB)
    assert isinstance(one, Advice)
    assert one.why == "digests_differ"
