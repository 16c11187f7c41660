"""No secret reaches a captured folder, wherever in an object it stands."""

from typing import Any

import orjson
import pytest

from sandbox.capture.secrecy import LEFT_OUT, scrubbed, without_secrets
from tests.sandbox.small_cluster import named

APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlIn0.c2lnbmF0dXJl"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----"
KUBECONFIG = """
apiVersion: v1
clusters: [{name: c, cluster: {server: https://c}}]
contexts: []
users:
- name: admin
  user:
    client-key-data: TUlJQg
    token: hunter2
"""


def test_a_secret_keeps_its_keys_and_says_what_was_done() -> None:
    token = named("Secret", "token", data={"token": "aHVudGVyMg=="}, stringData={"a": "hunter2"})
    kept = without_secrets({**token, "type": "kubernetes.io/service-account-token"})
    assert (kept["data"], kept["stringData"]) == ({"token": ""}, {"a": ""})
    assert LEFT_OUT in kept["metadata"]["annotations"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"token={JWT} sent", "token=REPLACED sent"),
        ("Authorization: Bearer abc.DEF-123==", "Authorization: Bearer REPLACED"),
        (f"key: {PEM} end", "key: REPLACED end"),
        ("postgres://shop:hunter2@db/shop", "postgres://shop:REPLACED@db/shop"),
        ("amqp://u:p%40ss@mq:5672", "amqp://u:REPLACED@mq:5672"),
        ("http://cart:8080/a@b", "http://cart:8080/a@b"),
        ("the bearer of news", "the bearer of news"),
        ("https://shop/users", "https://shop/users"),
    ],
)
def test_a_text_loses_its_secrets_and_nothing_else(text: str, kept: str) -> None:
    assert scrubbed(text) == kept


def test_a_kubeconfig_keeps_its_clusters_and_loses_its_credentials() -> None:
    kept = scrubbed(KUBECONFIG)
    assert "server: https://c" in kept
    assert "client-key-data: REPLACED" in kept
    assert "hunter2" not in kept


def test_environment_values_are_replaced_by_name_or_by_what_they_are() -> None:
    env = [
        {"name": "DB_PASSWORD", "value": "hunter2"},
        {"name": "AUTHORIZATION", "value": "Bearer hunter2.hunter2"},
        {"name": "LEVEL", "value": "debug"},
        {"name": "API_TOKEN", "valueFrom": {"secretKeyRef": {"name": "t", "key": "k"}}},
    ]
    kept = without_secrets(pod(env))
    assert [one.get("value") for one in kept["spec"]["containers"][0]["env"]] == [
        "REPLACED",
        "Bearer REPLACED",
        "debug",
        None,
    ]
    assert LEFT_OUT in kept["metadata"]["annotations"]


def test_an_object_without_secrets_is_the_same() -> None:
    plain = pod([{"name": "LEVEL", "value": "debug"}])
    assert without_secrets(plain) == plain


def test_what_was_applied_is_cleaned_like_the_object() -> None:
    applied = orjson.dumps(pod([{"name": "DB_PASSWORD", "value": "hunter2"}])).decode()
    kept = without_secrets(pod([], annotations={APPLIED: applied}))
    written = kept["metadata"]["annotations"][APPLIED]
    assert "hunter2" not in written
    assert orjson.loads(written)["kind"] == "Pod"


def pod(env: list[dict[str, Any]], **metadata: Any) -> dict[str, Any]:
    return named("Pod", "web", spec={"containers": [{"name": "app", "env": env}]}, **metadata)
