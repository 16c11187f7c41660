"""Silences are set where they are safe, and refused in words where they are not."""

from collections.abc import AsyncGenerator, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.clock import utc_now
from core.errors import Forbidden, Invalid, NotFound
from core.principal import Permission, Principal
from mcp_servers.client import Tools
from sandbox.server import Addresses, serving_in_thread
from tests.channels.conftest import Room, alert, opened

SHOP = Path(__file__).parents[2] / "sandbox" / "snapshots" / "shop"
WHY = "disks are being replaced"


@pytest.fixture(scope="module")
def shop() -> Iterator[Addresses]:
    with serving_in_thread(SHOP) as addresses:
        yield addresses


@pytest.fixture
async def room(shop: Addresses, tmp_path: Path) -> AsyncGenerator[Room]:
    async with opened(tmp_path, alertmanager=shop.alertmanager) as made:
        yield made


def as_person(room: Room, name: str, *left_out: Permission, **more: frozenset[str]) -> Tools:
    """By their own hand."""
    permissions = frozenset(Permission) - set(left_out)
    person = Principal(name, permissions=permissions, present=True, **more)
    return Tools(room.tools._sessions, person)


async def test_a_silence_is_set_seen_and_ended_by_its_owner(room: Room) -> None:
    wanted = {"matchers": ['alertname="NobodyKnowsThis"'], "comment": WHY}
    made = (await room.tools.call("alerting_create_silence", **wanted)).data["silence"]
    listed = (await room.tools.call("alerting_list_silences", state="active")).data["rows"]
    [mine] = [one for one in listed if one["id"] == made["id"]]
    assert (mine["created_by"], mine["comment"], mine["catches_now"]) == ("ann", WHY, 0)
    ended = (await room.tools.call("alerting_expire_silence", silence_id=made["id"])).data
    assert ended["state"] == "expired"
    with pytest.raises(Invalid, match="ended already"):
        await room.tools.call("alerting_expire_silence", silence_id=made["id"])


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"matchers": ['alertname=~"Disk.*"']}, "at least one matcher that is equal"),
        ({"matchers": ['alertname="A"', 'namespace=~".*"']}, "takes nearly everything"),
        ({"matchers": ['alertname="A"', 'namespace=""']}, "takes nearly everything"),
        ({"matchers": ['alertname="A"'], "duration": "PT25H"}, "planned work"),
        ({"matchers": ['alertname="A"'], "duration": "P8D", "ticket": "C-1"}, "longer than 7"),
        ({"matchers": ['alertname="A"'], "duration": "PT0S"}, "end before it begins"),
        ({"matchers": ['alertname="A"'], "comment": "x"}, "says why"),
        ({"matchers": ["A"]}, "is no matcher"),
    ],
)
async def test_an_unsafe_silence_is_refused_and_none_is_set(
    room: Room, wanted: dict[str, object], why: str
) -> None:
    before = (await room.tools.call("alerting_list_silences")).data["total"]
    with pytest.raises(Invalid, match=why):
        await room.tools.call("alerting_create_silence", **{"comment": WHY, **wanted})
    assert (await room.tools.call("alerting_list_silences")).data["total"] == before


async def test_what_must_be_heard_takes_a_second_person(room: Room) -> None:
    await room.receive(alert("DiskFull"))
    wanted = {"matchers": ['alertname="DiskFull"'], "duration": "PT1H", "comment": WHY}
    with pytest.raises(Invalid, match=r"critical alert.*DiskFull.*second person"):
        await room.tools.call("alerting_create_silence", **wanted)
    preview = (await room.tools.call("alerting_preview_silence", **wanted)).data
    assert (preview["needs_second"], preview["caught_in_all"]) == (True, 1)
    asked = {"matchers": wanted["matchers"], "duration": "PT1H"}
    with pytest.raises(Forbidden, match="own hand"):
        await room.tools.call("alerting_second_silence", **asked)
    own = (await as_person(room, "ann").call("alerting_second_silence", **asked)).data["second"]
    with pytest.raises(Forbidden, match="somebody else"):
        await room.tools.call("alerting_create_silence", **wanted, second=own)
    bob = as_person(room, "bob")
    other = (await bob.call("alerting_second_silence", **asked)).data["second"]
    with pytest.raises(Invalid, match="another silence"):
        await room.tools.call(
            "alerting_create_silence", **{**wanted, "duration": "PT2H"}, second=other
        )
    made = await room.tools.call("alerting_create_silence", **wanted, second=other)
    assert made.data["silence"]["comment"] == f"{WHY} (seconded by bob)"


async def test_more_series_than_twenty_are_too_many(room: Room) -> None:
    many = [alert("Slow", instance=str(one)) for one in range(21)]
    for one in many:
        one["labels"]["severity"] = "warning"
    await room.receive(*many)
    with pytest.raises(Invalid, match="21 series"):
        await room.tools.call("alerting_create_silence", matchers=['alertname="Slow"'], comment=WHY)


async def test_others_silences_and_namespaces_are_not_touched(room: Room) -> None:
    wanted = {"matchers": ['alertname="X"', 'namespace="shop"'], "comment": WHY}
    made = (await room.tools.call("alerting_create_silence", **wanted)).data["silence"]
    bob = as_person(room, "bob", Permission.SILENCES_MANAGE)
    with pytest.raises(Forbidden, match="ann set this silence"):
        await bob.call("alerting_expire_silence", silence_id=made["id"])
    baker = as_person(room, "joe", namespaces=frozenset({"bakery"}))
    with pytest.raises(NotFound):
        await baker.call("alerting_expire_silence", silence_id=made["id"])
    with pytest.raises(Forbidden, match="one of your namespaces"):
        await baker.call("alerting_create_silence", matchers=['alertname="X"'], comment=WHY)


async def test_a_silence_that_is_set_again_and_again_is_told_so(room: Room) -> None:
    wanted = {"matchers": ['alertname="Renewed"'], "comment": WHY}
    for _ in range(3):
        await room.tools.call("alerting_create_silence", **wanted)
    last = (await room.tools.call("alerting_create_silence", **wanted)).data
    assert (last["renewals"], "mend the rule" in last["note"]) == (3, True)


async def test_a_silence_for_later_waits_until_then(room: Room) -> None:
    start = utc_now().replace(microsecond=0) + timedelta(hours=3)
    wanted = {"matchers": ['alertname="NobodyKnowsThis"'], "comment": WHY, "duration": "PT1H"}
    later = {**wanted, "starts_at": start.isoformat()}
    tried = (await room.tools.call("alerting_preview_silence", **later)).data
    assert datetime.fromisoformat(tried["ends_at"]) == start + timedelta(hours=1)
    made = (await room.tools.call("alerting_create_silence", **later)).data["silence"]
    listed = (await room.tools.call("alerting_list_silences", state="pending")).data["rows"]
    [one] = [one for one in listed if one["id"] == made["id"]]
    assert datetime.fromisoformat(one["starts_at"]) == start
    await room.tools.call("alerting_expire_silence", silence_id=made["id"])


@pytest.mark.parametrize("start", ["tonight", "2026-01-01T00:00Z", "2099-01-01T00:00Z"])
async def test_a_silence_that_begins_at_no_moment_to_come_is_refused(
    room: Room, start: str
) -> None:
    wanted = {"matchers": ['alertname="NobodyKnowsThis"'], "comment": WHY, "starts_at": start}
    with pytest.raises(Invalid, match="between now and seven days ahead"):
        await room.tools.call("alerting_create_silence", **wanted)
