"""A stored configuration on its way to an Alertmanager, and the counts told meanwhile."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from api.cli.sync_metrics import told_at
from api.cli.syncing import CONFIG_FILE, Counts
from core.errors import Invalid, NotFound
from core.http import client
from tests.api.test_rule_sync import Place, place

__all__ = ["place"]

CONFIG = "route: {receiver: <<who>>}\nreceivers: [{name: <<who>>}]\n"


async def store(place: Place, who: str, based_on: int = 0) -> None:
    body: dict[str, Any] = {"text": CONFIG, "reason": "test", "based_on": based_on}
    async with place.watch.client() as http:
        body["values"] = {"who": who}
        stored = await http.put("/api/v1/alertmanager-configs/main", json=body)
        assert stored.status_code == 200, stored.text


def beside(place: Place) -> None:
    place.target = replace(place.target, config="main", match="")


def there(place: Place) -> str:
    return (place.folder / CONFIG_FILE).read_text()


async def test_a_configuration_is_written_reloaded_and_told_of(place: Place) -> None:
    beside(place)
    await store(place, "ops")
    first, second = await place.round(), await place.round()
    assert (first.state, second.state, place.reloading.asked) == ("in_step", "in_step", 1)
    assert there(place) == "route:\n  receiver: ops\nreceivers:\n- name: ops\n"
    told = await place.told()
    assert (told["state"], told["config"], told["files"]) == ("in_step", "main", 1)
    await store(place, "web", 1)
    assert (await place.told())["state"] == "behind"


async def test_one_that_alertmanager_refuses_is_given_back_and_a_rollback_brings_it_in_step(
    place: Place,
) -> None:
    beside(place)
    await store(place, "ops")
    await place.round()
    before = there(place)
    await store(place, "web", 1)
    place.reloading.plan = [PlainTextResponse("failed to reload config", 500)]
    refused = await place.round()
    assert (refused.state, refused.error) == ("refused", "HTTP 500: failed to reload config")
    assert there(place) == before
    async with place.watch.client() as http:
        await http.post("/api/v1/alertmanager-configs/main/rollback", json={"reason": "refused"})
    assert (await place.round()).state == "in_step"


async def test_what_somebody_changed_there_is_put_right(place: Place) -> None:
    beside(place)
    await store(place, "ops")
    await place.round()
    before = there(place)
    (place.folder / CONFIG_FILE).write_text("route: {}\n")
    assert (await place.round()).drift == (CONFIG_FILE,)
    assert there(place) == before


async def test_a_configuration_that_is_removed_stays_where_it_is(place: Place) -> None:
    beside(place)
    await store(place, "ops")
    await place.round()
    async with place.watch.client() as http:
        await http.delete("/api/v1/alertmanager-configs/main?reason=over")
    with pytest.raises(NotFound):
        await place.round()
    assert "receiver: ops" in there(place)


async def test_the_counts_are_told_at_an_address_for_as_long_as_it_is_open() -> None:
    counts = Counts()
    with told_at("127.0.0.1:0", lambda: counts.as_text("a")) as port:
        counts.add("in_step", files=2)
        async with client(url := f"http://127.0.0.1:{port}") as http:
            told = await http.get(f"{url}/metrics")
            other = await http.get(f"{url}/other")
    assert told.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert '# TYPE midwatch_sync_files gauge\nmidwatch_sync_files{target="a"} 2\n' in told.text
    assert other.status_code == 404
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


@pytest.mark.parametrize("address", ["nowhere", "127.0.0.1:no", "127.0.0.1:99999", ":"])
def test_an_address_that_is_none_is_refused_in_words(address: str) -> None:
    with pytest.raises(Invalid, match="HOST:PORT"), told_at(address, str):
        pass
