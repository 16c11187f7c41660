"""What holds of every diagnoser, whatever a cluster looks like."""

import copy
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_servers.engines.diagnose import diagnose
from mcp_servers.facts.kubernetes import Cluster, Resource
from tests.engines.diagnosers.worlds import troubled
from tests.factories import cluster

WORLD = troubled()
chances = st.randoms(use_true_random=True)
many = settings(max_examples=40, deadline=None)


@given(chance=chances)
@many
def test_the_order_of_everything_is_of_no_account(chance: Random) -> None:
    shuffle = chance.sample
    mixed = replace(
        WORLD,
        resources=shuffle(WORLD.resources, len(WORLD.resources)),
        events=shuffle(WORLD.events, len(WORLD.events)),
        logs=shuffle(WORLD.logs, len(WORLD.logs)),
    )
    assert diagnose(mixed) == diagnose(WORLD)


def test_an_event_seen_twice_counts_once() -> None:
    doubled = replace(WORLD, events=[*WORLD.events, *WORLD.events])
    assert diagnose(doubled) == diagnose(WORLD)


def test_fields_that_nobody_knows_change_nothing() -> None:
    known = [Resource(_with_unknown(copy.deepcopy(one.raw))) for one in WORLD.resources]
    strange = replace(WORLD, resources=known)
    assert [_gist(one) for one in diagnose(strange)] == [_gist(one) for one in diagnose(WORLD)]


def _gist(finding: Any) -> tuple[object, ...]:
    return (finding.rule, finding.resource, finding.severity, finding.affected, finding.joins)


def _with_unknown(value: Any) -> Any:
    if isinstance(value, dict):
        known = {key: _with_unknown(one) for key, one in value.items()}
        return known if _is_a_map_of_names(value) else {**known, "xFuture": {"a": [1]}}
    return [_with_unknown(one) for one in value] if isinstance(value, list) else value


def _is_a_map_of_names(value: dict[str, Any]) -> bool:
    """Labels, selectors and data are maps whose every key means something."""
    return all(isinstance(one, str) for one in value.values())


@given(chance=chances)
@settings(max_examples=150, deadline=None)
def test_any_missing_field_is_survived(chance: Random) -> None:
    thinned = [Resource(_thinned(copy.deepcopy(one.raw), chance)) for one in WORLD.resources]
    for finding in diagnose(replace(WORLD, resources=thinned)):
        assert all(isinstance(value, str) for value in finding.params.values())


def _thinned(value: Any, chance: Random, depth: int = 0) -> Any:
    """The object with some of its fields removed or null; kind and name stay."""
    if isinstance(value, list):
        return [_thinned(one, chance, depth + 1) for one in value]
    if not isinstance(value, dict):
        return value
    kept: dict[str, Any] = {}
    for key, one in value.items():
        fate = chance.random() if (depth, key) not in ((0, "kind"), (0, "metadata")) else 1
        if fate >= 0.12:
            kept[key] = _thinned(one, chance, depth + 1)
        elif fate >= 0.08:
            kept[key] = None
    return kept


def test_the_world_of_these_tests_has_faults_of_every_family() -> None:
    told = {one.rule.rpartition(".")[0] for one in diagnose(WORLD)}
    families = "pod pod.image_pull pod.config_ref pod.start pod.unschedulable pod.probe pod.evicted"
    families += " deploy workload.create_refused workload service node pvc hpa job app sec ingress"
    families += " netpol dns tls gateway httproute pv storageclass volume ns object apiservice crd"
    families += " api webhook controlplane event"
    families += " sts keda scaler pdb cron ds quota config"
    assert set(families.split()) <= told
    rules = "pod.scheduling_gated pod.sandbox_failed pod.volume_mount_failed pod.sidecar_unready"
    rules += " pod.disrupted node.system_oom ds.unready job.retrying job.suspended quota.near_limit"
    rules += " ingress.no_address config.changed_not_reloaded pvc.nearly_full"
    rules += " app.regression_after_change"
    assert set(rules.split()) <= {one.rule for one in diagnose(WORLD)}


def test_an_empty_cluster_has_no_faults() -> None:
    assert diagnose(cluster()) == []


def test_every_finding_names_its_evidence_and_a_time_that_is_past() -> None:
    for finding in diagnose(WORLD):
        assert finding.evidence, finding.rule
        assert finding.since is None or finding.since <= WORLD.now, finding.rule


def test_a_resource_may_ask_for_silence_about_a_rule() -> None:
    told = {one.rule for one in diagnose(WORLD) if one.resource.name == "web"}
    assert "pod.oom_killed" in told
    assert "pod.oom_killed" not in {
        one.rule for one in diagnose(_ignoring("pod.oom_killed")) if one.resource.name == "web"
    }


def _ignoring(rule: str) -> Cluster:
    resources = [Resource(copy.deepcopy(one.raw)) for one in WORLD.resources]
    for one in resources:
        if one.kind == "Deployment":
            one.raw["metadata"]["annotations"]["midwatch/ignore"] = f"pod.other, {rule}"
    return replace(WORLD, resources=resources)
