"""Where a careless repair would harm: going back too far, and taking what belongs to others."""

from typing import Any

import pytest

from mcp_servers.engines.diagnose import diagnose
from mcp_servers.engines.fixes import going_back, repair
from mcp_servers.engines.fixes.slips import are_apart
from mcp_servers.facts.findings import Confidence, Finding, Severity
from mcp_servers.facts.fixes import Advice, Plan
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from tests.engines.fixes.judging import advice, asked, container_of, plan, repaired, result
from tests.engines.fixes.test_repointing import lacking, variable
from tests.engines.fixes.test_rollback import BAD, GOOD, broken
from tests.factories import (
    cluster,
    container,
    deployment,
    node,
    pod,
    replica_set,
    running,
    stamp,
    thing,
    waiting,
)

WEB = Ref("Deployment", "shop", "web")


# Rolling back.


@pytest.mark.parametrize(
    "trouble", ["toomanyrequests: 429 Too Many Requests", "dial tcp: i/o timeout"]
)
def test_a_registry_that_gives_nothing_is_no_reason_to_go_back(trouble: str) -> None:
    owner = deployment(containers=[container(image=BAD)], ready=1)
    now = replica_set(owner, "bad1bad1b", revision=2, ready=0)
    before = replica_set(owner, "good1good", revision=1, replicas=1, ready=1, image=GOOD)
    state = waiting(reason="ImagePullBackOff", message=f"failed to pull: {trouble}", image=BAD)
    seen = cluster(owner, now, before, pod(now, status=[state]), pod(before, "aa0bb"), node())
    one = asked(seen, "fix.rollback", WEB)
    assert isinstance(one, Plan), "a person may ask for it"
    [why] = {
        found.why
        for rule in (
            "pod.image_pull.rate_limited",
            "pod.image_pull.network",
            "deploy.progress_deadline",
        )
        if isinstance(found := _way_back(seen, rule), Advice)
    }
    assert why == "root_elsewhere"


def _way_back(seen: Cluster, rule: str) -> Any:

    about = [one for one in diagnose(seen) if one.rule == rule]
    return going_back(about[0], seen) if about else None


def test_a_rollout_is_not_undone_for_what_another_object_changed() -> None:
    seen = two_containers(app_before="registry.example.com/web:1", agent_before="agent:1")
    for changed, why in (("ConfigMap shop/cache-rules", "changed_elsewhere"), (str(WEB), "")):
        about = Finding(
            "app.regression_after_change", Severity.HIGH, Confidence.STRONG, WEB, None, (),
            params={"changed": changed},
        )  # fmt: skip
        way = repair(about, seen)
        assert (way.why if isinstance(way, Advice) else "") == why


def migrating(**parts: Any) -> Json:
    return container("migrate", image=BAD, command=["alembic", "upgrade", "head"], **parts)


def test_nothing_goes_back_over_a_migration_by_an_init_container() -> None:
    owner = deployment(containers=[container(image=BAD)], ready=1)
    owner["spec"]["template"]["spec"]["initContainers"] = [migrating()]
    now = replica_set(owner, "bad1bad1b", revision=2, ready=0)
    before = replica_set(owner, "good1good", revision=1, replicas=1, ready=1, image=GOOD)
    before["spec"]["template"]["spec"].pop("initContainers")
    failing = pod(now, status=[waiting(reason="CrashLoopBackOff")])
    done = {"terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": stamp(9)}}
    failing["spec"]["initContainers"] = [migrating()]
    failing["status"]["initContainerStatuses"] = [
        running("migrate", state=done, ready=True, image=BAD)
    ]
    seen = cluster(owner, now, before, failing, pod(before, "aa0bb"), node())
    one = asked(seen, "fix.rollback", WEB)
    assert isinstance(one, Advice)
    assert one.why == "data_was_migrated"


@pytest.mark.parametrize(("ended", "why"), [(5, "data_was_migrated"), (60 * 24 * 30, "")])
def test_nothing_goes_back_over_a_migration_by_a_job_of_the_release(ended: float, why: str) -> None:
    spec = {"template": {"spec": {"containers": [container("run", image=BAD)]}}}
    job = thing("Job", "web-migrate-9", spec=spec, status={"completionTime": stamp(ended)})
    one = repaired(broken(job), "pod.image_pull.not_found")
    assert (one.why if isinstance(one, Advice) else "") == why


def two_containers(*, app_before: str, agent_before: str) -> Cluster:
    """The agent beside the app crashes; both may be other images than before."""
    now_app = container("web", image="registry.example.com/web:2")
    now_agent = container("agent", image="registry.example.com/agent:2")
    owner = deployment(containers=[now_app, now_agent], ready=0)
    now = replica_set(owner, "bad1bad1b", revision=2, ready=0)
    before = replica_set(owner, "good1good", revision=1, replicas=0, ready=0)
    then = [container("web", image=app_before), container("agent", image=agent_before)]
    before["spec"]["template"]["spec"]["containers"] = then
    before["metadata"]["creationTimestamp"] = stamp(60 * 24)
    state = waiting("agent", reason="CrashLoopBackOff", restartCount=9)
    failing = pod(now, status=[running("web", image=now_app["image"]), state])
    return cluster(owner, now, before, failing, node())


@pytest.mark.parametrize(
    ("app", "agent", "why"),
    [("2", "2", "same_in_revision"), ("1", "1", "takes_others_along"), ("2", "1", "")],
)
def test_one_container_that_fails_takes_no_other_along(app: str, agent: str, why: str) -> None:
    seen = two_containers(
        app_before=f"registry.example.com/web:{app}",
        agent_before=f"registry.example.com/agent:{agent}",
    )
    if (app, agent) == ("2", "2"):  # that something else is new makes it a revision
        for one in seen.all("ReplicaSet"):
            if one.name.endswith("good1good"):
                one.raw["spec"]["template"]["metadata"]["annotations"] = {"note": "before"}
    way = _way_back(seen, "pod.crash_loop")
    assert (way.why if isinstance(way, Advice) else "") == why


def test_a_revision_that_was_replaced_at_once_is_not_trusted() -> None:
    third = deployment(containers=[container(image=BAD)], ready=0)
    made = [
        replica_set(third, f"rev{n}rev{n}", revision=n, replicas=0, ready=0, image=f"web:{n}")
        for n in (1, 2)
    ]
    for one, ago in zip(made, (60 * 24, 12), strict=True):
        one["metadata"]["creationTimestamp"] = stamp(ago)
    now = replica_set(third, "bad1bad1b", revision=3, ready=0)
    now["metadata"]["creationTimestamp"] = stamp(6)
    seen = cluster(third, *made, now, node())
    one = asked(seen, "fix.rollback", WEB)
    assert isinstance(one, Plan)
    assert container_of(result(seen, one))["image"] == "web:1"


# What others own, and what is another thing.


def test_a_secret_that_others_use_is_not_taken_for_ones_own() -> None:
    spec = {"env": [variable("secretKeyRef", "web-credential", "url")]}
    theirs = deployment(
        "mail",
        containers=[container("mail", env=[variable("secretKeyRef", "web-credentials", "url")])],
    )
    there = thing("Secret", "web-credentials", data={"url": ""})
    said = 'secret "web-credential" not found'
    assert (
        advice(lacking(spec, there, theirs, said=said), "pod.config_ref.secret_missing")
        == "value_unknown"
    )
    assert plan(lacking(spec, there, said=said), "pod.config_ref.secret_missing")


@pytest.mark.parametrize(
    "mark",
    [
        {"labels": {"app": "mail"}},
        {"ownerReferences": [{"kind": "Postgres", "name": "mail", "uid": "u", "controller": True}]},
    ],
    ids=["label", "owner"],
)
def test_a_map_of_another_program_is_not_taken_for_ones_own(mark: Json) -> None:
    spec = {"envFrom": [{"configMapRef": {"name": "web-confg"}}]}
    there = thing("ConfigMap", "web-config", data={})
    there["metadata"] |= mark
    seen = lacking(spec, there, said='configmap "web-confg" not found')
    for one in seen.all("Deployment"):
        one.metadata["labels"] = {"app": "web"}
    assert advice(seen, "pod.config_ref.configmap_missing") == "value_unknown"


@pytest.mark.parametrize("other", ["web-config-prod", "web-config-2"])
def test_a_map_of_another_place_or_number_is_another_map(other: str) -> None:
    spec = {"envFrom": [{"configMapRef": {"name": "web-config-stage-1"}}]}
    there = thing("ConfigMap", other, data={})
    seen = lacking(spec, there, said='configmap "web-config-stage-1" not found')
    assert advice(seen, "pod.config_ref.configmap_missing") == "value_unknown"
    assert are_apart("web-config-stage-1", other)


@pytest.mark.parametrize("held", ["", "ClusterRoleBinding", "Deployment"])
def test_an_account_of_others_or_with_rights_everywhere_is_not_lent(held: str) -> None:
    account = thing("ServiceAccount", "runner-sa")
    subject = {"kind": "ServiceAccount", "name": "runner-sa", "namespace": "shop"}
    binding = thing("ClusterRoleBinding", "all", namespace="")
    binding |= {"subjects": [subject], "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}}
    theirs = deployment("mail")
    theirs["spec"]["template"]["spec"]["serviceAccountName"] = "runner-sa"
    more = {"": [], "ClusterRoleBinding": [binding], "Deployment": [theirs]}[held]
    owner = deployment(ready=0)
    owner["spec"]["template"]["spec"]["serviceAccountName"] = "runner"
    refused = Finding(
        "workload.create_refused.identity", Severity.HIGH, Confidence.CERTAIN, WEB, None, (),
        params={"missing": "runner", "missing_kind": "ServiceAccount", "near": "runner-sa"},
    )  # fmt: skip
    one = repair(refused, cluster(owner, account, *more))
    assert (one.why if isinstance(one, Advice) else "") == ("value_unknown" if held else "")
