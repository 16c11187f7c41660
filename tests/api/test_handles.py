"""Which person of a chat service is which user."""

import pytest

from core.clock import utc_now
from core.errors import Conflict, Invalid, NotFound
from core.storage.database import Database
from core.storage.repositories.handles import Handles
from tests.api.conftest import Midwatch, Stage


async def linked(database: Database, user: str, handle: str) -> None:
    async with database.session() as session:
        await Handles(session).link(user, "slack", handle, utc_now())


async def test_a_handle_belongs_to_one_user(stage: Stage) -> None:
    database = stage.opened.database
    await stage.opened.sign_in.add_user("dora", role="user")
    await linked(database, "dora", "U9")
    await linked(database, "dora", "U9")
    with pytest.raises(Conflict, match="linked to dora"):
        await linked(database, "admin", "U9")
    with pytest.raises(NotFound):
        await linked(database, "nobody", "U10")
    with pytest.raises(Invalid):
        await linked(database, "dora", "U 10")
    async with database.session() as session:
        assert await Handles(session).user_of("slack", "U9") == "dora"
        await Handles(session).unlink("slack", "U9")
        with pytest.raises(NotFound):
            await Handles(session).unlink("slack", "U9")


async def test_users_are_linked_by_rest_and_only_by_who_manages_them(midwatch: Midwatch) -> None:
    await midwatch.opened.sign_in.add_user("erin", role="user")
    place = "/api/v1/handles/slack/U0ERIN"
    async with midwatch.client() as http:
        assert (await http.put(place, json={"user": "erin"})).json()["user"] == "erin"
        listed = (await http.get("/api/v1/handles")).json()["items"]
        assert ("slack", "U0ERIN", "erin") in [
            (one["service"], one["handle"], one["user"]) for one in listed
        ]
        assert (await http.put(place, json={"user": "admin"})).status_code == 409
        assert (await http.delete(place)).status_code == 204
        assert (await http.delete(place)).status_code == 404
    async with midwatch.client(await midwatch.token_of("frank")) as http:
        assert (await http.put(place, json={"user": "frank"})).status_code == 403
        assert (await http.get("/api/v1/handles")).status_code == 403
