"""Label and field selectors, and pages of a list."""

import pytest

from core.errors import Invalid, NotFound
from mcp_servers.backends.kubernetes import Kubernetes
from tests.kube.manifests import config, pod, thing
from tests.kube.server import Kube, refused

LABELLED = {
    "a": {"app": "web", "tier": "front"},
    "b": {"app": "web", "tier": "back"},
    "c": {"app": "db"},
    "d": {},
}


@pytest.fixture
def labelled(kube: Kube) -> Kube:
    for name, labels in LABELLED.items():
        kube.made("secrets", thing("Secret", name, labels=labels))
    return kube


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("", "abcd"),
        ("app=web", "ab"),
        ("app==web", "ab"),
        ("app!=web", "cd"),
        ("app", "abc"),
        ("!app", "d"),
        ("app=web,tier=back", "b"),
        ("app in (web,db)", "abc"),
        ("app in (db)", "c"),
        ("app notin (web)", "cd"),
        ("tier notin (front),app", "bc"),
        ("app=web,!tier", ""),
        ("tier", "ab"),
        ("app=", ""),
        ("app in (web), tier in (front, back)", "ab"),
    ],
)
async def test_labels_choose(labelled: Kube, hand: Kubernetes, selector: str, names: str) -> None:
    found = await hand.list("Secret", namespace=labelled.namespace, label_selector=selector)
    assert "".join(one.name for one in found) == names
    assert "".join(labelled.names("secrets", labelSelector=selector)) == names


@pytest.mark.parametrize(
    "selector", ["app in web", "app=web=db", "a b", "app in (", "-=x", "app=-x"]
)
def test_a_label_selector_that_cannot_be_read_is_refused(kube: Kube, selector: str) -> None:
    answer = kube.get("secrets", labelSelector=selector)
    refused(answer, 400, "BadRequest")


@pytest.fixture
def pods(kube: Kube) -> Kube:
    kube.made("pods", pod("one", nodeName="node-a"))
    kube.made("pods", pod("two", nodeName="node-b", restartPolicy="Never"))
    kube.made("pods", pod("waits"))
    return kube


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("metadata.name=one", ["one"]),
        ("metadata.name!=one", ["two", "waits"]),
        ("spec.nodeName=node-a", ["one"]),
        ("spec.nodeName=", ["waits"]),
        ("spec.nodeName!=", ["one", "two"]),
        ("spec.restartPolicy=Never", ["two"]),
        ("status.phase=Pending", ["one", "two", "waits"]),
        ("status.phase!=Pending", []),
        ("metadata.name=one,spec.nodeName=node-b", []),
    ],
)
async def test_fields_choose(pods: Kube, hand: Kubernetes, selector: str, names: list[str]) -> None:
    found = await hand.list("Pod", namespace=pods.namespace, field_selector=selector)
    assert [one.name for one in found] == names


@pytest.mark.parametrize(
    ("resource", "selector"),
    [
        ("pods", "spec.containers=x"),
        ("configmaps", "data.a=1"),
        ("deployments.apps", "spec.replicas=2"),
        ("pods", "metadata.name"),
    ],
)
def test_a_field_that_is_not_indexed_is_refused(kube: Kube, resource: str, selector: str) -> None:
    refused(kube.get(resource, fieldSelector=selector), 400, "BadRequest")


async def test_a_refused_selector_is_ours_to_explain(kube: Kube, hand: Kubernetes) -> None:
    with pytest.raises(Invalid, match="refused the request"):
        await hand.list("Pod", namespace=kube.namespace, label_selector="app in (")


@pytest.fixture
def seven(kube: Kube) -> Kube:
    for number in range(7):
        kube.made("secrets", thing("Secret", f"s{number}"))
    return kube


@pytest.mark.parametrize(("limit", "pages"), [(1, 7), (2, 4), (3, 3), (7, 1), (50, 1)])
def test_pages_hold_every_object_once(seven: Kube, limit: int, pages: int) -> None:
    names: list[str] = []
    token, read = "", 0
    while token or not read:
        page = seven.get("secrets", limit=limit, **({"continue": token} if token else {})).json()
        names += [one["metadata"]["name"] for one in page["items"]]
        token, read = page["metadata"].get("continue", ""), read + 1
    assert names == [f"s{number}" for number in range(7)]
    assert read == pages


def test_a_page_says_how_many_remain(seven: Kube) -> None:
    assert seven.get("secrets", limit=2).json()["metadata"]["remainingItemCount"] == 5


def test_a_chosen_list_does_not_count_the_rest(seven: Kube) -> None:
    metadata = seven.get("secrets", limit=2, labelSelector="!nothing").json()["metadata"]
    assert metadata["continue"]
    assert "remainingItemCount" not in metadata


def test_later_pages_do_not_see_later_writes(seven: Kube) -> None:
    first = seven.get("secrets", limit=5).json()["metadata"]
    seven.made("secrets", thing("Secret", "s9"))
    seven.delete("secrets", "s6").raise_for_status()
    rest = seven.get("secrets", limit=5, **{"continue": first["continue"]}).json()
    assert [one["metadata"]["name"] for one in rest["items"]] == ["s5", "s6"]
    assert rest["metadata"]["resourceVersion"] == first["resourceVersion"]


def test_a_continue_token_that_nobody_gave_is_refused(seven: Kube) -> None:
    answer = seven.get("secrets", limit=2, **{"continue": "bm90aGluZw"})
    refused(answer, 400, "BadRequest", "continue key is not valid")


async def test_our_backend_reads_as_many_as_it_is_asked_for(seven: Kube, hand: Kubernetes) -> None:
    assert len(await hand.list("Secret", namespace=seven.namespace, limit=3)) == 3
    assert len(await hand.list("Secret", namespace=seven.namespace)) == 7


async def test_our_backend_names_the_nearest(kube: Kube, hand: Kubernetes) -> None:
    kube.made("configmaps", config("checkout"))
    with pytest.raises(NotFound, match=r"no ConfigMap 'chekout'.*Did you mean checkout\?"):
        await hand.get("cm", "chekout", namespace=kube.namespace)
    with pytest.raises(NotFound, match="There is no namespace 'nowhere-at-all'"):
        await hand.list("Pod", namespace="nowhere-at-all")


async def test_our_backend_knows_where_a_name_is(kube: Kube, hand: Kubernetes) -> None:
    name = f"only-{kube.namespace}"
    kube.made("services", thing("Service", name, spec={"ports": [{"port": 80}]}))
    assert (await hand.get("svc", name)).namespace == kube.namespace
    with pytest.raises(NotFound, match=f"There is one in namespace {kube.namespace}"):
        await hand.get("Service", name, namespace="default")
