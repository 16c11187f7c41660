"""The Kubernetes hand, against the practice cluster over its real protocol."""

from collections.abc import Callable, Iterator

import pytest

from core.errors import Forbidden, Invalid, NotFound
from core.principal import Principal
from mcp_servers.backends.kubernetes import Kubernetes
from sandbox.server import Addresses

METRICS = "system:serviceaccount:monitoring:kube-state-metrics"  # may list, may not get
NOBODY = "system:serviceaccount:shop:default"


@pytest.fixture
def acting(shop: Addresses) -> Iterator[Callable[[str], Kubernetes]]:
    opened: list[Kubernetes] = []

    def as_user(user: str) -> Kubernetes:
        opened.append(Kubernetes.connect(kubeconfig=shop.kubeconfig, impersonate=user))
        return opened[-1]

    yield as_user
    for one in opened:
        one.close()


async def test_the_cluster_is_called_as_its_context(cluster: Kubernetes) -> None:
    assert cluster.cluster_name == "harbour-eu1"
    assert (await cluster.version()).startswith("v1.")


@pytest.mark.parametrize("word", ["Pod", "pods", "po", "POD"])
async def test_a_kind_may_be_spelt_in_any_usual_way(cluster: Kubernetes, word: str) -> None:
    pods = await cluster.list(word, namespace="shop")
    assert {one.kind for one in pods} == {"Pod"}
    assert {one.raw["apiVersion"] for one in pods} == {"v1"}


async def test_a_kind_may_carry_its_group(cluster: Kubernetes) -> None:
    [found] = await cluster.list("deploy.apps", field_selector="metadata.name=checkout")
    assert (found.kind, found.namespace) == ("Deployment", "shop")


async def test_the_kinds_of_a_group_are_asked_for_together(cluster: Kubernetes) -> None:
    found = await cluster.kinds_in({"apps", "nobody-serves.example.com"}.__contains__)
    assert {one.group for one in found} == {"apps"}
    assert "StatefulSet" in {one.name for one in found}


async def test_an_unknown_kind_names_the_nearest(cluster: Kubernetes) -> None:
    with pytest.raises(NotFound, match=r"no kind 'Deploymnt'\. Did you mean Deployment"):
        await cluster.list("Deploymnt")


async def test_selectors_are_applied_by_the_server(cluster: Kubernetes) -> None:
    found = await cluster.list(
        "Pod", namespace="shop", label_selector="app.kubernetes.io/name=checkout"
    )
    assert len(found) == 3
    limited = await cluster.list("Pod", namespace="shop", limit=2)
    assert len(limited) == 2


async def test_an_unknown_namespace_is_not_an_empty_one(cluster: Kubernetes) -> None:
    with pytest.raises(NotFound, match=r"no namespace 'shoop'\. Did you mean shop\?"):
        await cluster.list("Pod", namespace="shoop")
    assert await cluster.list("Pod", namespace="default") == []


async def test_a_missing_object_names_its_nearest_neighbour(cluster: Kubernetes) -> None:
    with pytest.raises(NotFound, match=r"no Service 'chekout' in namespace shop.*mean checkout\?"):
        await cluster.get("Service", "chekout", namespace="shop")


async def test_a_missing_object_is_told_where_it_is(cluster: Kubernetes) -> None:
    with pytest.raises(NotFound, match="There is one in namespace payments"):
        await cluster.get("Service", "ledger", namespace="shop")


async def test_an_object_in_an_unknown_namespace_names_the_namespace(cluster: Kubernetes) -> None:
    with pytest.raises(NotFound, match=r"no namespace 'paymets'\. Did you mean payments\?"):
        await cluster.get("Service", "ledger", namespace="paymets")


async def test_without_a_namespace_the_only_object_of_a_name_is_found(cluster: Kubernetes) -> None:
    assert (await cluster.get("svc", "ledger")).namespace == "payments"
    with pytest.raises(Invalid, match=r"There are \d+ serviceaccounts named default"):
        await cluster.get("sa", "default")


@pytest.mark.parametrize("name", ["..", "a/b", "", "a b", "-x"])
async def test_a_name_never_becomes_another_path(cluster: Kubernetes, name: str) -> None:
    with pytest.raises((Invalid, NotFound)):
        await cluster.get("Pod", name or "/", namespace="shop")


async def test_logs_bring_their_times_and_say_what_came_before(cluster: Kubernetes) -> None:
    [pod, *_] = await cluster.list("Pod", label_selector="app.kubernetes.io/name=checkout")
    log = await cluster.logs(pod.name, namespace="shop", container="checkout", tail_lines=3)
    assert len(log.lines) == 3
    assert log.truncated
    assert all(at is not None and at.tzinfo is not None for at, _ in log.lines)


async def test_a_container_that_never_restarted_has_no_previous_log(cluster: Kubernetes) -> None:
    [pod, *_] = await cluster.list("Pod", label_selector="app.kubernetes.io/name=cart")
    with pytest.raises(NotFound, match="never restarted"):
        await cluster.logs(pod.name, namespace="shop", container="cart", previous=True)


async def test_events_come_as_facts(cluster: Kubernetes) -> None:
    events = await cluster.events(namespace="shop")
    back_off = [one for one in events if one.reason == "BackOff"]
    assert back_off
    assert all(one.about.kind == "Pod" and one.count > 1 and one.last_at for one in back_off)


async def test_what_is_forbidden_says_the_verb_and_the_rule_to_add(
    acting: Callable[[str], Kubernetes],
) -> None:
    with pytest.raises(Forbidden) as caught:
        await acting(NOBODY).list("Deployment", namespace="shop")
    assert caught.value.message == "Midwatch may not list deployments in namespace shop."
    assert 'apiGroups: ["apps"]\n  resources: ["deployments"]' in caught.value.hint
    assert 'verbs: ["list"]' in caught.value.hint


async def test_forbidden_logs_name_the_subresource(acting: Callable[[str], Kubernetes]) -> None:
    with pytest.raises(Forbidden, match="may not get pods/log in namespace shop"):
        await acting(METRICS).logs("any", namespace="shop", container="app")


async def test_the_api_server_says_what_midwatch_may(acting: Callable[[str], Kubernetes]) -> None:
    account = acting(METRICS)
    assert await account.may("list", "Pod", namespace="shop")
    assert not await account.may("get", "pods/log", namespace="shop")
    assert not await acting(NOBODY).may("list", "Pod")


async def test_a_view_reaches_no_further_than_its_namespaces(cluster: Kubernetes) -> None:
    mine = cluster.seen_by(Principal("sue", namespaces=frozenset({"shop", "data"})))
    assert {one.namespace for one in await mine.list("Pod")} == {"shop", "data"}
    assert {one.name for one in await mine.list("Namespace")} == {"shop", "data"}
    with pytest.raises(Forbidden, match=r"may not see namespace payments\. You may see: data, sh"):
        await mine.get("Service", "ledger", namespace="payments")


async def test_a_hidden_namespace_looks_like_one_that_does_not_exist(cluster: Kubernetes) -> None:
    mine = cluster.seen_by(Principal("sue", namespaces=frozenset({"shop"})))
    sentences: set[str] = set()
    for namespace in ("payments", "nowhere"):
        with pytest.raises(Forbidden) as caught:
            await mine.list("Pod", namespace=namespace)
        sentences.add(str(caught.value).replace(namespace, "X"))
    assert len(sentences) == 1


async def test_hints_never_name_what_a_view_hides(cluster: Kubernetes) -> None:
    mine = cluster.seen_by(Principal("sue", namespaces=frozenset({"shop"})))
    with pytest.raises(NotFound) as caught:
        await mine.get("Service", "ledger", namespace="shop")
    assert "payments" not in str(caught.value)
    with pytest.raises(NotFound) as caught:
        await mine.get("Namespace", "payments")
    assert "Did you mean" not in str(caught.value)
    with pytest.raises(Forbidden, match="belong to the whole cluster"):
        await mine.list("PersistentVolume")
