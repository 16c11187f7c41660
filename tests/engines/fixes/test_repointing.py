from typing import Any

from mcp_servers.engines.fixes import repair
from mcp_servers.facts.findings import Confidence, Finding, Severity
from mcp_servers.facts.fixes import Plan
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from tests.engines.fixes.judging import advice, container_of, plan, result, taken_back
from tests.factories import cluster, container, deployment, pod, replica_set, thing, waiting


def lacking(spec: Json, *more: Json, said: str, volumes: list[Json] | None = None) -> Cluster:
    owner = deployment(
        containers=[container(**spec)], ready=0, pod_spec={"volumes": volumes} if volumes else {}
    )
    made = replica_set(owner)
    state = waiting(reason="CreateContainerConfigError", message=said)
    return cluster(owner, made, pod(made, status=[state]), *more)


def variable(kind: str, name: str, key: str) -> Json:
    return {"name": "HOST", "valueFrom": {kind: {"name": name, "key": key}}}


def test_every_reference_to_the_absent_object_is_led_to_the_near_one() -> None:
    spec = {
        "env": [variable("configMapKeyRef", "web-config", "host")],
        "envFrom": [{"configMapRef": {"name": "web-config"}}],
    }
    volumes = [
        {"name": "files", "configMap": {"name": "web-config"}},
        {"name": "mixed", "projected": {"sources": [{"configMap": {"name": "web-config"}}]}},
    ]
    there = thing("ConfigMap", "web-configs", data={"host": "db"})
    seen = lacking(spec, there, said='configmap "web-config" not found', volumes=volumes)
    one = plan(seen, "pod.config_ref.configmap_missing")
    after = result(seen, one)
    held = container_of(after)
    assert held["env"] == [variable("configMapKeyRef", "web-configs", "host")]
    assert held["envFrom"] == [{"configMapRef": {"name": "web-configs"}}]
    told = after["spec"]["template"]["spec"]["volumes"]
    assert told[0]["configMap"] == {"name": "web-configs"}
    assert told[1]["projected"]["sources"] == [{"configMap": {"name": "web-configs"}}]
    assert taken_back(seen, one) == seen.all("Deployment")[0].raw


def test_a_near_object_without_the_key_is_none() -> None:
    spec = {"env": [variable("configMapKeyRef", "web-config", "host")]}
    there = thing("ConfigMap", "web-configs", data={"other": "db"})
    seen = lacking(spec, there, said='configmap "web-config" not found')
    assert advice(seen, "pod.config_ref.configmap_missing") == "value_unknown"


def test_between_two_near_ones_a_person_chooses() -> None:
    spec = {"envFrom": [{"configMapRef": {"name": "web-config"}}]}
    there = [thing("ConfigMap", name, data={}) for name in ("web-configs", "web-confi")]
    seen = lacking(spec, *there, said='configmap "web-config" not found')
    assert advice(seen, "pod.config_ref.configmap_missing") == "value_unknown"


def test_a_key_that_was_renamed_is_followed() -> None:
    spec = {"env": [variable("configMapKeyRef", "web-config", "db-host")]}
    there = thing("ConfigMap", "web-config", data={"db-hostname": "db", "port": "1"})
    seen = lacking(spec, there, said="couldn't find key db-host in ConfigMap shop/web-config")
    after = container_of(result(seen, plan(seen, "pod.config_ref.key_missing")))
    assert after["env"] == [variable("configMapKeyRef", "web-config", "db-hostname")]


def test_what_is_a_secret_is_read_as_one() -> None:
    spec = {"env": [variable("configMapKeyRef", "web-conn", "url")]}
    there = [thing("Secret", "web-conn", data={"url": ""}), thing("ConfigMap", "other", data={})]
    seen = lacking(spec, *there, said='configmap "web-conn" not found')
    one = plan(seen, "pod.config_ref.kind_mixup")
    assert container_of(result(seen, one))["env"] == [variable("secretKeyRef", "web-conn", "url")]
    assert taken_back(seen, one) == seen.all("Deployment")[0].raw


def test_a_volume_of_the_wrong_kind_keeps_its_other_fields() -> None:
    volumes = [{"name": "files", "configMap": {"name": "web-conn", "defaultMode": 256}}]
    there = [thing("Secret", "web-conn", data={"url": ""}), thing("ConfigMap", "other", data={})]
    seen = lacking({}, *there, said='configmap "web-conn" not found', volumes=volumes)
    after = result(seen, plan(seen, "pod.config_ref.kind_mixup"))["spec"]["template"]["spec"]
    assert after["volumes"] == [
        {"name": "files", "secret": {"secretName": "web-conn", "defaultMode": 256}}
    ]


def test_an_account_that_is_nearly_so_called_is_taken() -> None:
    owner = deployment(pod_spec={"serviceAccountName": "web-acount"}, ready=0)
    seen = cluster(
        owner, thing("ServiceAccount", "web-account"), thing("ServiceAccount", "default")
    )
    params: dict[str, Any] = {
        "missing": "web-acount",
        "missing_kind": "ServiceAccount",
        "near": "web-account",
    }
    refused = Finding(
        "workload.create_refused.identity", Severity.HIGH, Confidence.CERTAIN,
        Ref("Deployment", "shop", "web"), None, (), params,
    )  # fmt: skip
    one = repair(refused, seen)
    assert isinstance(one, Plan)
    assert result(seen, one)["spec"]["template"]["spec"]["serviceAccountName"] == "web-account"
