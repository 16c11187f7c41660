"""Routes that nobody asked for yet are found, described and refused like all others."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from httpx2 import AsyncClient

from api.app import create_app, running
from api.app.doors import MODULES
from api.editions import prepared
from tests.api.conftest import offline, serving

LATER = "/api/v1/audit"


@asynccontextmanager
async def fresh(folder: Path) -> AsyncGenerator[tuple[FastAPI, AsyncClient]]:
    """A service that nobody has asked anything, and a client without a credential."""
    settings = offline(folder)
    app = create_app(settings)
    async with (
        prepared(settings) as ready,
        running(app, ready),
        serving(app) as address,
        AsyncClient(base_url=address, timeout=120) as web,
    ):
        yield app, web


async def test_a_later_route_is_there_for_all_who_ask_at_once(tmp_path: Path) -> None:
    async with fresh(tmp_path) as (app, web):
        before = len(app.router.routes)
        answers = await asyncio.gather(*(web.get(LATER) for _ in range(5)))
        later = sum(not one.startswith("*") for one in MODULES)
        assert len(app.router.routes) == before - 1 + later
    assert {one.status_code for one in answers} == {401}
    assert answers[0].json()["code"] == "unauthenticated"


async def test_an_unknown_address_and_a_wrong_method_are_said_as_ever(tmp_path: Path) -> None:
    async with fresh(tmp_path) as (app, web):
        before = len(app.router.routes)
        assert (await web.get("/nothing")).status_code == 404
        assert len(app.router.routes) == before
        assert (await web.get("/api/v1/nothing")).status_code == 404
        assert (await web.delete("/api/v1/query")).status_code == 405
        assert (await web.put(LATER)).status_code == 405


async def test_the_description_has_every_route_before_any_was_asked_for(tmp_path: Path) -> None:
    async with fresh(tmp_path) as (_, web):
        document = (await web.get("/openapi.json")).json()
    tags = {one["tags"][0] for methods in document["paths"].values() for one in methods.values()}
    assert {"ask", "repairs", "budgets", "alerts", "audit", "knowledge"} <= tags
