"""The Alertmanager hand: the same questions to the practice cluster and to a real one."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from mcp_servers.backends.alertmanager import Alertmanager
from mcp_servers.facts.alerts import Receiver
from sandbox.server import Addresses
from tests.backends import real_servers


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An Alertmanager with one alert that a silence covers, and one that none does."""
    with real_servers.alertmanager(tmp_path_factory.mktemp("alertmanager")) as url:
        ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        begins = datetime.now(UTC).isoformat()
        matcher = {"name": "namespace", "value": "a|b", "isRegex": True, "isEqual": True}
        silence = {
            "matchers": [matcher],
            "startsAt": begins,
            "endsAt": ends,
            "createdBy": "ann",
            "comment": "moving house",
        }
        httpx2.post(f"{url}/api/v2/silences", json=silence).raise_for_status()
        alerts = [
            {"labels": {"alertname": "Noisy", "namespace": "a"}},
            {
                "labels": {"alertname": "Loud", "namespace": "c"},
                "annotations": {"summary": "Too loud."},
            },
        ]
        httpx2.post(f"{url}/api/v2/alerts", json=alerts).raise_for_status()
        yield url


@pytest.mark.live
async def test_a_real_one_tells_which_alerts_are_silenced(real: str) -> None:
    alertmanager = Alertmanager.connect(real)
    found = {one.name: one for one in await alertmanager.alerts()}
    [silence] = await alertmanager.silences()
    receivers = await alertmanager.receivers()
    await alertmanager.close()
    assert (found["Noisy"].state, found["Loud"].state) == ("suppressed", "active")
    assert found["Noisy"].silenced_by == (silence.id,)
    assert found["Loud"].summary == "Too loud."
    assert {one.name for one in receivers} >= set(found["Loud"].receivers) != set()
    assert silence.matchers == ('namespace=~"a|b"',)
    assert (silence.state, silence.created_by) == ("active", "ann")


async def test_the_practice_cluster_tells_who_is_told(shop: Addresses) -> None:
    alertmanager = Alertmanager.connect(shop.alertmanager)
    assert await alertmanager.receivers() == [Receiver("on-call")]
    assert {one.receivers for one in await alertmanager.alerts()} == {("on-call",)}
    await alertmanager.close()
