"""Rights that go too far or nowhere, pods with power over their node, credentials in the open."""

from typing import Any

import pytest

from mcp_servers.engines.diagnose import diagnose
from mcp_servers.engines.faults import is_fault
from mcp_servers.engines.rca_ranking import Verdict, rank
from mcp_servers.engines.topology import topology
from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from tests.factories import cluster, container, deployment, found, log, rules, thing, workload

ADMIN = "cluster-admin"
EVERYTHING = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}


def role(name: str, *rules_of_it: Json, kind: str = "Role", **more: Any) -> Json:
    return thing(kind, name, rules=list(rules_of_it), **more)


def binding(name: str, to: str, *subjects: Json, kind: str = "RoleBinding", **more: Any) -> Json:
    named = more.pop("role_kind", "ClusterRole" if kind == "ClusterRoleBinding" else "Role")
    group = "rbac.authorization.k8s.io"
    ref = {"apiGroup": group, "kind": named, "name": to}
    return thing(kind, name, roleRef=ref, subjects=list(subjects), **more)


def account(name: str, namespace: str = "shop") -> Json:
    return {"kind": "ServiceAccount", "namespace": namespace, "name": name}


def group(name: str) -> Json:
    return {"kind": "Group", "name": name, "apiGroup": "rbac.authorization.k8s.io"}


def accounts(*names: str) -> list[Json]:
    return [thing("ServiceAccount", name) for name in names]


READER = role("reader", {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]})


def test_a_binding_to_a_role_that_is_not_there_names_the_nearest() -> None:
    finding = found(cluster(READER, binding("read", "reeder")), "rbac.dangling")
    assert finding.severity is Severity.MEDIUM
    assert finding.params["near"] == "reader"
    assert "no such Role" in finding.evidence[0].text


def test_an_account_that_is_not_there_matters_where_one_of_nearly_that_name_is() -> None:
    meant = binding("read", "reader", account("chekout"))
    finding = found(cluster(READER, meant, *accounts("checkout")), "rbac.dangling")
    assert (finding.severity, finding.params["near"]) == (Severity.MEDIUM, "checkout")
    left_over = binding("read", "reader", account("long-gone"))
    told = found(cluster(READER, left_over, *accounts("web")), "rbac.dangling")
    assert told.severity is Severity.LOW


@pytest.mark.parametrize(
    "bound",
    [
        [READER, binding("read", "reader", account("web")), *accounts("web")],
        [READER, binding("read", "reader", account("default")), *accounts("web")],
        [READER, binding("read", "reader", account("web"))],
        [binding("read", "view", account("web"), role_kind="ClusterRole")],
        [READER, binding("system:x", "reeder")],
        [READER, binding("read", "reader", group("developers"))],
    ],
    ids=["both there", "every namespace has a default", "no account in sight", "no ClusterRole in sight",
         "the system's own", "a group is no object"],
)  # fmt: skip
def test_bindings_that_lead_somewhere_are_silent(bound: list[Json]) -> None:
    assert "rbac.dangling" not in rules(cluster(*bound))


DENIED = (
    'pods is forbidden: User "system:serviceaccount:shop:checkout" cannot list resource "pods" in API group "" '
    'in the namespace "shop"'
)


def test_a_binding_for_a_misspelt_account_is_why_the_right_one_is_denied() -> None:
    objects = workload()
    bound = [READER, binding("read", "reader", account("chekout")), *accounts("checkout")]
    seen = cluster(*objects, *bound, logs=[log(objects[2], *[DENIED] * 3)])
    ranking = rank(diagnose(seen), seen, topology(seen))
    assert [one.finding.rule for one in ranking.roots] == ["rbac.dangling"]
    assert [one.rule for one in ranking.symptoms] == ["rbac.denied"]


def wide(*subjects: Json, rule: Json = EVERYTHING, name: str = "all") -> Cluster:
    made = role(name, rule, kind="ClusterRole")
    return cluster(made, binding("wide", name, *subjects, kind="ClusterRoleBinding"))


def test_everything_for_a_workloads_account_is_grave_and_no_fault() -> None:
    for seen in (wide(account("web")), wide(account("web"), name=ADMIN), wide(group("developers"))):
        finding = found(seen, "sec.wildcard_rbac")
        assert finding.severity is Severity.HIGH
        assert not is_fault(finding)
        assert "* on *" in finding.params["rules"]


@pytest.mark.parametrize("verb", ["escalate", "bind", "impersonate"])
def test_a_verb_that_gives_its_holder_more_is_as_grave(verb: str) -> None:
    rule = {"apiGroups": ["*"], "resources": ["roles"], "verbs": [verb]}
    assert found(wide(account("web"), rule=rule), "sec.wildcard_rbac").severity is Severity.HIGH


def test_reading_everything_weighs_less() -> None:
    rule = {"apiGroups": [""], "resources": ["*"], "verbs": ["list", "watch"]}
    assert found(wide(account("web"), rule=rule), "sec.wildcard_rbac").severity is Severity.MEDIUM


@pytest.mark.parametrize(
    "seen",
    [
        wide(account("controller", "kube-system")),
        wide(group("system:masters"), name=ADMIN),
        wide(group("platform-team"), name=ADMIN),
        wide(account("web"), name="system:controller:job"),
        wide(account("web"), rule={"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}),
        wide(),
        cluster(role("all", EVERYTHING, kind="ClusterRole")),
    ],
    ids=["the system's account", "the built-in group", "people who administrate", "a built-in role",
         "named rights", "nobody", "not bound"],
)  # fmt: skip
def test_rights_that_are_ordinary_are_silent(seen: Cluster) -> None:
    assert "sec.wildcard_rbac" not in rules(seen)


def test_rights_for_anybody_are_critical_and_yet_the_cluster_is_healthy() -> None:
    bound = binding("open", "view", group("system:unauthenticated"), kind="ClusterRoleBinding")
    seen = cluster(*workload(), bound)
    finding = found(seen, "sec.anonymous_binding")
    assert finding.severity is Severity.CRITICAL
    assert finding.resource == Ref("ClusterRoleBinding", "", "open")
    assert rank(diagnose(seen), seen, topology(seen)).verdict is Verdict.HEALTHY


@pytest.mark.parametrize(
    "public", ["system:public-info-viewer", "kubeadm:bootstrap-signer-clusterinfo"]
)
def test_what_anybody_may_know_is_silent(public: str) -> None:
    bound = binding("open", public, group("system:unauthenticated"), kind="ClusterRoleBinding")
    assert rules(cluster(bound)) == set()


def carrying(**spec: Any) -> Json:
    return deployment(pod_spec={"automountServiceAccountToken": None, **spec})


def test_the_shared_token_is_context_until_rights_are_bound_to_it() -> None:
    alone = found(cluster(carrying()), "sec.default_sa_token")
    assert (alone.severity, alone.params["bindings"]) == (Severity.INFO, "")
    bound = binding("read", "reader", account("default"))
    finding = found(cluster(carrying(), READER, bound), "sec.default_sa_token")
    assert finding.severity is Severity.MEDIUM
    assert finding.affected == (Ref("Deployment", "shop", "web"),)


@pytest.mark.parametrize(
    "objects",
    [
        [carrying(serviceAccountName="web")],
        [carrying(automountServiceAccountToken=False)],
        [carrying(), {**thing("ServiceAccount", "default"), "automountServiceAccountToken": False}],
    ],
    ids=["an account of its own", "not mounted", "the account says no"],
)
def test_without_the_shared_token_it_is_silent(objects: list[Json]) -> None:
    assert rules(cluster(*objects)) == set()


def powerful(
    kind: str = "Deployment", name: str = "web", namespace: str = "shop", **spec: Any
) -> Json:
    made = deployment(name, namespace=namespace, pod_spec=spec)
    return {**made, "kind": kind}


def with_context(**context: Any) -> Json:
    return deployment(containers=[container("web", securityContext=context)])


SOCKET = {"name": "socket", "hostPath": {"path": "/run/containerd/containerd.sock"}}


@pytest.mark.parametrize(
    ("made", "field"),
    [
        (powerful(hostPID=True), "hostPID"),
        (powerful(volumes=[SOCKET]), "hostPath"),
        (with_context(privileged=True), "privileged"),
        (with_context(capabilities={"add": ["CAP_SYS_ADMIN"]}), "SYS_ADMIN"),
    ],
    ids=["namespace of the node", "socket of the runtime", "privileged", "power of the kernel"],
)
def test_power_over_the_node_names_the_field(made: Json, field: str) -> None:
    finding = found(cluster(made), "sec.privileged")
    assert finding.severity is Severity.HIGH
    assert field in finding.params["fields"]


LOGS = {"name": "logs", "hostPath": {"path": "/var/log/pods"}}


@pytest.mark.parametrize(
    "made",
    [
        powerful(namespace="kube-system", hostPID=True),
        powerful("DaemonSet", "node-exporter", hostPID=True),
        powerful(volumes=[LOGS]),
        with_context(
            capabilities={"add": ["NET_BIND_SERVICE", "CHOWN"]},
            runAsNonRoot=True,
            allowPrivilegeEscalation=False,
        ),
    ],
    ids=["the system's", "an agent of the node", "read-only logs", "what Baseline allows"],
)
def test_ordinary_power_is_silent(made: Json) -> None:
    assert "sec.privileged" not in rules(cluster(made))


def test_nothing_that_keeps_from_root_is_hygiene_with_a_proposal() -> None:
    finding = found(cluster(with_context()), "sec.root_or_escalation")
    assert finding.severity is Severity.LOW
    assert finding.fix is not None
    assert {one.text for one in finding.evidence} == {
        "securityContext.runAsNonRoot = not set",
        "securityContext.allowPrivilegeEscalation = not false",
    }


def test_a_container_may_undo_what_its_pod_says() -> None:
    of_pod = {"securityContext": {"runAsNonRoot": True, "runAsUser": 1000}}
    own = container("web", securityContext={"runAsUser": 0, "allowPrivilegeEscalation": False})
    finding = found(
        cluster(deployment(containers=[own], pod_spec=of_pod)), "sec.root_or_escalation"
    )
    assert [one.text for one in finding.evidence] == ["securityContext.runAsUser = 0"]


@pytest.mark.parametrize(
    "spec", [{"os": {"name": "windows"}}, {"hostUsers": False}], ids=["Windows", "user namespace"]
)
def test_where_root_is_not_roots_equal_it_is_silent(spec: Json) -> None:
    made = deployment(containers=[container(securityContext={})], pod_spec=spec)
    assert rules(cluster(made)) == set()


def namespace(**labels: str) -> Json:
    return thing(
        "Namespace", "shop", labels={key.replace("_", "-"): one for key, one in labels.items()}
    )


def test_a_namespace_without_a_level_is_hygiene() -> None:
    finding = found(cluster(deployment(), namespace()), "sec.psa_missing")
    assert (finding.severity, finding.resource) == (Severity.LOW, Ref("Namespace", "", "shop"))


def test_a_level_or_emptiness_is_silent() -> None:
    guarded = namespace()
    guarded["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = "baseline"
    assert rules(cluster(deployment(), guarded)) == set()
    assert rules(cluster(namespace())) == set()


TOKEN = "ghp_" + "a1B2c3D4e5" * 4


def with_env(name: str, value: str) -> Json:
    return deployment(containers=[container("web", env=[{"name": name, "value": value}])])


@pytest.mark.parametrize(
    ("made", "secret", "path"),
    [
        (with_env("DB_PASSWORD", "tr0ub4dor&3x"), "tr0ub4dor&3x", "env[DB_PASSWORD]"),
        (with_env("UPSTREAM", "postgres://app:s3cr3tpw@db/orders"), "s3cr3tpw", "env[UPSTREAM]"),
        (with_env("ANYTHING", TOKEN), TOKEN, "env[ANYTHING]"),
        (deployment(containers=[container(args=[f"--api-key={'Zx9' * 8}"])]), "Zx9" * 8, "args[0]"),
        (thing("ConfigMap", "conf", data={"app.yaml": "db:\n  password: hunter2horse\n"}), "hunter2horse", "data[app.yaml]"),
        (thing("ConfigMap", "conf", data={"k": "x"}, annotations={"deploy_token": TOKEN}), TOKEN, "annotations[deploy_token]"),
    ],
    ids=["environment", "address", "shape alone", "argument", "inside a file", "annotation"],
)  # fmt: skip
def test_a_credential_in_the_open_is_placed_and_never_shown(
    made: Json, secret: str, path: str
) -> None:
    finding = found(cluster(made), "sec.secret_in_plain")
    assert any(path in one.ref for one in finding.evidence)
    assert secret not in str(finding)


@pytest.mark.parametrize(
    "made",
    [
        with_env("DB_PASSWORD", "changeme"),
        with_env("DB_PASSWORD", "$(FROM_ELSEWHERE)"),
        with_env("DB_PASSWORD_FILE", "/run/secrets/db"),
        with_env("API_TOKEN", "/var/run/secrets/token"),
        with_env("CLIENT_SECRET", "orders-oauth"),
        with_env("TOKEN_TTL_S", "3600000"),
        with_env("DATABASE_URL", "postgres://app:$(PASSWORD)@db/orders"),
        with_env("PUBLIC_URL", "https://shop.example.com:8443/a@b"),
        thing("ConfigMap", "conf", data={"app.yaml": "auth:\n  password: ${DB_PASSWORD}\n  tokenTtl: 1h\n"}),
    ],
    ids=["placeholder", "reference", "file", "path", "name of a Secret", "number", "reference in an address",
         "address without a user", "template"],
)  # fmt: skip
def test_what_is_no_credential_is_silent(made: Json) -> None:
    assert "sec.secret_in_plain" not in rules(cluster(made))
