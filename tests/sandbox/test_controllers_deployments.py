"""Deployments and ReplicaSets react to writes, and leave a picture alone."""

from typing import Any

from tests.sandbox.stepped import (
    Stepped,
    condition,
    deployment,
    is_ready,
    node,
    template,
)

Json = dict[str, Any]
NEXT = "registry.example/web:2"
NO_IMAGE = "elsewhere.example/web:9"


def running(replicas: int = 3, **spec: Any) -> Stepped:
    cluster = Stepped(node("a"), node("b"))
    cluster.put(deployment(replicas, **spec))
    cluster.pass_s(30)
    return cluster


def images(cluster: Stepped) -> list[str]:
    return sorted(pod["spec"]["containers"][0]["image"] for pod in cluster.pods())


def test_a_new_deployment_becomes_ready_pods() -> None:
    cluster = running(3)
    assert all(map(is_ready, cluster.pods()))
    status = cluster.get("Deployment", "web")["status"]
    assert status["readyReplicas"] == status["updatedReplicas"] == 3
    assert status["observedGeneration"] == 1
    assert "unavailableReplicas" not in status


def test_its_conditions_say_what_a_real_controller_says() -> None:
    one = running(1).get("Deployment", "web")
    assert condition(one, "Available")["reason"] == "MinimumReplicasAvailable"
    progressing = condition(one, "Progressing")
    assert progressing["reason"] == "NewReplicaSetAvailable"
    assert progressing["message"].endswith("has successfully progressed.")


def test_pods_are_named_and_owned_as_on_a_real_cluster() -> None:
    cluster = running(1)
    [owner], pod = cluster.all("ReplicaSet"), cluster.pod()
    template_hash = owner["metadata"]["labels"]["pod-template-hash"]
    assert owner["metadata"]["name"] == f"web-{template_hash}"
    assert pod["metadata"]["generateName"] == f"web-{template_hash}-"
    assert pod["metadata"]["labels"]["pod-template-hash"] == template_hash
    assert pod["metadata"]["ownerReferences"][0]["uid"] == owner["metadata"]["uid"]


def test_scaling_is_told_in_events() -> None:
    cluster = running(1)
    name = cluster.all("ReplicaSet")[0]["metadata"]["name"]
    cluster.edit("Deployment", "web", replicas=3)
    cluster.edit("Deployment", "web", replicas=2)
    assert set(cluster.events("ScalingReplicaSet")) == {
        f"Scaled up replica set {name} from 0 to 1",
        f"Scaled up replica set {name} from 1 to 3",
        f"Scaled down replica set {name} from 3 to 2",
    }
    assert len(cluster.events("SuccessfulCreate")) == 3
    assert len(cluster.events("SuccessfulDelete")) == 1


def test_a_new_image_rolls_over_to_a_new_revision() -> None:
    cluster = running(3)
    cluster.edit("Deployment", "web", template=template(image=NEXT))
    cluster.pass_s(60)
    assert images(cluster) == [NEXT] * 3
    one = cluster.get("Deployment", "web")
    assert one["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
    assert sorted(one["spec"]["replicas"] for one in cluster.all("ReplicaSet")) == [0, 3]


def test_an_image_that_does_not_exist_stops_a_rollout_halfway() -> None:
    cluster = running(4)
    cluster.edit("Deployment", "web", template=template(image=NO_IMAGE))
    cluster.pass_s(120)
    assert sum(map(is_ready, cluster.pods())) == 3
    assert images(cluster).count(NO_IMAGE) == 2
    one = cluster.get("Deployment", "web")
    assert condition(one, "Available")["status"] == "True"
    assert condition(one, "Progressing")["reason"] == "ReplicaSetUpdated"


def test_a_rollout_that_takes_too_long_says_so() -> None:
    cluster = running(2, progressDeadlineSeconds=60)
    cluster.edit("Deployment", "web", template=template(image=NO_IMAGE))
    cluster.pass_s(90)
    progressing = condition(cluster.get("Deployment", "web"), "Progressing")
    assert (progressing["status"], progressing["reason"]) == ("False", "ProgressDeadlineExceeded")
    assert progressing["message"].endswith("has timed out progressing.")


def test_going_back_to_an_old_template_uses_its_replica_set_again() -> None:
    cluster = running(2)
    cluster.edit("Deployment", "web", template=template(image=NO_IMAGE))
    cluster.pass_s(20)
    cluster.edit("Deployment", "web", template=template())
    cluster.pass_s(60)
    assert len(cluster.all("ReplicaSet")) == 2
    one = cluster.get("Deployment", "web")
    assert one["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"
    assert one["status"]["readyReplicas"] == one["status"]["replicas"] == 2


def test_recreate_starts_nothing_before_the_old_pods_are_gone() -> None:
    cluster = running(2, strategy={"type": "Recreate"})
    cluster.edit("Deployment", "web", template=template(image=NEXT))
    assert NEXT not in images(cluster)
    cluster.pass_s(30)
    assert images(cluster) == [NEXT] * 2


def test_a_paused_deployment_is_scaled_but_not_rolled_over() -> None:
    cluster = running(1)
    cluster.edit("Deployment", "web", paused=True, replicas=2, template=template(image=NEXT))
    cluster.pass_s(30)
    assert NEXT not in images(cluster)
    assert len(cluster.pods()) == 2
    progressing = condition(cluster.get("Deployment", "web"), "Progressing")
    assert progressing["reason"] == "DeploymentPaused"


def test_only_as_many_old_revisions_are_kept_as_asked() -> None:
    cluster = running(1, revisionHistoryLimit=1)
    for version in (2, 3, 4):
        cluster.edit(
            "Deployment", "web", template=template(image=f"registry.example/web:{version}")
        )
        cluster.pass_s(60)
    assert len(cluster.all("ReplicaSet")) == 2


def test_a_pod_that_is_deleted_is_replaced() -> None:
    cluster = running(2)
    gone = cluster.pods()[0]
    cluster.store.remove(cluster.key(gone))
    cluster.pass_s(20)
    assert len(cluster.pods()) == 2
    assert gone["metadata"]["name"] not in {pod["metadata"]["name"] for pod in cluster.pods()}


def test_a_deleted_deployment_takes_its_pods_along() -> None:
    cluster = running(2)
    cluster.store.remove(cluster.key(cluster.get("Deployment", "web")))
    cluster.pass_s(30)
    assert cluster.all("ReplicaSet") == cluster.pods() == []


def test_pods_that_are_refused_make_the_deployment_say_so() -> None:
    cluster = Stepped(node("a"))
    refusal = 'pods "web" is forbidden: exceeded quota: small'
    cluster.controllers.world.admit = lambda pod: refusal
    cluster.put(deployment(1))
    failure = condition(cluster.get("Deployment", "web"), "ReplicaFailure")
    assert (failure["reason"], failure["message"]) == ("FailedCreate", refusal)
    assert cluster.events("FailedCreate") == [f"Error creating: {refusal}"]


def test_a_loaded_deployment_that_lacks_pods_stays_as_it_is() -> None:
    cluster = Stepped(node("a"), deployment(3))
    cluster.pass_s(3600)
    assert cluster.pods() == []
    cluster.edit("Deployment", "web", replicas=2)
    cluster.pass_s(30)
    assert len(cluster.pods()) == 2


def test_time_can_run_fast() -> None:
    cluster = Stepped(node("a"), speed=60)
    cluster.put(deployment(1, told=template(image=NO_IMAGE), progressDeadlineSeconds=600))
    cluster.pass_s(12)
    progressing = condition(cluster.get("Deployment", "web"), "Progressing")
    assert progressing["reason"] == "ProgressDeadlineExceeded"
