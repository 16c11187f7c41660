"""What a note is in a drawn case of the alert pipeline is found, though no cause is named for it."""

from pathlib import Path

import pytest

from evals.generated.making import FAULTS, make_case
from mcp_servers.client import Connections, Tools, in_process
from sandbox.server import serving
from tests.servers.test_rca_gathering import ANN

PIPELINE = {"alert.flapping", "alert.silence_unsafe", "alert.metric_absent", "alert.unrouted"}


def drawn(place: Path, name: str) -> Path:
    [fault] = [one for one in FAULTS if one.name == name]
    make_case(place, fault, "41/0")
    return next(place.iterdir())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("alert_flaps", {"alert.flapping"}),
        ("alert_fires_once", set[str]()),
        ("metric_was_renamed", {"alert.metric_absent"}),
        ("metric_of_mishaps_is_absent", set[str]()),
        ("silence_hides_everything", {"alert.silence_unsafe"}),
        ("silence_was_planned", set[str]()),
        ("alert_reaches_nobody", {"alert.unrouted"}),
        ("only_heartbeats_reach_nobody", set[str]()),
    ],
)
async def test_the_pipeline_speaks_where_it_should(
    tmp_path: Path, name: str, expected: set[str]
) -> None:
    async with serving(drawn(tmp_path, name)) as addresses:
        reach = Connections(
            kubeconfig=addresses.kubeconfig,
            prometheus_url=addresses.prometheus,
            alertmanager_url=addresses.alertmanager,
        )
        async with in_process(reach) as sessions:
            answer = await Tools(sessions, ANN).call("rca_list_findings")
    assert {one["rule"] for one in answer.data["findings"]} & PIPELINE == expected
