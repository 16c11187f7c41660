"""Who may do what, by the Roles and bindings of the snapshot."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import kubernetes
import pytest

from sandbox.server import serving_in_thread
from tests.sandbox.small_cluster import RBAC, named, small_cluster, write_snapshot

PODS = "/api/v1/namespaces/shop/pods"
BOB = {"impersonate-user": "bob"}
REVIEWS = "/apis/authorization.k8s.io/v1"


def bound(kind: str, name: str, subject: dict[str, str], rules: list[dict[str, Any]]) -> list[Any]:
    place = {"namespace": ""} if kind == "ClusterRole" else {}
    reference = {"apiGroup": RBAC, "kind": kind, "name": name}
    return [
        named(kind, name, api=f"{RBAC}/v1", rules=rules, **place),
        named(
            f"{kind}Binding", name, api=f"{RBAC}/v1", roleRef=reference, subjects=[subject], **place
        ),
    ]


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    folder: Path = tmp_path_factory.mktemp("access")
    everywhere = {"apiGroups": ["*"], "resources": ["*/scale", "nodes"], "verbs": ["*"]}
    one_secret = {
        "apiGroups": [""],
        "resources": ["secrets"],
        "resourceNames": ["password"],
        "verbs": ["get"],
    }
    paths = {"nonResourceURLs": ["/metrics/*"], "verbs": ["get"]}
    robot = {"kind": "ServiceAccount", "name": "robot", "namespace": "shop"}
    objects = [
        *small_cluster(),
        *bound("ClusterRole", "scaler", {"kind": "Group", "name": "scalers"}, [everywhere, paths]),
        *bound("Role", "one-secret", robot, [one_secret]),
    ]
    with (
        serving_in_thread(write_snapshot(folder, objects)) as addresses,
        httpx2.Client(base_url=addresses.kubernetes, verify=False) as client,
    ):
        yield client


def test_a_role_allows_what_it_names(http: httpx2.Client) -> None:
    assert http.get(PODS, headers=BOB).status_code == 200
    assert http.get(f"{PODS}/web-a/log", headers=BOB).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("GET", "/api/v1/pods", 'cannot list resource "pods" in API group "" at the cluster scope'),
        (
            "DELETE",
            f"{PODS}/web-a",
            (
                'pods "web-a" is forbidden: User "bob" cannot delete resource "pods" '
                'in API group "" in the namespace "shop"'
            ),
        ),
        (
            "GET",
            "/apis/apps/v1/namespaces/shop/deployments",
            (
                'deployments.apps is forbidden: User "bob" cannot list resource "deployments" '
                'in API group "apps" in the namespace "shop"'
            ),
        ),
        (
            "POST",
            f"{PODS}/web-a/eviction",
            'cannot create resource "pods/eviction" in API group "" in the namespace "shop"',
        ),
        ("GET", "/metrics/x", 'forbidden: User "bob" cannot get path "/metrics/x"'),
    ],
)
def test_all_else_is_forbidden_in_the_servers_words(
    http: httpx2.Client, method: str, path: str, message: str
) -> None:
    status = http.request(method, path, headers=BOB).json()
    assert (status["code"], status["reason"]) == (403, "Forbidden")
    assert message in status["message"]


def test_a_group_may_be_bound(http: httpx2.Client) -> None:
    headers = {"impersonate-user": "ann", "impersonate-group": "scalers"}
    assert http.get("/api/v1/nodes", headers=headers).status_code == 200
    scale = "/apis/apps/v1/namespaces/shop/deployments/web/scale"
    assert http.get(scale, headers=headers).status_code == 200
    assert http.get(scale.removesuffix("/scale"), headers=headers).status_code == 403
    assert http.get("/metrics/x", headers=headers).status_code == 404


def test_a_service_account_may_be_bound_to_one_object(http: httpx2.Client) -> None:
    headers = {"impersonate-user": "system:serviceaccount:shop:robot"}
    secrets = "/api/v1/namespaces/shop/secrets"
    assert http.get(f"{secrets}/password", headers=headers).status_code == 200
    assert http.get(f"{secrets}/other", headers=headers).status_code == 403
    assert http.get(secrets, headers=headers).status_code == 403


def test_everybody_may_discover_and_ask_what_they_may(http: httpx2.Client) -> None:
    assert http.get("/apis", headers=BOB).status_code == 200
    assert http.get("/version", headers=BOB).status_code == 200
    assert may(http, BOB, "list", "pods") is True


def may(
    http: httpx2.Client, headers: dict[str, str], verb: str, resource: str, **more: str
) -> bool:
    attributes = {"verb": verb, "resource": resource, "namespace": "shop", **more}
    told = {"spec": {"resourceAttributes": attributes}}
    answer = http.post(f"{REVIEWS}/selfsubjectaccessreviews", json=told, headers=headers)
    assert answer.status_code == 201
    return bool(answer.json()["status"]["allowed"])


@pytest.mark.parametrize(
    ("verb", "resource", "more", "expected"),
    [
        ("get", "pods", {"subresource": "log"}, True),
        ("delete", "pods", {}, False),
        ("list", "pods", {"namespace": "other"}, False),
        ("list", "deployments", {"group": "apps"}, False),
    ],
)
def test_a_review_agrees_with_what_is_allowed(
    http: httpx2.Client, verb: str, resource: str, more: dict[str, str], expected: bool
) -> None:
    assert may(http, BOB, verb, resource, **more) == expected
    assert may(http, {}, verb, resource, **more)


def test_the_rules_of_a_caller_are_listed(http: httpx2.Client) -> None:
    told = {"spec": {"namespace": "shop"}}
    status = http.post(f"{REVIEWS}/selfsubjectrulesreviews", json=told, headers=BOB).json()[
        "status"
    ]
    assert {
        "apiGroups": [""],
        "resources": ["pods", "pods/log"],
        "verbs": ["get", "list"],
    } in status["resourceRules"]
    assert status["incomplete"] is False


def test_one_may_ask_for_somebody_else(http: httpx2.Client) -> None:
    attributes = {"verb": "list", "resource": "pods", "namespace": "shop"}
    told = {"spec": {"user": "bob", "groups": [], "resourceAttributes": attributes}}
    assert http.post(f"{REVIEWS}/subjectaccessreviews", json=told).json()["status"]["allowed"]
    assert http.post(f"{REVIEWS}/subjectaccessreviews", json=told, headers=BOB).status_code == 403


def test_a_review_without_a_question_is_refused(http: httpx2.Client) -> None:
    answer = http.post(f"{REVIEWS}/selfsubjectaccessreviews", json={"spec": {}})
    assert answer.status_code == 400


def test_who_am_i(http: httpx2.Client) -> None:
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    assert http.post(path, json={}).json()["status"]["userInfo"]["username"] == "admin"
    info = http.post(path, json={}, headers=BOB).json()["status"]["userInfo"]
    assert (info["username"], info["groups"]) == ("bob", ["system:authenticated"])


def test_a_wrong_token_is_nobody(http: httpx2.Client) -> None:
    answer = http.get(PODS, headers={"authorization": "Bearer guess"})
    assert (answer.status_code, answer.json()["reason"]) == (401, "Unauthorized")


def test_the_kubeconfigs_token_is_the_admin(official: Any) -> None:
    review = kubernetes.client.AuthenticationV1Api(official).create_self_subject_review({})
    assert review.status.user_info.username == "admin"


def test_a_disguise_needs_a_user(http: httpx2.Client) -> None:
    answer = http.get(PODS, headers={"impersonate-group": "system:masters"})
    assert answer.status_code == 400
