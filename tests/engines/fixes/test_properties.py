"""What holds of every plan, whatever it repairs."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from mcp_servers.engines.diagnose import diagnose
from mcp_servers.engines.fixes import repair
from mcp_servers.facts.fixes import Advice, Plan, Proposal, Verb
from mcp_servers.facts.kubernetes import Cluster, Json
from tests.engines.fixes import (
    test_jobs,
    test_memory,
    test_nodes,
    test_placement,
    test_probes,
    test_proposals,
    test_repointing,
    test_requests,
    test_rollback,
    test_scaling,
    test_starting,
    test_storage_and_rollouts,
)
from tests.engines.fixes.judging import checked, result, taken_back, told
from tests.factories import cluster, node, thing

SCENES: dict[str, Cluster] = {
    "memory": test_memory.killed(),
    "rollback": test_rollback.broken(),
    "port": test_probes.unready(test_probes.http(port=9090), test_probes.REFUSED),
    "startup": test_probes.killed("startup", test_probes.http(failureThreshold=6), test_probes.REFUSED),
    "selector": test_proposals.near_miss(),
    "key": test_repointing.lacking(
        {"env": [test_repointing.variable("configMapKeyRef", "web-config", "db-host")]},
        thing("ConfigMap", "web-config", data={"db-hostname": "db"}),
        said="couldn't find key db-host in ConfigMap shop/web-config",
    ),
    "requests": test_requests.crowded({"cpu": "3", "memory": "256Mi"}),
    "command": test_starting.dying({"command": ["pyhton"]}, code=128, said=test_starting.NOT_FOUND.format("pyhton")),
    "variable": test_starting.dying(
        {"env": [test_starting.LEVEL]}, {"env": [test_starting.QUEUE, test_starting.LEVEL]}, lines=test_starting.LACKS
    ),
    "label": test_placement.unplaced({"nodeSelector": {"pool": "compute-v2"}}, test_placement.NO_LABEL),
    "uncordon": cluster(test_nodes.cordoned(), node("node-2")),
    "claim": test_storage_and_rollouts.claim(used_gib=9.5),
    "surge": test_storage_and_rollouts.surging(),
    "cron": cluster(test_jobs.cron(schedule="@dialy")),
    "suspended": test_jobs.suspended(72),
    "scale": test_scaling.asleep(),
    "ceiling": test_scaling.pressed(4),
}  # fmt: skip

# The fields that each fix may touch, as paths with lists left out; nothing else is in a patch.
POD = "spec.template.spec.containers"
FIELDS: dict[str, tuple[str, ...]] = {
    "fix.memory": (f"{POD}.resources.limits.memory", f"{POD}.resources.requests.memory"),
    "fix.rollback": ("spec.template",),
    "fix.probe": (f"{POD}.readinessProbe", f"{POD}.livenessProbe", f"{POD}.startupProbe"),
    "fix.selector": ("spec.selector",),
    "fix.repoint": (f"{POD}.env",),
    "fix.resources": (f"{POD}.resources",),
    "fix.command": (f"{POD}.command", f"{POD}.args"),
    "fix.env": (f"{POD}.env", f"{POD}.$setElementOrder/env"),
    "fix.node_selector": ("spec.template.spec.nodeSelector",),
    "fix.uncordon": ("spec.unschedulable",),
    "fix.expand_pvc": ("spec.resources.requests.storage",),
    "fix.surge": ("spec.strategy.rollingUpdate.maxUnavailable",),
    "fix.cron": ("spec.schedule", "spec.suspend"),
    "fix.scale": ("spec.replicas",),
    "fix.hpa": ("spec.maxReplicas",),
}


def plans(seen: Cluster, **more: Any) -> list[Plan]:
    found = [told(repair(one, seen, **more), seen) for one in diagnose(seen)]
    return [one for one in found if isinstance(one, Plan)]


def leaves(value: Any, path: str = "") -> Iterator[str]:
    """The fields of a patch; the keys by which entries of lists are told apart are none."""
    if isinstance(value, dict) and value:
        for key, one in value.items():
            if key not in ("name", "port", "containerPort", "mountPath"):
                yield from leaves(one, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        for one in value:
            yield from leaves(one, path)
    else:
        yield path


@pytest.mark.parametrize("name", SCENES)
def test_every_scene_has_a_plan_that_passes_its_checks(name: str) -> None:
    found = plans(SCENES[name])
    assert found
    for one in found:
        assert [check.check for check in checked(SCENES[name], one).values() if not check.ok] == []


@pytest.mark.parametrize("name", SCENES)
def test_the_way_back_leads_back_exactly(name: str) -> None:
    seen = SCENES[name]
    for one in plans(seen):
        for n, step in enumerate(one.steps):
            held = seen.get(step.write.target)
            assert held is not None
            if step.inverse is not None:
                assert step.inverse.target == step.write.target
                assert step.inverse.uid == held.uid
                assert taken_back(seen, one, n) == held.raw


@pytest.mark.parametrize("name", SCENES)
def test_a_write_is_bound_to_the_object_it_was_thought_out_for(name: str) -> None:
    seen = SCENES[name]
    for one in plans(seen):
        for step in one.steps:
            held = seen.get(step.write.target)
            assert held is not None
            assert step.write.uid == held.uid != ""
            assert step.write.verb in (Verb.STRATEGIC, Verb.SCALE)


@pytest.mark.parametrize("name", SCENES)
def test_a_patch_has_no_more_fields_than_its_fix_may_touch(name: str) -> None:
    for one in plans(SCENES[name]):
        for step in one.steps:
            for leaf in leaves(step.write.body):
                assert leaf.startswith(FIELDS[one.fix]), leaf


@pytest.mark.parametrize("name", SCENES)
def test_only_what_the_patch_says_differs_afterwards(name: str) -> None:
    seen = SCENES[name]
    for one in plans(seen):
        after = result(seen, one)
        held = seen.get(one.steps[0].write.target)
        assert held is not None
        assert {key for key in after if after[key] != held.raw.get(key)} == {"spec"}


@pytest.mark.parametrize("name", SCENES)
def test_nothing_is_altered_by_thinking(name: str) -> None:
    seen = SCENES[name]
    before = copy.deepcopy([one.raw for one in seen.resources])
    plans(seen)
    assert [one.raw for one in seen.resources] == before


@pytest.mark.parametrize("name", SCENES)
def test_a_protected_namespace_is_never_written_nor_proposed_for(name: str) -> None:
    seen = SCENES[name]
    for finding in diagnose(seen):
        one = repair(finding, seen, protected=frozenset({"shop"}))
        if isinstance(one, Plan):
            assert all(step.write.target.namespace != "shop" for step in one.steps)
        elif isinstance(one, Proposal):
            assert one.target.namespace != "shop"


@pytest.mark.parametrize("mark", ["argocd.argoproj.io/tracking-id", "meta.helm.sh/release-name"])
@pytest.mark.parametrize("name", SCENES)
def test_what_a_repository_or_chart_keeps_is_only_proposed(name: str, mark: str) -> None:
    owned = [_annotated(one.raw, mark) for one in SCENES[name].resources]
    seen = SCENES[name]
    marked = cluster(*owned, events=seen.events, logs=seen.logs, series=seen.series)
    found = [told(repair(one, marked), marked) for one in diagnose(marked)]
    assert not [one for one in found if isinstance(one, Plan)]
    assert [one for one in found if isinstance(one, Proposal)]


def _annotated(raw: Json, mark: str) -> Json:
    marked = copy.deepcopy(raw)
    marked["metadata"].setdefault("annotations", {})[mark] = "shop"
    return marked


@pytest.mark.parametrize("name", SCENES)
def test_an_object_that_is_leaving_is_left_alone(name: str) -> None:
    leaving = cluster(
        *[_leaving(one.raw) for one in SCENES[name].resources],
        events=SCENES[name].events,
        logs=SCENES[name].logs,
        series=SCENES[name].series,
    )
    for finding in diagnose(SCENES[name]):
        assert isinstance(repair(finding, leaving), Advice | Proposal)


def _leaving(raw: Json) -> Json:
    marked = copy.deepcopy(raw)
    marked["metadata"]["deletionTimestamp"] = "2026-03-10T11:59:00Z"
    return marked


def paths(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of every field and entry of an object."""
    entries = enumerate(value) if isinstance(value, list) else value.items()
    for key, one in entries:
        yield (*above, key)
        if isinstance(one, dict | list):
            yield from paths(one, (*above, key))


def without(raw: Json, path: tuple[Any, ...]) -> Json:
    lacking = copy.deepcopy(raw)
    place: Any = lacking
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return lacking


@pytest.mark.parametrize("name", SCENES)
def test_an_object_that_lacks_one_of_its_fields_is_answered_all_the_same(name: str) -> None:
    """It may have changed since the finding, or be one that nobody expected."""
    seen = SCENES[name]
    findings = diagnose(seen)
    for plan in plans(seen):
        held = seen.get(plan.steps[0].write.target)
        assert held is not None
        others = [one.raw for one in seen.resources if one.ref != held.ref]
        meant = next(one for one in findings if one.rule == plan.rule)
        spec = [path for path in paths(held.raw) if path[0] == "spec"]
        for path in spec[::2]:
            lacking = cluster(
                *others,
                without(held.raw, path),
                events=seen.events,
                logs=seen.logs,
                series=seen.series,
            )
            told(repair(meant, lacking), lacking)
