"""Stored alert rules on their way into PrometheusRule objects, on the practice cluster and a real one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.kube.rule_world import RULES, World, rule_world, with_definition
from tests.kube.server import Json, Kube

DOWN = """groups:
- name: web
  interval: 30s
  limit: 5
  rules:
  - alert: Down
    expr: up == 0
    for: 5m
    labels: {severity: critical}
    annotations: {summary: it is down, runbook_url: https://runbooks.example/down, since: 2026-01-01}
"""
SLOW = DOWN.replace("Down", "Slow").replace("up == 0", "http_latency_seconds > 2")
MISSPELT = DOWN.replace("    for: 5m", "    for: 5m\n    severity: high")


@pytest.fixture
async def world(kube: Kube, tmp_path: Path) -> AsyncIterator[World]:
    with_definition(kube.http)
    async with rule_world(kube, tmp_path) as made:
        yield made


async def test_stored_rules_are_planned_agreed_to_and_made_an_object(world: World) -> None:
    await world.store(DOWN)
    await world.place(release="prometheus")
    assert await world.states() == {"midwatch-web": "absent"}
    plan = await world.plan()
    assert (plan["fix"], plan["risk"], plan["refused"]) == ("fix.alert_rule", "low", None)
    assert "+    - alert: Down" in plan["steps"][0]["diff"]
    assert {one["check"] for one in plan["preflight"]} >= {"access", "dry_run", "protected"}
    assert "no Prometheus that would load them" in plan["rehearsal"]["said"]
    assert world.kube.get(RULES, "midwatch-web").status_code == 404
    change = await world.bring()
    assert change["status"] == "verified", change
    live = world.live()
    [group] = live["spec"]["groups"]
    assert (group["limit"], group["interval"]) == (5, "30s")
    assert group["rules"][0]["annotations"]["since"] == "2026-01-01"
    assert live["metadata"]["labels"] == {
        "release": "prometheus",
        "app.kubernetes.io/managed-by": "midwatch",
        "midwatch.io/placement": "here",
    }
    assert await world.states() == {"midwatch-web": "in_step"}


async def test_a_new_version_is_behind_until_it_is_brought_and_one_step_takes_it_back(
    world: World,
) -> None:
    await world.store(DOWN)
    await world.place()
    await world.bring()
    before = world.live()["spec"]
    await world.store(SLOW, 1)
    assert await world.states() == {"midwatch-web": "behind"}
    plan = await world.plan()
    assert plan["risk"] == "medium"
    assert "No longer evaluated: web/Down." in plan["steps"][0]["risk"]["facts"]
    change = await world.bring()
    assert change["status"] == "verified"
    assert world.live()["spec"]["groups"][0]["rules"][0]["alert"] == "Slow"
    undone = await world.call("autofix_rollback", change_id=change["change_id"], wait_s=60)
    assert undone["status"] == "rolled_back"
    assert world.live()["spec"] == before
    assert world.live()["metadata"]["annotations"]["midwatch.io/rule-version"] == "1"
    assert await world.states() == {"midwatch-web": "behind"}


async def test_what_others_change_in_an_object_is_drift_and_is_put_right(world: World) -> None:
    await world.store(DOWN)
    await world.place(release="prometheus")
    await world.bring()
    longer = {"spec": {"groups": [{"name": "web", "rules": [{"alert": "Down", "expr": "1"}]}]}}
    world.kube.patch(RULES, "midwatch-web", longer).raise_for_status()
    [row] = (await world.call("alerting_list_rule_objects"))["rows"]
    assert row["state"] == "drifted"
    assert any(one.startswith("-") and "expr: '1'" in one for one in row["lines"])
    assert (await world.bring())["status"] == "verified"
    unlabelled = {"metadata": {"labels": {"release": None}}}
    world.kube.patch(RULES, "midwatch-web", unlabelled).raise_for_status()
    assert await world.states() == {"midwatch-web": "drifted"}


async def test_an_approved_change_is_refused_once_the_object_is_another(world: World) -> None:
    await world.store(DOWN)
    await world.place()
    await world.bring()
    await world.store(SLOW, 1)
    plan = await world.plan()
    await world.call("autofix_approve", plan_id=plan["plan_id"])
    world.kube.patch(RULES, "midwatch-web", {"spec": {"groups": []}}).raise_for_status()
    change = await world.call("autofix_apply", plan_id=plan["plan_id"], wait_s=60)
    assert change["status"] == "refused", change
    assert world.live()["spec"]["groups"] == []


async def test_rules_whose_file_is_removed_are_emptied_and_not_deleted(world: World) -> None:
    await world.store(DOWN)
    await world.place()
    await world.bring()
    await world.call("alerting_remove_rule_file", name="web", reason="not needed")
    assert await world.states() == {"midwatch-web": "left_over"}
    assert (await world.bring())["status"] == "verified"
    assert world.live()["spec"]["groups"] == []
    assert await world.states() == {"midwatch-web": "emptied"}
    gone = await world.call("alerting_remove_rule_placement", name="here")
    assert gone["left"] == ["midwatch-web"]


async def test_an_object_of_that_name_that_somebody_else_made_is_left_alone(world: World) -> None:
    await world.store(DOWN)
    await world.place()
    theirs: Json = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "midwatch-web"},
        "spec": {"groups": []},
    }
    world.kube.made(RULES, theirs)
    assert await world.states() == {"midwatch-web": "foreign"}
    found = await world.call("alerting_render_rule_objects", placement="here")
    assert (found["rows"], found["foreign"]) == ([], [f"{world.kube.namespace}/midwatch-web"])
    ours = {"app.kubernetes.io/managed-by": "midwatch", "midwatch.io/placement": "here"}
    asked: Json = {"namespace": world.kube.namespace, "name": "midwatch-web", "groups": []}
    plan = await world.call("autofix_plan_rules", **asked, labels=ours, annotations={})
    assert (plan["plan_id"], plan["refused"]["reason"]) == ("", "rules_of_others")


async def test_what_the_definition_forbids_is_refused_by_the_dry_run(world: World) -> None:
    asked = {"name": "web", "text": MISSPELT, "reason": "a test", "based_on": 0}
    await world.call("alerting_set_rule_file", **asked, labels={"team": "web"}, with_errors=True)
    await world.place()
    plan = await world.plan()
    assert (plan["plan_id"], plan["refused"]["code"]) == ("", "preflight_dry_run")
    assert "severity" in plan["refused"]["message"]
