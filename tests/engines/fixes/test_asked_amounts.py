"""Requests and limits that a person asks for by their amounts."""

from dataclasses import replace
from typing import Any

import pytest

from core.errors import Invalid
from mcp_servers.autofix.amounts import asked_amounts
from mcp_servers.autofix.telling import Telling
from mcp_servers.facts.fixes import Advice, Level, Plan, Proposal, Repair
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from tests import factories
from tests.engines.fixes.judging import asked, checked, container_of, result, taken_back
from tests.factories import (
    cluster,
    container,
    deployment,
    ended,
    memory_series,
    node,
    pod,
    replica_set,
    thing,
)

WEB = Ref("Deployment", "shop", "web")
USUAL = {"requests": {"cpu": "200m", "memory": "256Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}}


def running(
    *containers: Json, resources: Json = USUAL, used_mib: float = 300, **more: Any
) -> Cluster:
    """Two nodes of four cores and 8Gi; one pod whose memory was looked at."""
    held = list(containers) or [container(resources=resources)]
    owner = deployment(containers=held, replicas=1)
    made = replica_set(owner)
    one = pod(made, **more)
    series = [memory_series(one, [used_mib] * 20)] if used_mib else []
    return cluster(owner, made, one, node(), node("node-2"), series=series)


def wish(seen: Cluster, *amounts: str, **more: Any) -> Repair:
    return asked(seen, "fix.set_resources", WEB, amounts=asked_amounts(amounts), **more)


def planned(seen: Cluster, *amounts: str, **more: Any) -> Plan:
    one = wish(seen, *amounts, **more)
    assert isinstance(one, Plan), one
    assert taken_back(seen, one) == seen.all("Deployment")[0].raw
    return one


def after(seen: Cluster, *amounts: str, name: str = "web", **more: Any) -> Json:
    return container_of(result(seen, planned(seen, *amounts, **more)), name)["resources"]


def why_not(seen: Cluster, *amounts: str, **more: Any) -> str:
    one = wish(seen, *amounts, **more)
    assert isinstance(one, Advice), one
    return one.why


@pytest.mark.parametrize(
    ("amounts", "requests", "limits"),
    [
        (["limits.memory=1Gi"], {}, {"memory": "1Gi"}),
        (["limits.memory=600M"], {}, {"memory": "600M"}),
        (["requests.cpu+=200m"], {"cpu": "400m"}, {}),
        (["request.memory=300Mi", "limit.cpu=1500m"], {"memory": "300Mi"}, {"cpu": "1500m"}),
        (["memory=1Gi"], {}, {"memory": "1Gi"}),
        (["memory*=2"], {"memory": "512Mi"}, {"memory": "1Gi"}),
        (["cpu*=1.5"], {"cpu": "300m"}, {"cpu": "1500m"}),
        (["memory+=256Mi"], {}, {"memory": "768Mi"}),
        (["limits.cpu-=250m"], {}, {"cpu": "750m"}),
    ],
)
def test_what_is_asked_for_is_what_is_set(
    amounts: list[str], requests: dict[str, str], limits: dict[str, str]
) -> None:
    assert after(running(), *amounts) == {
        "requests": {**USUAL["requests"], **requests},
        "limits": {**USUAL["limits"], **limits},
    }


def test_where_limit_and_request_are_the_same_both_move() -> None:
    same = {"requests": {"memory": "512Mi"}, "limits": {"memory": "512Mi"}}
    assert after(running(resources=same), "memory=1Gi") == {
        "requests": {"memory": "1Gi"},
        "limits": {"memory": "1Gi"},
    }


def test_its_memory_below_its_request_takes_the_request_along() -> None:
    resources = {"requests": {"memory": "400Mi"}, "limits": {"memory": "512Mi"}}
    assert after(running(resources=resources, used_mib=100), "memory=256Mi") == {
        "requests": {"memory": "256Mi"},
        "limits": {"memory": "256Mi"},
    }


def test_where_nothing_was_set_memory_gets_both_and_cpu_a_request() -> None:
    assert after(running(resources={}), "memory=1Gi", "cpu=250m") == {
        "requests": {"memory": "1Gi", "cpu": "250m"},
        "limits": {"memory": "1Gi"},
    }


def test_a_limit_below_its_request_is_declined_and_both_together_are_not() -> None:
    assert why_not(running(), "limits.memory=128Mi") == "limit_below_request"
    assert why_not(running(), "requests.memory=1Gi") == "limit_below_request"
    both = ["limits.memory=128Mi", "requests.memory=128Mi"]
    assert after(running(used_mib=64), *both)["limits"]["memory"] == "128Mi"


def test_a_limit_below_the_measured_peak_is_a_high_risk_that_is_said() -> None:
    for used in (400, 370):
        one = planned(running(used_mib=used), "limits.memory=384Mi")
        assert one.base is Level.HIGH
    one = planned(running(used_mib=400), "limits.memory=384Mi")
    assert "used 400Mi of memory, so at this limit it would be killed" in Telling("en").action(
        one.steps[0]
    )
    assert "用到过 400Mi，按这个上限会被 OOMKill" in Telling("zh").action(one.steps[0])


def test_a_lower_limit_above_the_peak_is_said_with_the_peak() -> None:
    one = planned(running(used_mib=200), "limits.memory=384Mi")
    assert one.base is Level.MEDIUM
    assert "measured peak is 200Mi" in Telling("en").action(one.steps[0])


def test_a_lower_limit_that_nobody_can_judge_is_a_high_risk() -> None:
    one = planned(running(used_mib=0), "limits.memory=384Mi")
    assert one.base is Level.HIGH
    assert "not measured" in Telling("en").action(one.steps[0])


def test_more_memory_says_nothing_of_being_killed() -> None:
    one = planned(running(used_mib=400), "limits.memory=1Gi")
    assert Telling("en").action(one.steps[0]) == (
        "Set limits.memory=1Gi in container web of Deployment shop/web (was limits.memory=512Mi)."
    )


def test_what_was_killed_for_memory_is_given_no_less() -> None:
    killed = factories.running(lastState=ended(137, "OOMKilled"), restartCount=1)
    seen = running(status=[killed], used_mib=100)
    assert why_not(seen, "limits.memory=384Mi") == "not_lowered_after_oom"
    assert after(seen, "limits.memory=1Gi")["limits"]["memory"] == "1Gi"


def test_no_node_so_large_is_said() -> None:
    assert why_not(running(), "memory=900Gi") == "bounded_by_node"


@pytest.mark.parametrize("slip", ["limits.memory=512m", "requests.cpu=0.1m"])
def test_a_unit_that_slipped_is_not_written(slip: str) -> None:
    assert why_not(running(), slip) == "amount_too_small"


def test_there_is_nothing_to_double_where_nothing_is_set() -> None:
    assert why_not(running(resources={}), "limits.memory*=2") == "amount_not_set"


def test_what_is_so_already_is_said_to_be() -> None:
    assert why_not(running(), "limits.memory=0.5Gi") == "amounts_already_so"


def test_of_several_containers_the_one_called_like_the_workload_is_meant() -> None:
    two = [container("web", resources=USUAL), container("proxy")]
    assert "proxy" not in str(after(running(*two), "limits.memory=1Gi"))
    found = after(running(*two), "memory=64Mi", name="proxy", container="proxy")
    assert found["limits"] == {"memory": "64Mi"}


def test_of_several_containers_none_of_which_is_meant_it_is_asked_which() -> None:
    two = running(container("app", resources=USUAL), container("proxy"))
    one = wish(two, "limits.memory=1Gi")
    assert isinstance(one, Advice)
    assert (one.why, one.params["containers"]) == ("which_container", "app, proxy")
    assert why_not(two, "limits.memory=1Gi", container="nginx") == "no_such_container"


def test_a_container_that_kubectl_means_by_default_is_meant() -> None:
    owner = deployment(containers=[container("app", resources=USUAL), container("proxy")])
    marks = {"kubectl.kubernetes.io/default-container": "app"}
    owner["spec"]["template"]["metadata"]["annotations"] = marks
    seen = cluster(owner, node())
    assert after(seen, "limits.memory=1Gi", name="app")["limits"]["memory"] == "1Gi"


def test_a_request_that_an_autoscaler_measures_against_is_left_alone() -> None:
    seen = running()
    spec: Json = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "metrics": [{"type": "Resource", "resource": {"name": "cpu"}}],
    }
    scaler = thing("HorizontalPodAutoscaler", "web", spec=spec)
    both = replace(cluster(*(one.raw for one in seen.resources), scaler), series=seen.series)
    assert why_not(both, "requests.cpu=300m") == "hpa_measures_it"
    assert after(both, "limits.memory=1Gi")["limits"]["memory"] == "1Gi"


@pytest.mark.parametrize(
    ("bound", "check"),
    [
        (
            thing(
                "ResourceQuota",
                "team",
                spec={"hard": {"limits.memory": "768Mi"}},
                status={"hard": {"limits.memory": "768Mi"}, "used": {"limits.memory": "512Mi"}},
            ),
            "quota",
        ),
        (
            thing(
                "LimitRange",
                "team",
                spec={"limits": [{"type": "Container", "max": {"memory": "768Mi"}}]},
            ),
            "quota",
        ),
    ],
)
def test_quotas_and_bounds_of_the_namespace_hold(bound: Json, check: str) -> None:
    seen = running()
    inside = cluster(*(one.raw for one in seen.resources), bound)
    assert not checked(inside, planned(inside, "limits.memory=1Gi"))[check].ok
    assert checked(inside, planned(inside, "limits.memory=640Mi"))[check].ok


def test_what_a_chart_keeps_is_proposed_and_not_written() -> None:
    owner = deployment(containers=[container(resources=USUAL)])
    owner["metadata"]["annotations"] = {"meta.helm.sh/release-name": "shop"}
    one = wish(cluster(owner, node()), "limits.memory=1Gi")
    assert isinstance(one, Proposal)
    assert one.why == "owned_by_helm"


@pytest.mark.parametrize("words", ["512Mi", "limits.disk=1Gi", "memory=lots", "cpu=-1", "memory=0"])
def test_what_is_no_amount_is_refused_with_an_example(words: str) -> None:
    with pytest.raises(Invalid, match="no request or limit"):
        asked_amounts([words])
