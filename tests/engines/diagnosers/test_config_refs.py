"""References to ConfigMaps and Secrets that lead nowhere."""

import pytest

from mcp_servers.facts.findings import Confidence
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from tests.factories import (
    cluster,
    container,
    deployment,
    event,
    found,
    pod,
    replica_set,
    rules,
    running,
    thing,
    waiting,
)


def config_map(name: str, *keys: str, namespace: str = "shop") -> Json:
    return thing("ConfigMap", name, namespace=namespace, data=dict.fromkeys(keys, "x"))


def key_ref(name: str, key: str, *, kind: str = "configMapKeyRef", **more: object) -> Json:
    return {"name": "MODE", "valueFrom": {kind: {"name": name, "key": key, **more}}}


def held_up(env: Json, said: str, *others: Json, age: float = 60, **more: object) -> Cluster:
    made = deployment(replicas=1, containers=[container("web", env=[env])], **more)
    owner = replica_set(made)
    status = waiting("web", "CreateContainerConfigError", said)
    one = pod(owner, status=[status], age=age)
    failed = [event(one, "Failed", f"Error: {said}", first=40, count=9)] if said else []
    return cluster(made, owner, one, *others, events=failed)


def test_a_missing_config_map_is_told_with_its_nearest_name() -> None:
    told = held_up(
        key_ref("web-config", "mode"),
        'configmap "web-config" not found',
        config_map("web-configs", "mode"),
    )
    finding = found(told, "pod.config_ref.configmap_missing")
    assert finding.resource == Ref("Deployment", "shop", "web")
    assert finding.params["near"] == "web-configs"
    assert finding.fix is not None
    assert finding.fix.id == "fix.repoint"
    assert finding.joins["ref"] == "ConfigMap:shop/web-config"
    assert finding.since is not None
    assert finding.since.minute == 20


def test_a_name_in_another_namespace_is_mentioned_and_never_adopted() -> None:
    elsewhere = config_map("web-config", "mode", namespace="base")
    told = held_up(key_ref("web-config", "mode"), 'configmap "web-config" not found', elsewhere)
    finding = found(told, "pod.config_ref.configmap_missing")
    assert finding.params["elsewhere"] == "base"
    assert finding.fix is None


def test_a_missing_secret_never_needs_its_contents() -> None:
    told = held_up(key_ref("db", "password", kind="secretKeyRef"), 'secret "db" not found')
    finding = found(told, "pod.config_ref.secret_missing")
    assert finding.params["ref_name"] == "db"
    assert finding.container == "web"


def test_without_a_word_from_the_kubelet_the_listing_must_show_the_absence() -> None:
    env = key_ref("web-config", "mode")
    assert rules(held_up(env, "", age=60)) == set()
    finding = found(
        held_up(env, "", config_map("other", "mode")), "pod.config_ref.configmap_missing"
    )
    assert finding.confidence is Confidence.STRONG


def test_a_missing_key_is_told_with_the_keys_that_are_there() -> None:
    said = "couldn't find key log_level in ConfigMap shop/web-config"
    told = held_up(
        key_ref("web-config", "log_level"), said, config_map("web-config", "loglevel", "mode")
    )
    finding = found(told, "pod.config_ref.key_missing")
    assert finding.params["key"] == "log_level"
    assert finding.params["available"] == "loglevel, mode"
    assert finding.params["near"] == "loglevel"
    assert finding.fix is not None
    assert "pod.config_ref.configmap_missing" not in rules(told)


@pytest.mark.parametrize(
    ("keys", "near"),
    [
        (["MODE", "LOG_THRESHOLD", "PORT"], "LOG_THRESHOLD"),
        (["LOG_THRESHOLD", "LOG_TARGET"], ""),
        (["MODE", "PORT"], ""),
    ],
    ids=["one of the same word", "two of them", "none"],
)
def test_a_key_that_was_renamed_keeps_a_word_of_the_old_name(keys: list[str], near: str) -> None:
    said = "couldn't find key LOG_LEVEL in ConfigMap shop/web-config"
    told = held_up(key_ref("web-config", "LOG_LEVEL"), said, config_map("web-config", *keys))
    finding = found(told, "pod.config_ref.key_missing")
    assert finding.params["near"] == near
    assert (finding.fix is not None) is bool(near)


def test_a_key_of_a_secret_we_may_not_read_is_told_from_the_kubelet() -> None:
    said = "couldn't find key pasword in Secret shop/db"
    told = held_up(key_ref("db", "pasword", kind="secretKeyRef"), said)
    finding = found(told, "pod.config_ref.key_missing")
    assert (finding.params["ref_kind"], finding.params["ref_name"]) == ("Secret", "db")


def test_a_key_that_a_volume_projects_is_looked_up_too() -> None:
    item = {"key": "app.yaml", "path": "app.yaml"}
    volume = {"name": "config", "configMap": {"name": "web-config", "items": [item]}}
    made = deployment(replicas=1, pod_spec={"volumes": [volume]})
    owner = replica_set(made)
    one = pod(owner, status=[waiting("web", "ContainerCreating")], age=30)
    said = 'MountVolume.SetUp failed for volume "config" : references non-existent config key: app.yaml'
    told = cluster(
        made,
        owner,
        one,
        config_map("web-config", "app.yml"),
        events=[event(one, "FailedMount", said)],
    )
    assert found(told, "pod.config_ref.key_missing").params["near"] == "app.yml"


def test_a_secret_asked_for_as_a_config_map_is_a_mixup_and_the_root() -> None:
    secret = thing("Secret", "web-config", data={"mode": ""})
    told = held_up(key_ref("web-config", "mode"), 'configmap "web-config" not found', secret)
    finding = found(told, "pod.config_ref.kind_mixup")
    missing = found(told, "pod.config_ref.configmap_missing")
    assert finding.params["actual_kind"] == "Secret"
    assert finding.fix is not None
    assert missing.fix is None
    assert finding.joins["ref"] == missing.joins["ref"]


def test_both_kinds_of_one_name_are_no_mixup() -> None:
    secret = thing("Secret", "web-config", data={"mode": ""})
    env = key_ref("web-config", "mode")
    assert rules(held_up(env, "", secret, config_map("web-config", "mode"))) == set()


def test_an_optional_reference_may_lead_nowhere() -> None:
    env = key_ref("web-config", "mode", optional=True)
    assert rules(held_up(env, "", config_map("other", "mode"))) == {"config.unused_or_empty"}


def test_a_config_map_that_is_there_by_now_is_silent() -> None:
    told = held_up(
        key_ref("web-config", "mode"),
        'configmap "web-config" not found',
        config_map("web-config", "mode"),
    )
    assert rules(told) == set()


def test_a_running_pod_is_never_asked() -> None:
    made = deployment(replicas=1, containers=[container("web", env=[key_ref("gone", "mode")])])
    owner = replica_set(made)
    told = cluster(made, owner, pod(owner, status=[running()]), config_map("other", "mode"))
    assert rules(told) == {"config.unused_or_empty"}


def unseen(said: str, *, ready: int = 0, ago: float = 1) -> Cluster:
    """A workload whose pods were not listed, and an event about one of them."""
    made = deployment(replicas=1, ready=ready)
    owner = replica_set(made)
    told = event(pod(owner), "Failed", said, first=30, ago=ago, count=40)
    return cluster(made, owner, thing("Secret", "web-database"), events=[told])


def test_events_of_pods_that_were_not_listed_still_tell() -> None:
    finding = found(unseen('Error: secret "web-db" not found'), "pod.config_ref.secret_missing")
    assert finding.resource == Ref("Deployment", "shop", "web")
    assert finding.params["ref_name"] == "web-db"
    assert {one.source for one in finding.evidence} == {"event"}


def test_an_image_of_a_pod_that_was_not_listed_is_told_too() -> None:
    said = 'Failed to pull image "registry.example.com/web:9": manifest unknown'
    assert found(unseen(said), "pod.image_pull.not_found").params["tag"] == "9"


def test_events_of_pods_long_replaced_are_silent() -> None:
    said = 'Error: secret "web-db" not found'
    assert rules(unseen(said, ready=1)) == set()
    assert rules(unseen(said, ago=40)) == {"deploy.unavailable"}
