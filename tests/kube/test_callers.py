"""Whoever asks Midwatch is asked for as themselves, and the cluster's own RBAC decides."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager

import pytest

from core.errors import Forbidden
from core.principal import Permission, Principal
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.backends.kubernetes_writing import KubernetesWriting
from mcp_servers.backends.sight import Impersonation
from mcp_servers.client import Connections, Sessions, Tools, in_process
from mcp_servers.facts.fixes import Verb, Write
from mcp_servers.facts.kubernetes import Ref
from tests.kube.deadline import eventually
from tests.kube.manifests import RBAC, binding, config, role, user
from tests.kube.server import Kube, Server

READS = {"apiGroups": [""], "resources": ["pods", "configmaps"], "verbs": ["get", "list"]}
WRITES = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "patch"]}
SETTINGS = "metadata.name=settings"
EVERYTHING = frozenset(Permission)
CALLERS = Impersonation("mw:{user}", (("on-call", "pagers"), ("on-call", "night"), ("user", "all")))


def person(name: str, *roles: str) -> Principal:
    return Principal(name, roles=frozenset(roles), permissions=EVERYTHING)


@pytest.fixture
def known(kube: Kube) -> Kube:
    """A namespace where mw:王芳 may read, and who is in the group night may patch configmaps."""
    kube.made(f"roles.{RBAC}", role("reader", READS))
    kube.made(f"roles.{RBAC}", role("writer", WRITES))
    kube.made(f"rolebindings.{RBAC}", binding("reads", "reader", user("mw:王芳")))
    night = {"apiGroup": RBAC, "kind": "Group", "name": "night"}
    kube.made(f"rolebindings.{RBAC}", binding("writes", "writer", night))
    kube.made("configmaps", config("settings", mode="day"))
    headers = {"impersonate-user": "x", "impersonate-group": "night"}
    path = kube.path("configmaps", "settings")
    eventually(lambda: kube.http.get(path, headers=headers).status_code == 200)
    return kube


@pytest.fixture
def cluster(server: Server) -> Iterator[Kubernetes]:
    connected = Kubernetes.connect(kubeconfig=server.kubeconfig, callers=CALLERS, timeout_s=30)
    yield connected
    connected.close()


async def test_a_person_sees_what_the_cluster_lets_them(cluster: Kubernetes, known: Kube) -> None:
    hers = cluster.seen_by(person("王芳"))
    [found] = await hers.list("ConfigMap", namespace=known.namespace, field_selector=SETTINGS)
    assert found.name == "settings"
    assert await hers.may("list", "pods", namespace=known.namespace)
    assert not await hers.may("delete", "pods", namespace=known.namespace)


async def test_a_refusal_names_the_person_and_the_rule(cluster: Kubernetes, known: Kube) -> None:
    with pytest.raises(Forbidden) as refused:
        await cluster.seen_by(person("eve")).list("Pod", namespace=known.namespace)
    words = f"mw:eve may not list pods in namespace {known.namespace}."
    assert refused.value.message == words
    assert 'resources: ["pods"]' in refused.value.hint
    assert "mw:eve 没有在命名空间" in refused.value.told("zh")


async def test_roles_here_are_groups_there(cluster: Kubernetes, known: Kube) -> None:
    ref = Ref("ConfigMap", known.namespace, "settings")
    write = Write(Verb.MERGE, ref, {"data": {"mode": "night"}})
    writing = KubernetesWriting(cluster)
    assert not await writing.seen_by(person("ben", "user")).may(write)
    with pytest.raises(Forbidden, match="mw:ben may not patch configmaps"):
        await writing.seen_by(person("ben", "user")).carry_out(write)
    on_call = writing.seen_by(person("ben", "on-call"))
    assert await on_call.may(write)
    assert (await on_call.carry_out(write))["data"] == {"mode": "night"}


async def test_midwatchs_own_work_is_done_with_its_own_account(
    cluster: Kubernetes, known: Kube
) -> None:
    jobs = Principal("midwatch:jobs", itself=True)
    assert await cluster.seen_by(jobs).list("ConfigMap", namespace=known.namespace)


@pytest.mark.parametrize("name", ["system:admin", "ann\r\nImpersonate-Group: system:masters"])
def test_nobody_becomes_a_part_of_the_cluster_by_their_name(server: Server, name: str) -> None:
    plain = Kubernetes.connect(kubeconfig=server.kubeconfig, callers=Impersonation("{user}"))
    try:
        with pytest.raises(Forbidden, match="cannot be somebody's name in the cluster"):
            plain.seen_by(person(name))
    finally:
        plain.close()


@asynccontextmanager
async def _sessions(server: Server) -> AsyncGenerator[Sessions]:
    reach = Connections(kubeconfig=server.kubeconfig, callers="mw:{user}", timeout_s=30)
    async with in_process(reach) as sessions:
        yield sessions


async def test_every_tool_asks_as_its_caller(server: Server, known: Kube) -> None:
    asked = {"kind": "ConfigMap", "name": "settings", "namespace": known.namespace}
    async with _sessions(server) as sessions:
        answer = await Tools(sessions, person("王芳")).call("kubernetes_get_object", **asked)
        assert "settings" in answer.text
        with pytest.raises(Forbidden, match="mw:eve may not get configmaps"):
            await Tools(sessions, person("eve")).call("kubernetes_get_object", **asked)
