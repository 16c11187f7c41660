"""A workflow engine is told of an alert, signed, and says what it did about it."""

from datetime import timedelta
from typing import Any

from core.principal import Permission
from tests.api.conftest import Midwatch
from tests.api.test_alert_doors import services, taken, watch
from tests.channels.conftest import alert, webhook
from tests.channels.fakes import SETTINGS, Services

__all__ = ["services", "watch"]

DONE = {"workflow": "clean disks", "run": "n8n-417", "status": "done", "text": "12 GiB freed"}


async def told(watch: Midwatch, services: tuple[Services, str]) -> str:
    """The id of the alert as the engine has it from the signed webhook."""
    fakes, address = services
    async with watch.client() as http:
        settings = SETTINGS["webhook"](address)
        body = {"name": "n8n", "kind": "webhook", "settings": settings}
        assert (await http.post("/api/v1/channels", json=body)).status_code == 201
        await http.post("/api/v1/alerts/alertmanager", json=webhook(alert()))
    await taken(fakes.heard["webhook"], 1)
    return fakes.heard["webhook"].taken[0]["data"]["alerts"][0]["id"]


async def narrow(watch: Midwatch) -> str:
    """A token that may report and nothing else."""
    admin = await watch.opened.sign_in.ensure_admin()
    scopes = frozenset({Permission.ALERTS_RECEIVE.value})
    _, token = await watch.opened.sign_in.make_api_token(admin.name, label="n8n", scopes=scopes)
    return token


async def reports(watch: Midwatch, alert_id: str) -> list[dict[str, Any]]:
    async with watch.client() as http:
        steps = (await http.get(f"/api/v1/alerts/{alert_id}")).json()["steps"]
    return [one for one in steps if one["step"] == "workflow"]


async def test_what_a_workflow_did_stands_in_the_record_of_its_alert_once(
    watch: Midwatch, services: tuple[Services, str]
) -> None:
    alert_id = await told(watch, services)
    async with watch.client() as http:
        http.headers["Authorization"] = f"Bearer {await narrow(watch)}"
        path = f"/api/v1/alerts/{alert_id}/workflow"
        first, again = [(await http.post(path, json=DONE)).json() for _ in range(2)]
        assert (first["noted"], again["noted"]) == (True, False)
        failed = await http.post(path, json={**DONE, "status": "failed"})
        assert failed.json()["noted"]
    found = await reports(watch, alert_id)
    assert [one["outcome"] for one in found] == ["done", "failed"]
    assert found[0]["detail"]["text"] == "12 GiB freed"


async def test_who_has_no_token_or_names_no_alert_notes_nothing(
    watch: Midwatch, services: tuple[Services, str]
) -> None:
    alert_id = await told(watch, services)
    async with watch.client() as http:
        nowhere = await http.post("/api/v1/alerts/nowhere/workflow", json=DONE)
        odd = await http.post(
            f"/api/v1/alerts/{alert_id}/workflow", json={**DONE, "url": "javascript:alert(1)"}
        )
        del http.headers["Authorization"]
        unknown = await http.post(f"/api/v1/alerts/{alert_id}/workflow", json=DONE)
    assert [one.status_code for one in (nowhere, odd, unknown)] == [404, 422, 401]
    assert "has to begin with https:// or http://" in odd.json()["detail"]
    assert await reports(watch, alert_id) == []


async def test_a_token_that_has_expired_reads_only_or_is_of_other_namespaces_notes_nothing(
    watch: Midwatch, services: tuple[Services, str]
) -> None:
    alert_id = await told(watch, services)
    sign_in = watch.opened.sign_in
    admin = (await sign_in.ensure_admin()).name
    await sign_in.add_user("elsewhere", role="admin", namespaces=frozenset({"data"}))
    _, expired = await sign_in.make_api_token(admin, label="old", ttl=timedelta(seconds=-1))
    reads = frozenset({Permission.ALERTS_READ.value})
    _, reader = await sign_in.make_api_token(admin, label="reads", scopes=reads)
    _, foreign = await sign_in.make_api_token("elsewhere", label="foreign")
    path, codes = f"/api/v1/alerts/{alert_id}/workflow", list[int]()
    async with watch.client() as http:
        for token in (expired, reader, foreign, f"{foreign}x"):
            http.headers["Authorization"] = f"Bearer {token}"
            codes.append((await http.post(path, json=DONE)).status_code)
    assert codes == [401, 403, 404, 401]
    assert await reports(watch, alert_id) == []


async def test_a_secret_that_a_workflow_tells_is_not_kept(
    watch: Midwatch, services: tuple[Services, str]
) -> None:
    alert_id = await told(watch, services)
    async with watch.client() as http:
        leaky = {**DONE, "text": "used password=hunter2hunter2 to log in"}
        await http.post(f"/api/v1/alerts/{alert_id}/workflow", json=leaky)
    [one] = await reports(watch, alert_id)
    assert "hunter2" not in one["detail"]["text"]
