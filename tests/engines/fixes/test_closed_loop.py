"""A repair, carried out over the wire on a practice cluster whose controllers react, ends the fault."""

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from evals.generated.making import FAULTS, make_case
from mcp_servers.engines.diagnose import diagnose
from mcp_servers.engines.fixes import repair
from mcp_servers.engines.preflight import preflight
from mcp_servers.engines.verification import judged
from mcp_servers.facts.findings import Finding
from mcp_servers.facts.fixes import Judgement, Plan
from mcp_servers.facts.kubernetes import Cluster
from tests.engines.fixes.judging import told
from tests.engines.fixes.looking import carry_out, look, take_back
from tests.sandbox.practising import Practising, practising

SHIPPED = {
    "bad-image": "pod.image_pull.not_found",
    "missing-key": "pod.config_ref.key_missing",
    "selector-miss": "service.selector_near_miss",
    "shop": "pod.oom_killed",
}
# Drawn ones by their number: a family each, and what each is repaired by.
DRAWN = {
    1: ("pod.unschedulable.node_selector", "fix.node_selector"),
    19: ("pod.start.command_not_found", "fix.command"),
    27: ("app.missing_setting", "fix.env"),
    36: ("pod.probe.port_mismatch", "fix.probe"),
    38: ("pod.probe.startup_budget", "fix.probe"),
    40: ("deploy.paused", "fix.resume"),
    41: ("deploy.surge_no_room", "fix.surge"),
    42: ("sts.revision_stuck", "fix.evict_pod"),
    46: ("pod.config_ref.kind_mixup", "fix.repoint"),
    50: ("config.changed_not_reloaded", "fix.restart"),
    59: ("service.target_port_name_missing", "fix.target_port"),
}
LOOKS, BETWEEN_S = 6, 120


@contextmanager
def drawn(number: int) -> Generator[Practising]:
    """A case that nobody wrote by hand, always of the same seed."""
    fault = next(one for one in FAULTS if one.number == number and not one.twin)
    with tempfile.TemporaryDirectory() as root:
        make_case(Path(root), fault, "7/0")
        with practising(next(Path(root).iterdir())) as practice:
            yield practice


def planned(cluster: Cluster, findings: list[Finding], rule: str) -> Plan:
    one = told(repair(next(one for one in findings if one.rule == rule), cluster), cluster)
    assert isinstance(one, Plan), one
    assert [check for check in preflight(one, cluster) if not check.ok] == []
    return one


def verdict(practice: Practising, before: list[Finding], plan: Plan) -> Judgement:
    """As soon as it is well, else after the last look."""
    found = Judgement(cleared=False)
    for _ in range(LOOKS):
        practice.pass_s(BETWEEN_S)
        seen = look(practice)
        found = judged(before, diagnose(seen), plan, seen)
        if found.verified:
            return found
    return found


@pytest.mark.parametrize(("story", "rule"), SHIPPED.items())
def test_the_repair_of_a_shipped_story_ends_it(story: str, rule: str) -> None:
    with practising(story) as practice:
        practice.pass_s(1)
        cluster = look(practice)
        findings = diagnose(cluster)
        plan = planned(cluster, findings, rule)
        carry_out(practice, cluster, plan)
        assert verdict(practice, findings, plan) == Judgement(cleared=True)


@pytest.mark.parametrize(("number", "expected"), DRAWN.items())
def test_the_repair_of_a_drawn_fault_ends_it(number: int, expected: tuple[str, str]) -> None:
    rule, fix = expected
    with drawn(number) as practice:
        practice.pass_s(1)
        cluster = look(practice)
        findings = diagnose(cluster)
        plan = planned(cluster, findings, rule)
        assert plan.fix == fix
        carry_out(practice, cluster, plan)
        assert verdict(practice, findings, plan).verified


def test_the_inverse_of_a_repair_brings_the_fault_back() -> None:
    """Taken back, the object is as it was, and the same diagnosers find the same fault."""
    with practising("selector-miss") as practice:
        practice.pass_s(1)
        cluster = look(practice)
        findings = diagnose(cluster)
        plan = planned(cluster, findings, "service.selector_near_miss")
        carry_out(practice, cluster, plan, each_s=BETWEEN_S)
        take_back(practice, cluster, plan.steps)
        practice.pass_s(BETWEEN_S)
        again = look(practice)
        held, was = (one.get(plan.target) for one in (again, cluster))
        assert held is not None
        assert was is not None
        assert held.spec == was.spec
        assert not judged(findings, diagnose(again), plan, again).cleared


def test_a_plan_is_refused_by_the_server_once_its_object_has_changed() -> None:
    with practising("selector-miss") as practice:
        practice.pass_s(1)
        cluster = look(practice)
        plan = planned(cluster, diagnose(cluster), "service.selector_near_miss")
        path = "/api/v1/namespaces/logistics/services/quotes"
        practice.patch(path, {"metadata": {"labels": {"touched": "yes"}}})
        with pytest.raises(AssertionError, match="Conflict"):
            carry_out(practice, cluster, plan)
