from mcp_servers.autofix.packing import plan_json, plan_of
from tests.engines.fixes.judging import plan
from tests.engines.fixes.test_memory import killed
from tests.engines.fixes.test_nodes import cordoned
from tests.factories import cluster, node


def test_a_plan_that_is_kept_comes_back_as_it_was() -> None:
    """With the finding it is for: the target alone does not tell which one that is."""
    for one in (
        plan(killed(), "pod.oom_killed"),
        plan(cluster(cordoned(), node("node-2")), "node.left_cordoned"),
    ):
        assert one.finding
        assert plan_of(plan_json(one)) == one


def test_a_plan_of_before_findings_were_kept_is_read_too() -> None:
    told = plan_json(plan(killed(), "pod.oom_killed"))
    del told["finding"]
    assert plan_of(told).finding == ""
