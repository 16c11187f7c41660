"""Who may do what: Roles, bindings, impersonation and access reviews."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from core.errors import Forbidden
from mcp_servers.backends.kubernetes import Kubernetes
from tests.kube.deadline import eventually
from tests.kube.manifests import RBAC, binding, config, pod, role, thing, user
from tests.kube.server import Kube, refused

Json = dict[str, Any]

READS = {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]}
ONE_SECRET = {
    "apiGroups": [""],
    "resources": ["secrets"],
    "resourceNames": ["mine"],
    "verbs": ["get"],
}
SCALES = {"apiGroups": ["apps"], "resources": ["*/scale"], "verbs": ["*"]}


@pytest.fixture
def bob(kube: Kube) -> Kube:
    """A namespace where bob may read pods, get one secret and scale what is of apps."""
    kube.made(f"roles.{RBAC}", role("reader", READS, ONE_SECRET, SCALES))
    kube.made(f"rolebindings.{RBAC}", binding("bob", "reader", user("bob")))
    robot = {"kind": "ServiceAccount", "name": "robot", "namespace": kube.namespace}
    kube.made(f"rolebindings.{RBAC}", binding("robot", "reader", robot))
    group = {"apiGroup": RBAC, "kind": "Group", "name": "readers"}
    kube.made(f"rolebindings.{RBAC}", binding("group", "reader", group))
    eventually(lambda: _as(kube, "other", "GET", kube.path("pods"), "readers").status_code == 200)
    return kube


def _as(kube: Kube, who: str, method: str, path: str, *groups: str) -> httpx2.Response:
    headers = [("impersonate-user", who), *(("impersonate-group", one) for one in groups)]
    headers += [("content-type", "application/merge-patch+json")] if method == "PATCH" else []
    told: Json | None = {} if method in {"PATCH", "POST"} else None
    return kube.http.request(method, path, json=told, headers=headers)


@pytest.mark.parametrize(
    ("method", "resource", "name", "subresource", "code"),
    [
        ("GET", "pods", "", "", 200),
        ("GET", "pods", "gone", "", 404),
        ("DELETE", "pods", "gone", "", 403),
        ("PATCH", "pods", "gone", "", 403),
        ("POST", "pods", "", "", 403),
        ("GET", "configmaps", "", "", 403),
        ("GET", "secrets", "mine", "", 404),
        ("GET", "secrets", "other", "", 403),
        ("GET", "secrets", "", "", 403),
        ("GET", "deployments.apps", "gone", "scale", 404),
        ("PATCH", "statefulsets.apps", "gone", "scale", 404),
        ("GET", "deployments.apps", "gone", "", 403),
        ("GET", "pods", "gone", "status", 403),
        ("GET", "pods", "gone", "log", 404),
    ],
)
def test_a_role_allows_what_it_names(
    bob: Kube, method: str, resource: str, name: str, subresource: str, code: int
) -> None:
    answer = _as(bob, "bob", method, bob.path(resource, name, subresource))
    assert answer.status_code == code, answer.text
    assert _as(bob, "eve", method, bob.path(resource, name, subresource)).status_code == 403


def test_a_refusal_says_who_what_and_where(bob: Kube) -> None:
    namespace = bob.namespace
    words = (
        f'pods "a" is forbidden: User "bob" cannot delete resource "pods" in API group "" '
        f'in the namespace "{namespace}"'
    )
    status = refused(_as(bob, "bob", "DELETE", bob.path("pods", "a")), 403, "Forbidden", words)
    assert (status["details"]["name"], status["details"]["kind"]) == ("a", "pods")


def test_a_refusal_at_the_cluster_scope_says_so(bob: Kube) -> None:
    words = 'User "bob" cannot list resource "pods" in API group "" at the cluster scope'
    refused(_as(bob, "bob", "GET", "/api/v1/pods"), 403, "Forbidden", words)
    words = 'cannot list resource "nodes" in API group "" at the cluster scope'
    refused(_as(bob, "bob", "GET", "/api/v1/nodes"), 403, "Forbidden", words)


@pytest.mark.parametrize("who", ["robot", "group"])
def test_accounts_and_groups_are_bound_too(bob: Kube, who: str) -> None:
    name = f"system:serviceaccount:{bob.namespace}:robot" if who == "robot" else "anyone"
    groups = ["readers"] if who == "group" else []
    assert _as(bob, name, "GET", bob.path("pods"), *groups).status_code == 200
    assert _as(bob, name, "GET", bob.path("configmaps"), *groups).status_code == 403


def test_a_binding_counts_until_it_goes(bob: Kube) -> None:
    bob.delete(f"rolebindings.{RBAC}", "bob").raise_for_status()
    # A real server's authorizer reads its own cache, a moment late.
    eventually(lambda: _as(bob, "bob", "GET", bob.path("pods")).status_code == 403)


async def test_our_backend_is_told_the_rule_that_is_missing(
    bob: Kube, acting: Callable[[str], Kubernetes]
) -> None:
    bob.made("pods", pod("a"))
    as_bob = acting("bob")
    assert [one.name for one in await as_bob.list("Pod", namespace=bob.namespace)] == ["a"]
    with pytest.raises(Forbidden) as caught:
        await as_bob.list("Deployment", namespace=bob.namespace)
    sentence = f"Midwatch may not list deployments in namespace {bob.namespace}."
    assert caught.value.message == sentence
    assert 'apiGroups: ["apps"]\n  resources: ["deployments"]' in caught.value.hint


@pytest.mark.parametrize(
    ("verb", "kind", "allowed"),
    [
        ("list", "Pod", True),
        ("get", "pods/log", True),
        ("watch", "Pod", False),
        ("delete", "Pod", False),
        ("patch", "deployments/scale", True),
        ("get", "Deployment", False),
        ("list", "Secret", False),
    ],
)
async def test_our_backend_asks_what_it_may(
    bob: Kube, acting: Callable[[str], Kubernetes], verb: str, kind: str, allowed: bool
) -> None:
    assert await acting("bob").may(verb, kind, namespace=bob.namespace) is allowed
    assert not await acting("bob").may(verb, kind)


def _review(kube: Kube, kind: str, spec: Json, **headers: str) -> Json:
    path = f"/apis/authorization.k8s.io/v1/{kind.lower()}s"
    told = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}
    answer = kube.http.post(path, json=told, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["status"]


@pytest.mark.parametrize(("name", "allowed"), [("mine", True), ("other", False), ("", False)])
def test_somebody_else_may_be_asked_about(bob: Kube, name: str, allowed: bool) -> None:
    wish = {"namespace": bob.namespace, "verb": "get", "resource": "secrets", "name": name}
    spec = {"user": "bob", "resourceAttributes": wish}
    assert _review(bob, "SubjectAccessReview", spec)["allowed"] is allowed


def test_the_reason_names_the_binding(bob: Kube) -> None:
    wish = {"namespace": bob.namespace, "verb": "get", "resource": "pods"}
    status = _review(bob, "SubjectAccessReview", {"user": "bob", "resourceAttributes": wish})
    words = 'RBAC: allowed by RoleBinding "bob/' + bob.namespace
    assert status["reason"].startswith(words)


def test_the_rules_of_a_namespace_are_listed(bob: Kube) -> None:
    asked = {"namespace": bob.namespace}
    status = _review(bob, "SelfSubjectRulesReview", asked, **{"impersonate-user": "bob"})
    listed = [
        rule for rule in status["resourceRules"] if "pods/log" in (rule.get("resources") or [])
    ]
    assert [sorted(rule["verbs"]) for rule in listed] == [["get", "list"]]


def test_who_one_is_may_be_asked(bob: Kube) -> None:
    told = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    answer = bob.http.post(path, json=told, headers={"impersonate-user": "bob"})
    about = answer.json()["status"]["userInfo"]
    assert (about["username"], about["groups"]) == ("bob", ["system:authenticated"])


def test_nobody_becomes_another_without_leave(bob: Kube) -> None:
    """Impersonation of a user by a user who may not."""
    spec = {"user": "bob", "resourceAttributes": {"verb": "impersonate", "resource": "users"}}
    assert not _review(bob, "SubjectAccessReview", spec)["allowed"]


def test_groups_without_a_user_are_refused(kube: Kube) -> None:
    answer = kube.http.get(kube.path("pods"), headers={"impersonate-group": "readers"})
    assert answer.status_code >= 400


def test_an_unknown_token_is_refused(kube: Kube) -> None:
    answer = kube.http.get(kube.path("pods"), headers={"authorization": "Bearer made-up"})
    refused(answer, 401, "Unauthorized", "Unauthorized")


@pytest.fixture
def granting(bob: Kube) -> Kube:
    """Where bob may also write Roles and bindings."""
    writes = {
        "apiGroups": [RBAC],
        "resources": ["roles", "rolebindings"],
        "verbs": ["create", "update", "patch"],
    }
    bob.made(f"roles.{RBAC}", role("writer", writes))
    bob.made(f"rolebindings.{RBAC}", binding("writer", "writer", user("bob")))
    # Until the server has heard of the binding, it refuses for another reason.
    path = bob.path(f"roles.{RBAC}")
    eventually(lambda: _as(bob, "bob", "POST", path).status_code != 403)
    return bob


def _granted(kube: Kube, resource: str, body: Json, method: str = "POST") -> httpx2.Response:
    name = body["metadata"]["name"] if method == "PUT" else ""
    path = kube.path(f"{resource}.{RBAC}", name)
    return kube.http.request(method, path, json=body, headers={"impersonate-user": "bob"})


NOT_HELD = (
    'user "bob" (groups=["system:authenticated"]) is attempting to grant RBAC permissions '
    "not currently held:\n"
)


@pytest.mark.parametrize(
    ("rules", "missing"),
    [
        (
            [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}],
            '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}',
        ),
        (
            [
                {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "watch", "delete"]},
                {"apiGroups": ["", "apps"], "resources": ["pods"], "verbs": ["list"]},
            ],
            (
                '{APIGroups:[""], Resources:["pods"], Verbs:["watch" "delete"]}\n'
                '{APIGroups:["apps"], Resources:["pods"], Verbs:["list"]}'
            ),
        ),
        (
            [
                {
                    "apiGroups": [""],
                    "resources": ["secrets"],
                    "resourceNames": ["mine", "yours"],
                    "verbs": ["get"],
                }
            ],
            '{APIGroups:[""], Resources:["secrets"], ResourceNames:["yours"], Verbs:["get"]}',
        ),
        (
            [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}],
            '{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}',
        ),
    ],
)
def test_a_role_grants_no_more_than_its_maker_has(
    granting: Kube, rules: list[Json], missing: str
) -> None:
    """Whoever may write Roles may not write himself one that can do more."""
    answer = _granted(granting, "roles", role("king", *rules))
    refused(answer, 403, "Forbidden", NOT_HELD + missing)


def test_what_one_holds_may_be_granted(granting: Kube) -> None:
    scales = {"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["update"]}
    assert _granted(granting, "roles", role("same", READS, ONE_SECRET, scales)).status_code == 201


def test_a_role_is_not_widened_by_an_update(granting: Kube) -> None:
    granting.made(f"roles.{RBAC}", role("narrow", READS))
    wide = {**READS, "verbs": ["get", "list", "delete"]}
    refused(_granted(granting, "roles", role("narrow", wide), "PUT"), 403, "Forbidden", NOT_HELD)
    labelled = {**role("reader", READS, ONE_SECRET, SCALES)}
    labelled["metadata"] = {**labelled["metadata"], "labels": {"team": "shop"}}
    assert _granted(granting, "roles", labelled, "PUT").status_code == 200


def test_a_role_that_can_do_more_is_not_bound(granting: Kube) -> None:
    granting.made(f"roles.{RBAC}", role("king", {**READS, "verbs": ["delete"]}))
    mine = binding("mine", "king", user("bob"))
    answer = _granted(granting, "rolebindings", mine)
    refused(answer, 403, "Forbidden", f'rolebindings.{RBAC} "mine" is forbidden: {NOT_HELD}')
    assert (
        _granted(granting, "rolebindings", binding("more", "reader", user("eve"))).status_code
        == 201
    )


def test_a_role_that_is_not_there_is_not_bound(granting: Kube) -> None:
    answer = _granted(granting, "rolebindings", binding("none", "gone", user("bob")))
    refused(answer, 404, "NotFound", "gone")


def test_escalate_and_bind_let_more_be_granted(granting: Kube) -> None:
    """On a role by its name."""
    escalates = {
        "apiGroups": [RBAC],
        "resources": ["roles"],
        "resourceNames": ["king"],
        "verbs": ["bind", "escalate"],
    }
    granting.made(f"roles.{RBAC}", role("free", escalates))
    granting.made(f"rolebindings.{RBAC}", binding("free", "free", user("bob")))
    granting.made(f"roles.{RBAC}", role("king", {**READS, "verbs": ["delete"]}))
    mine = binding("mine", "king", user("bob"))
    eventually(lambda: _granted(granting, "rolebindings", mine).status_code == 201)
    more = role("king", {**READS, "verbs": ["delete", "patch"]})
    assert _granted(granting, "roles", more, "PUT").status_code == 200


def test_reading_pods_does_not_read_anything_else(bob: Kube) -> None:
    bob.made("configmaps", config("a"))
    bob.made("secrets", thing("Secret", "mine"))
    assert _as(bob, "bob", "GET", bob.path("secrets", "mine")).status_code == 200
    assert _as(bob, "bob", "GET", bob.path("configmaps", "a")).status_code == 403
