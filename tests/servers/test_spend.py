"""budgets_spend over the practice shop: what is measured there is divided, what is not is said."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.clock import utc_now
from core.errors import Forbidden, Invalid, NotFound
from core.principal import Permission, Principal
from mcp_servers.client import Connections, Sessions, Tools, in_process
from sandbox.server import Addresses
from tests.servers.conftest import ANN, BOB, SHOPKEEPER

BOOK = """
name = "our contract"
currency = "EUR"

[[prices]]
from = 2020-01-01
cpu_core_hour = "0.02"
memory_gib_hour = "0.002"
storage_gib_hour = "0.0001"
cluster_hour = "0.10"
[prices.nodes]
std-4x16 = "0.5"

[[prices]]
from = 2090-01-01
cpu_core_hour = "9"
memory_gib_hour = "9"

[[rates]]
from = 2020-01-01
currency = "CNY"
per_unit = "8"
[[rates]]
from = 2090-01-01
currency = "JPY"
per_unit = "160"
"""


async def spend(shop: Addresses, book: Path, **arguments: object) -> dict[str, Any]:
    connections = Connections(
        kubeconfig=shop.kubeconfig, prometheus_url=shop.prometheus, price_book=book
    )
    async with in_process(connections, only=["budgets"]) as sessions:
        return (await Tools(sessions, ANN).call("budgets_spend", **arguments)).data


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.fixture
def book(tmp_path: Path) -> Path:
    (tmp_path / "prices.toml").write_text(BOOK)
    return tmp_path / "prices.toml"


async def test_namespaces_idle_and_overhead_are_the_bill(tools: Tools) -> None:
    data = (await tools.call("budgets_spend")).data
    assert data["cost"] + data["idle"] + data["overhead"] == pytest.approx(data["bill"], abs=0.01)
    assert sum(row["cost"] for row in data["rows"]) == pytest.approx(data["cost"], abs=0.01)
    assert data["idle"] > 0
    # The control plane's pods, which a node runs by itself, belong to their namespace; the volume
    # that nobody claims any more belongs to none.
    named = {"shop", "kube-system", "payments", "monitoring", "data", "(none)"}
    assert {row["name"] for row in data["rows"]} == named


async def test_figures_of_few_measured_hours_say_so(calm_tools: Tools) -> None:
    data = (await calm_tools.call("budgets_spend", window="P1D", language="zh")).data
    seen = data["coverage"]["hours_seen"]
    assert seen in (3, 4)  # three hours were recorded, and the practice cluster records on
    assert data["coverage"]["hours"] == 24
    assert data["coverage"]["unmeasured_containers"] > 0
    assert data["notes"][0]["code"] == "spend.partial"
    assert f"24 小时中只有 {seen} 小时" in data["notes"][0]["text"]


async def test_workloads_of_a_namespace_pay_for_what_they_take(tools: Tools) -> None:
    data = (await tools.call("budgets_spend", namespace="shop", by="workload")).data
    names = {row["name"] for row in data["rows"]}
    assert {"Deployment shop/checkout", "Deployment shop/cart"} <= names
    assert all(row["namespace"] == "shop" and row["cost"] > 0 for row in data["rows"])


async def test_a_price_book_of_ones_own_prices_nodes_by_their_type(
    shop: Addresses, book: Path
) -> None:
    data = await spend(shop, book, window="PT2H")
    control_plane = 2 * 0.02 + 7.68359375 * 0.002
    machines = 2 * (3 * 0.5 + control_plane)
    storage = data["bill"] - machines - 0.2
    assert (data["currency"], data["overhead"]) == ("EUR", 0.2)
    assert 0 < storage < 0.1


@pytest.mark.parametrize(
    ("language", "said"), [("en", "2 of them are in no figure"), ("zh", "2 个负载均衡未计入")]
)
async def test_what_the_book_has_no_price_of_is_said_and_what_costs_nothing_is_not(
    shop: Addresses, book: Path, language: str, said: str
) -> None:
    lacking = await spend(shop, book, window="PT2H", language=language)
    write(book, BOOK.replace("cluster_hour", 'load_balancer_hour = "0"\ncluster_hour'))
    free = await spend(shop, book, window="PT2H", language=language)
    notes = {one["code"]: one["text"] for one in lacking["notes"]}
    assert said in notes["spend.no_load_balancer_hour"]
    assert not [one for one in free["notes"] if one["code"].endswith("_hour")]


async def test_another_currency_is_the_same_bill_at_the_rate_of_the_day(
    shop: Addresses, book: Path
) -> None:
    euros = await spend(shop, book, window="PT2H", currency="EUR")
    yuan = await spend(shop, book, window="PT2H", currency="CNY")
    assert yuan["overhead"] == pytest.approx(8 * euros["overhead"])


async def test_a_currency_without_a_rate_on_that_day_is_refused(
    shop: Addresses, book: Path
) -> None:
    with pytest.raises(Invalid, match=r"no rate from EUR to JPY.*It has: CNY, EUR, JPY"):
        await spend(shop, book, currency="JPY")


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ("currency = ", r"Cannot read the price book"),
        (BOOK.replace('"0.02"', '"-1"'), r"prices\.0\.cpu_core_hour: .*greater than or equal to 0"),
        (BOOK.replace("2020-01-01", "2085-01-01"), r"no prices for .* hold from 2085-01-01"),
        (BOOK.replace("cluster_hour", "cluser_hour"), r"cluser_hour: extra inputs"),
    ],
)
async def test_a_wrong_price_book_is_one_sentence(
    shop: Addresses, book: Path, broken: str, sentence: str
) -> None:
    rewritten = write(book, broken)
    with pytest.raises(Invalid, match=sentence):
        await spend(shop, rewritten)


async def test_who_sees_two_namespaces_sees_their_spend_and_not_the_bill(
    shopkeeper: Tools,
) -> None:
    data = (await shopkeeper.call("budgets_spend")).data
    assert {row["name"] for row in data["rows"]} == {"shop", "data"}
    assert (data["bill"], data["idle"], data["overhead"]) == (None, None, None)


async def test_spend_is_for_those_who_may_see_it(sessions: Sessions) -> None:
    with pytest.raises(Forbidden, match="costs:read"):
        await Tools(sessions, BOB).call("budgets_spend")
    everywhere = Principal("eve", permissions=frozenset({Permission.COSTS_READ}))
    assert (await Tools(sessions, everywhere).call("budgets_spend")).data["bill"] > 0
    with pytest.raises(Forbidden, match="payments"):
        await Tools(sessions, SHOPKEEPER).call("budgets_spend", namespace="payments")


async def test_a_namespace_without_spend_names_the_nearest(tools: Tools) -> None:
    with pytest.raises(NotFound, match="Did you mean shop"):
        await tools.call("budgets_spend", namespace="shp")


async def test_an_unknown_label_is_said(tools: Tools) -> None:
    data = (await tools.call("budgets_spend", by="label:department")).data
    assert [row["name"] for row in data["rows"]] == ["(none)"]
    assert data["notes"][-1]["code"] == "spend.no_label"


async def test_a_bill_may_end_before_now(tools: Tools) -> None:
    midnight = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    data = (await tools.call("budgets_spend", until=f"{midnight:%Y-%m-%dT%H:%M}Z")).data
    assert datetime.fromisoformat(data["end"]) == midnight
    assert datetime.fromisoformat(data["start"]) == midnight - timedelta(days=1)
    with pytest.raises(Invalid):
        await tools.call("budgets_spend", until="yesterday")


@pytest.mark.parametrize("window", ["PT30M", "P40D", "yesterday"])
async def test_a_window_out_of_bounds_is_refused(tools: Tools, window: str) -> None:
    with pytest.raises(Invalid, match="window"):
        await tools.call("budgets_spend", window=window)


async def test_without_prometheus_it_says_what_to_set(shop: Addresses) -> None:
    async with in_process(Connections(kubeconfig=shop.kubeconfig), only=["budgets"]) as sessions:
        with pytest.raises(Invalid, match="MIDWATCH_PROMETHEUS__URL"):
            await Tools(sessions, ANN).call("budgets_spend")
