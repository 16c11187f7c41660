"""Requests and limits that a person named, on whichever API server there is."""

from pathlib import Path
from typing import Any

from tests.kube.manifests import deployment
from tests.kube.server import Kube
from tests.kube.test_refused_writes import DEPLOYMENTS, People, repairing

HELD = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}}


def made(kube: Kube, *more: dict[str, Any]) -> None:
    web = deployment("web", replicas=1)
    spec = web["spec"]["template"]["spec"]
    spec["containers"][0]["resources"] = HELD
    spec["containers"] += more
    kube.made(DEPLOYMENTS, web)


def held(kube: Kube) -> Any:
    web = kube.get(DEPLOYMENTS, "web").json()
    return web["spec"]["template"]["spec"]["containers"][0]["resources"]


async def planned(people: People, kube: Kube, *amounts: str, **more: Any) -> dict[str, Any]:
    wanted = {"change": "resources", "namespace": kube.namespace, "name": "web"}
    return await people.call("autofix_plan", **wanted, resources=list(amounts), **more)


async def test_the_server_accepts_the_amounts_and_shows_them_in_its_own_diff(
    kube: Kube, tmp_path: Path
) -> None:
    made(kube)
    async with repairing(kube, tmp_path) as people:
        plan = await planned(people, kube, "limits.memory=600M", "cpu+=150m", "limits.cpu=1500m")
    assert plan["plan_id"], plan["refused"]
    [step] = plan["steps"]
    for line in ("+            cpu: 1500m", "+            memory: 600M", "+            cpu: 250m"):
        assert line in step["diff"]
    assert [one["ok"] for one in plan["preflight"] if one["check"] == "dry_run"] == [True]
    assert held(kube) == HELD


async def test_what_does_not_become_ready_gets_its_old_amounts_back(
    kube: Kube, tmp_path: Path
) -> None:
    """No controller runs here, so that no rollout ever completes."""
    made(kube)
    async with repairing(kube, tmp_path) as people:
        plan = await planned(people, kube, "memory*=2", "limits.cpu=1")
        name = plan["steps"][0]["target"]["name"]
        await people.call("autofix_approve", plan_id=plan["plan_id"], typed_name=name)
        change = await people.call("autofix_apply", plan_id=plan["plan_id"], wait_s=60)
    assert change["status"] == "rolled_back", change
    assert [one["direction"] for one in change["steps"]] == ["forward", "back"]
    assert held(kube) == HELD


async def test_of_several_containers_the_one_that_was_named_is_changed(
    kube: Kube, tmp_path: Path
) -> None:
    made(kube, {"name": "proxy", "image": "registry.example/proxy:1"})
    first = kube.get(DEPLOYMENTS, "web").json()["spec"]["template"]["spec"]["containers"][0]["name"]
    async with repairing(kube, tmp_path) as people:
        plan = await planned(people, kube, "limits.memory=512Mi", container="proxy")
        missing = await planned(people, kube, "limits.memory=512Mi", container="nginx")
    assert "limits.memory=512Mi in container proxy" in plan["steps"][0]["action"]
    assert missing["refused"]["reason"] == "no_such_container"
    assert first in missing["refused"]["message"]
