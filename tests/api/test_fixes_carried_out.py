"""Approved repairs by REST, on the practice cluster: carried out, taken back, in turn, and writing allowed again."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from api.app import create_app, running
from api.editions import prepared
from core.http import Client
from core.principal import Permission
from tests.api.conftest import Midwatch, offline, serving

ROUTE = "/api/v1/autofix"
POLICY = "[limits]\nsettle_s = 0.3\npoll_s = 0.2\n"
CATALOG = {"namespace": "shop", "kind": "Deployment", "name": "catalog", "change": "scale"}
# Past what a slow machine needs; the answer comes when it has ended.
WAIT_S = 300


@pytest.fixture
async def hand(
    anyio_backend: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Client]:
    """A service, and the token of a person whose rights were put into it by name."""
    data = tmp_path_factory.mktemp("carried-out")
    (data / "policy.toml").write_text(POLICY)
    settings = offline(data, fixes={"policy": data / "policy.toml"})
    app = create_app(settings)
    async with (
        prepared(settings) as ready,
        running(app, ready) as opened,
        serving(app) as address,
    ):
        admin = await opened.sign_in.ensure_admin()
        scopes = frozenset(one.value for one in Permission)
        _, token = await opened.sign_in.make_api_token(admin.name, label="hand", scopes=scopes)
        async with Midwatch(address, opened, token, app.state.turns).client() as http:
            http.timeout = 2 * WAIT_S
            yield http


async def approved(http: Client, **asked: Any) -> str:
    plan = (await http.post(f"{ROUTE}/plan", json=asked)).json()
    assert plan["plan_id"], plan
    said = await http.post(f"{ROUTE}/approve", json={"plan_id": plan["plan_id"]})
    assert said.status_code == 200, said.text
    return str(plan["plan_id"])


async def done(http: Client, door: str, **asked: Any) -> dict[str, Any]:
    answer = await http.post(f"{ROUTE}/{door}", json={**asked, "wait_s": WAIT_S})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_approved_plan_is_carried_out_looked_at_and_taken_back(hand: Client) -> None:
    change = await done(hand, "apply", plan_id=await approved(hand, **CATALOG, replicas=4))
    shown = (await hand.get(f"{ROUTE}/changes/{change['change_id']}")).json()
    back = await done(hand, "rollback", change_id=change["change_id"])
    late = await hand.post(f"{ROUTE}/rollback", json={"change_id": change["change_id"]})
    assert (change["status"], shown["status"]) == ("verified", "verified")
    assert back["status"] == "rolled_back"
    assert late.status_code == 409


async def test_several_plans_are_carried_out_in_their_order(hand: Client) -> None:
    first = await approved(hand, **CATALOG, replicas=4)
    second = await approved(hand, **{**CATALOG, "name": "cart"}, replicas=3)
    batch = await done(hand, "batch", plan_ids=[first, second])
    shown = (await hand.get(f"{ROUTE}/batches/{batch['batch_id']}")).json()
    assert (batch["status"], shown["status"]) == ("done", "done")
    assert [(one["plan_id"], one["status"]) for one in shown["items"]] == [
        (first, "verified"),
        (second, "verified"),
    ]


async def test_writing_is_allowed_again_by_the_hand_that_may(hand: Client) -> None:
    plan_id = await approved(hand, **CATALOG, replicas=4)
    assert (await hand.post(f"{ROUTE}/stop", json={"reason": "fire drill"})).status_code == 200
    refused = await hand.post(f"{ROUTE}/apply", json={"plan_id": plan_id})
    resumed = (await hand.post(f"{ROUTE}/resume", json={"reason": "the drill is over"})).json()
    assert (refused.status_code, "fire drill" in refused.json()["detail"]) == (403, True)
    assert resumed["writing"]
