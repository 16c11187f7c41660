"""The bill divides without rest, whatever was measured."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.engines.allocation import Allocation, Split, allocate, node_rates
from mcp_servers.facts.kubernetes import Ref
from mcp_servers.facts.money import NOTHING, Amounts, Charge, NodeHours, Rates, Use

RATES = Rates(Decimal("0.03"), Decimal("0.004"), Decimal("0.9"))
CENT = Decimal("0.01")

amounts = st.floats(0, 1000, allow_nan=False)
taken = st.builds(Amounts, amounts, amounts, amounts)
rates = st.builds(Rates, *[st.decimals(0, 10, places=4) for _ in range(3)])
nodes = st.lists(
    st.builds(NodeHours, st.sampled_from("abcd"), taken, st.floats(0, 744), rates),
    max_size=4,
    unique_by=lambda one: one.name,
)
refs = st.builds(
    Ref,
    st.just("Deployment"),
    st.sampled_from(["shop", "web", "kube-system"]),
    st.sampled_from("xyz"),
)
uses = st.lists(
    st.builds(Use, refs, st.sampled_from(["a", "b", "c", "d", "gone", ""]), taken, taken),
    max_size=12,
)
charges = st.lists(
    st.builds(Charge, st.just("storage"), refs, st.decimals(0, 1000, places=3)), max_size=4
)


def parts(found: Allocation) -> Decimal:
    return sum((one.total for one in found.shares), NOTHING) + found.idle + found.overhead


@given(
    nodes,
    uses,
    charges,
    st.decimals(0, 100, places=2),
    st.sampled_from(["separate", "proportional", "even"]),
)
def test_workloads_idle_and_overhead_are_the_bill(
    nodes: list[NodeHours], uses: list[Use], charges: list[Charge], overhead: Decimal, idle: Split
) -> None:
    found = allocate(nodes, uses, charges, overhead, idle=idle, shared=frozenset({"kube-system"}))
    price = sum(
        (
            Decimal(one.has.cpu * one.hours) * one.rates.cpu
            + Decimal(one.has.memory * one.hours) * one.rates.memory
            + Decimal(one.has.gpu * one.hours) * one.rates.gpu
            for one in nodes
        ),
        NOTHING,
    )
    expected = price + overhead + sum((one.cost for one in charges), NOTHING)
    assert abs(parts(found) - found.bill) < CENT
    assert abs(found.bill - expected) < CENT
    assert found.idle >= 0
    assert all(one.total >= 0 and one.unused >= 0 for one in found.shares)
    assert (found.unpriced == 0) == (bool(nodes) or not uses)


def node(name: str = "a", cores: float = 4, hours: float = 10) -> NodeHours:
    return NodeHours(name, Amounts(cores, 16), hours, RATES)


def use(name: str, cpu: float, *, on: str = "a", namespace: str = "shop") -> Use:
    return Use(Ref("Deployment", namespace, name), on, Amounts(cpu, 0), Amounts(cpu / 2, 0))


def test_a_pod_pays_for_its_core_hours_and_the_rest_is_idle() -> None:
    found = allocate([node()], [use("cart", 10)])
    assert found.shares[0].cpu == Decimal(10) * RATES.cpu
    assert found.shares[0].unused == Decimal(5) * RATES.cpu
    assert found.idle == Decimal(30) * RATES.cpu + Decimal(160) * RATES.memory


def test_a_node_taken_twice_over_is_shared_and_named_and_never_negative() -> None:
    found = allocate([node()], [use("cart", 60), use("web", 20)])
    assert found.crowded == ("a",)
    assert [round(one.cpu, 9) for one in found.shares] == [Decimal("0.9"), Decimal("0.3")]
    assert round(found.idle, 9) == Decimal(160) * RATES.memory


def test_one_full_node_does_not_hide_that_another_is_idle() -> None:
    found = allocate([node("a"), node("b")], [use("cart", 80)])
    assert round(found.idle, 9) == (40 * RATES.cpu + 320 * RATES.memory)


def test_a_pod_of_a_node_that_is_gone_pays_at_the_rates_of_those_there_are() -> None:
    found = allocate([node("a"), node("b")], [use("cart", 10, on="gone")])
    assert found.unplaced == 1
    assert round(found.shares[0].cpu, 9) == 10 * RATES.cpu


def test_idle_is_given_evenly_by_namespace_or_by_what_each_costs() -> None:
    told = [use("cart", 30), use("api", 10, namespace="web")]
    even = allocate([node()], told, overhead=Decimal(2), idle="even")
    by_cost = allocate([node()], told, overhead=Decimal(2), idle="proportional")
    assert even.shares[0].shared == even.shares[1].shared
    assert round(by_cost.shares[0].shared / by_cost.shares[1].shared, 6) == 3
    assert (even.idle, even.overhead) == (NOTHING, NOTHING)


def test_what_belongs_to_all_is_paid_by_the_others() -> None:
    told = [use("cart", 10), use("dns", 10, namespace="kube-system")]
    found = allocate([node()], told, idle="proportional", shared=frozenset({"kube-system"}))
    assert [one.workload.namespace for one in found.shares] == ["shop"]
    assert round(found.shares[0].total, 9) == round(found.bill, 9)


def test_one_price_for_a_node_is_divided_by_the_base_ratio_of_its_parts() -> None:
    """The example of OpenCost's specification: bases 30, 30 and 10 of a node that costs 35."""
    base = Rates(Decimal(30), Decimal(30), Decimal(10))
    scaled = node_rates(Decimal(35), Amounts(1, 1, 1), base)
    assert (scaled.cpu, scaled.memory, scaled.gpu) == (15, 15, 5)
