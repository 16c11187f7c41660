"""Where the cluster is asked as whoever asks Midwatch, a change is made with the rights of who applies it."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import Forbidden
from core.principal import Permission, Principal
from sandbox.server import serving_in_thread
from tests.kube.manifests import RBAC
from tests.servers.repairing import SNAPSHOTS, SPEED, Body, Repairing, over

APIS = f"/apis/{RBAC}/v1"


def person(name: str) -> Principal:
    return Principal(name, frozenset({"on-call"}), frozenset(Permission), present=True)


ANN, BOB, CARL = person("ann"), person("bob"), person("carl")


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncGenerator[Repairing]:
    """All three may read everything; in the namespace shop mw:carl alone may patch."""
    with serving_in_thread(SNAPSHOTS / "shop", speed=SPEED) as addresses:
        groups = (("on-call", "readers"),)
        async with over(addresses, tmp_path, callers="mw:{user}", caller_groups=groups) as opened:
            readers = {"apiGroup": RBAC, "kind": "Group", "name": "readers"}
            carl = {"apiGroup": RBAC, "kind": "User", "name": "mw:carl"}
            _grant(opened, "reads", ["get", "list"], readers)
            _grant(opened, "patches", ["patch"], carl)
            yield opened


def _grant(shop: Repairing, name: str, verbs: list[str], subject: Body) -> None:
    role = {"apiGroup": RBAC, "kind": "ClusterRole", "name": name}
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": verbs}]
    made: dict[str, Body] = {
        "clusterroles": {"rules": rules},
        "clusterrolebindings": {"roleRef": role, "subjects": [subject]},
    }
    for plural, body in made.items():
        told = {"metadata": {"name": name}, **body}
        shop.web.post(f"{APIS}/{plural}", json=told).raise_for_status()


async def _approved(shop: Repairing) -> str:
    asked = {"namespace": "shop", "kind": "Deployment", "name": "checkout"}
    plan = await shop.call("autofix_plan", CARL, **asked)
    assert plan["plan_id"], plan["refused"]
    await shop.call("autofix_approve", BOB, plan_id=plan["plan_id"], typed_name="checkout")
    return str(plan["plan_id"])


async def test_who_may_not_patch_in_the_cluster_gets_no_plan_to_apply(shop: Repairing) -> None:
    asked = {"namespace": "shop", "kind": "Deployment", "name": "checkout"}
    plan = await shop.call("autofix_plan", ANN, **asked)
    [access] = [one for one in plan["preflight"] if one["check"] == "access"]
    assert not access["ok"]


async def test_a_change_takes_the_rights_of_who_applies_it(shop: Repairing) -> None:
    before = shop.memory()
    change = await shop.applied(await _approved(shop), principal=ANN)
    assert change["status"] == "refused"
    assert "mw:ann may not do this in the cluster" in change["detail"]
    assert shop.memory() == before
    assert shop.writes() == 0


async def test_who_may_patch_applies_it_and_who_may_not_cannot_take_it_back(
    shop: Repairing,
) -> None:
    before = shop.memory()
    change = await shop.applied(await _approved(shop), principal=CARL)
    assert change["status"] == "verified", change
    grown = shop.memory()
    assert grown != before
    back = {"change_id": change["change_id"], "wait_s": 240}
    refused = await shop.call("autofix_rollback", ANN, **back)
    assert refused["status"] == "unknown"
    assert shop.memory() == grown


async def test_midwatchs_own_work_needs_no_such_rights(shop: Repairing) -> None:
    stranger = replace(ANN, roles=frozenset())
    with pytest.raises(Forbidden, match="mw:ann may not list pods in namespace shop"):
        await shop.call("kubernetes_list_pods", stranger, namespace="shop")
    itself = replace(stranger, subject="midwatch:jobs", itself=True)
    assert (await shop.call("kubernetes_list_pods", itself, namespace="shop"))["rows"]
