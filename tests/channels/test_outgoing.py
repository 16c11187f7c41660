"""Requests go nowhere that they should not, whatever a name stands for or an answer says."""

from collections.abc import Sequence

import pytest
from starlette.responses import RedirectResponse

from core.errors import Invalid
from mcp_servers.backends.senders.outgoing import Unreachable, Wire, checked_url
from tests.channels.conftest import Room
from tests.channels.fakes import SETTINGS


def standing_for(*addresses: str) -> Wire:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return Wire(resolve=resolve)


INSIDE = [
    "127.0.0.1", "10.0.0.5", "172.16.3.4", "192.168.1.1", "169.254.169.254", "0.0.0.0",  # noqa: S104 - refused, not bound
    "100.64.0.1", "224.0.0.1", "::1", "fe80::1", "fc00::1", "::ffff:127.0.0.1",
    "::ffff:169.254.169.254", "64:ff9b::a00:5", "2002:7f00:1::", "255.255.255.255",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
async def test_an_address_inside_is_refused_even_beside_a_public_one(address: str) -> None:
    with pytest.raises(Invalid, match="channels may not be"):
        await standing_for("93.184.216.34", address).address_of("hook.example", 443)


async def test_a_public_address_is_the_one_that_is_connected_to() -> None:
    wire = standing_for("93.184.216.34", "93.184.216.35")
    assert await wire.address_of("hook.example", 443) == "93.184.216.34"


async def test_a_name_of_ones_own_network_is_let_through_when_it_is_listed() -> None:
    wire = standing_for("10.0.0.5")
    wire.private_hosts = frozenset({"hook.corp.example"})
    assert await wire.address_of("hook.corp.example", 443) == "10.0.0.5"
    with pytest.raises(Invalid):
        await wire.address_of("other.corp.example", 443)


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::1"])
async def test_no_list_opens_this_machine_or_the_clouds_metadata(address: str) -> None:
    wire = standing_for(address)
    wire.private_hosts = frozenset({"hook.corp.example"})
    with pytest.raises(Invalid, match="No setting opens it"):
        await wire.address_of("hook.corp.example", 443)


@pytest.mark.parametrize("host", ["10.0.0.5", "169.254.169.254", "[::ffff:10.0.0.5]"])
async def test_an_address_that_could_never_be_asked_is_refused_when_the_channel_is_set_up(
    room: Room, host: str
) -> None:
    settings = {**SETTINGS["webhook"](""), "url": f"https://{host}/hook"}
    with pytest.raises(Invalid, match="channels may not be"):
        await room.tools.call("channels_add", name="odd", kind="webhook", settings=settings)
    assert (await room.tools.call("channels_list")).data["rows"] == []


def test_names_are_looked_up_no_sooner_than_they_are_asked() -> None:
    Wire().accepts("https://hook.corp.example/hook")
    with pytest.raises(Invalid, match="No setting opens it"):
        Wire().accepts("https://[::1]/hook")


async def test_a_name_that_changes_its_address_is_resolved_once() -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["93.184.216.34"] if len(asked) == 1 else ["127.0.0.1"]

    wire = Wire(resolve=resolve, timeout_s=0.2)
    with pytest.raises(Unreachable):
        await wire.post("https://rebinding.example/x", b"", {})
    await wire.close()
    assert asked == ["rebinding.example"]


@pytest.mark.parametrize(
    "url", ["http://x.example", "file:///etc/passwd", "https://", "https://a:b@x.example", "//x"]
)
def test_only_plain_https_is_an_address(url: str) -> None:
    with pytest.raises(Invalid):
        checked_url(url, practice=False)


async def test_a_redirect_is_not_followed(room: Room) -> None:
    heard = await room.add("webhook")
    heard.plan = [RedirectResponse("/webhook", 307)]
    tried = (await room.tools.call("channels_test", name="webhook")).data
    assert (tried["result"], heard.tries) == ("refused", 1)


async def test_what_hangs_is_given_up_and_tried_later(room: Room) -> None:
    settings = {**SETTINGS["slack"](room.address), "url": "http://127.0.0.1:9/slack"}
    await room.tools.call("channels_add", name="gone", kind="slack", settings=settings)
    tried = (await room.tools.call("channels_test", name="gone")).data
    assert (tried["result"], tried["code"]) == ("retry", "network")
    assert "127.0.0.1" not in tried["why"]
