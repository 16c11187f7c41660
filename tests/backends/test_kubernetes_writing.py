"""Writes: tried dry without effect, held to one object and version, never sent twice."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import Conflict, Forbidden, Invalid, NotFound, UpstreamUnavailable
from core.principal import Principal
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.backends.kubernetes_writing import KubernetesWriting, Unsure
from mcp_servers.facts.fixes import Verb, Write
from mcp_servers.facts.kubernetes import Json, Ref
from sandbox.server import Addresses, serving_in_thread
from tests import proxy as faults
from tests.backends.waits import Waits
from tests.proxy import Proxy, proxying
from tests.sandbox.practising import SNAPSHOTS

CART = Ref("Deployment", "shop", "cart")
PAUSE: Json = {"spec": {"paused": True}}


@pytest.fixture(scope="module")
def own_shop() -> Iterator[Addresses]:
    """A shop of its own: what is written here is nobody else's business."""
    with serving_in_thread(SNAPSHOTS / "shop", reacts=False) as addresses:
        yield addresses


@pytest.fixture
def proxy(own_shop: Addresses) -> Iterator[Proxy]:
    with proxying(own_shop.kubernetes) as proxy:
        yield proxy


@pytest.fixture
def writing(proxy: Proxy, own_shop: Addresses, tmp_path: Path) -> Iterator[KubernetesWriting]:
    file = faults.kubeconfig_through(proxy, own_shop.kubeconfig, tmp_path)
    cluster = Kubernetes.connect(kubeconfig=file, timeout_s=3, patience=Waits().patience)
    yield KubernetesWriting(cluster)
    cluster.close()


async def held(writing: KubernetesWriting, body: Json, verb: Verb = Verb.STRATEGIC) -> Write:
    live = await writing.found(CART)
    assert live is not None
    return Write(verb, CART, body, live.uid, str(live.metadata["resourceVersion"]))


async def test_a_dry_run_tells_the_outcome_and_changes_nothing(writing: KubernetesWriting) -> None:
    write = await held(writing, {"spec": {"replicas": 7}})
    assert (await writing.try_dry(write))["spec"]["replicas"] == 7
    live = await writing.found(CART)
    assert live is not None
    assert (live.spec["replicas"], live.metadata["resourceVersion"]) == (2, write.resource_version)


@pytest.mark.parametrize("verb", [Verb.STRATEGIC, Verb.MERGE])
async def test_a_patch_is_refused_on_another_version_or_another_object(
    writing: KubernetesWriting, verb: Verb
) -> None:
    write = await held(writing, PAUSE, verb)
    with pytest.raises(Conflict):
        await writing.carry_out(replace(write, resource_version="1"))
    with pytest.raises((Conflict, Invalid)):
        await writing.carry_out(replace(write, uid="00000000-0000-0000-0000-000000000000"))


async def test_a_field_that_does_not_exist_is_refused_and_not_dropped(
    writing: KubernetesWriting,
) -> None:
    with pytest.raises(Invalid, match="unknown field"):
        await writing.try_dry(await held(writing, {"spec": {"replica": 3}}))


async def test_replicas_are_written_through_scale(writing: KubernetesWriting, proxy: Proxy) -> None:
    write = await held(writing, {"spec": {"replicas": 3}}, Verb.SCALE)
    assert (await writing.carry_out(write))["spec"]["replicas"] == 3
    live = await writing.found(CART)
    assert live is not None
    assert live.spec["replicas"] == 3
    assert proxy.requests("PATCH .*/scale") == 1


async def test_a_job_is_made_and_deleted_only_as_the_one_that_was_made(
    writing: KubernetesWriting,
) -> None:
    job = Ref("Job", "shop", "again")
    pod = {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a:1"}]}
    body = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "again", "namespace": "shop"},
        "spec": {"template": {"spec": pod}},
    }
    made = await writing.carry_out(Write(Verb.CREATE, job, body))
    with pytest.raises(Conflict):
        await writing.carry_out(Write(Verb.CREATE, job, body))
    with pytest.raises(Conflict):
        await writing.carry_out(Write(Verb.DELETE, job, {}, "another-uid"))
    removal = Write(Verb.DELETE, job, {}, made["metadata"]["uid"])
    await writing.try_dry(removal)
    kept = await writing.found(job)
    assert kept is not None
    assert "deletionTimestamp" not in kept.metadata
    await writing.carry_out(removal)
    left = await writing.found(job)
    assert left is None or left.metadata.get("deletionTimestamp")


async def test_a_pod_that_its_budget_guards_is_not_evicted(writing: KubernetesWriting) -> None:
    pods = await writing.reading.list("Pod", namespace="shop")
    pod = next(one for one in pods if one.name.startswith("checkout-"))
    with pytest.raises(Conflict, match="may not be evicted now"):
        await writing.carry_out(Write(Verb.EVICT, pod.ref, {}, pod.uid))
    assert await writing.found(pod.ref) is not None


LOST = {
    "cut": faults.CutShort(0),
    "reset": faults.Reset(),
    "500": faults.status(500, "oops"),
    "503": faults.status(503, "busy"),
    "html": faults.Answer(200, b"<html>proxy</html>"),
}


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
async def test_a_write_without_a_whole_answer_is_unsure_and_is_not_repeated(
    writing: KubernetesWriting, proxy: Proxy, fault: faults.Fault
) -> None:
    write = await held(writing, PAUSE)
    proxy.fail("PATCH", fault, times=99)
    with pytest.raises(Unsure):
        await writing.carry_out(write)
    assert proxy.requests("PATCH") == 1


async def test_a_write_of_which_nothing_was_sent_did_not_happen(
    writing: KubernetesWriting, proxy: Proxy
) -> None:
    write = await held(writing, PAUSE)
    proxy.close()
    with pytest.raises(UpstreamUnavailable) as raised:
        await writing.carry_out(write)
    assert not isinstance(raised.value, Unsure)


async def test_what_is_out_of_sight_is_neither_written_nor_told_of(
    writing: KubernetesWriting,
) -> None:
    elsewhere = writing.seen_by(Principal("sue", namespaces=frozenset({"data"})))
    for name in ("cart", "no-such"):
        write = Write(Verb.STRATEGIC, Ref("Deployment", "shop", name), PAUSE)
        with pytest.raises(Forbidden, match="may not see namespace shop"):
            await elsewhere.carry_out(write)


async def test_rights_are_asked_of_the_api_for_the_very_verb(
    own_shop: Addresses, proxy: Proxy, tmp_path: Path
) -> None:
    file = faults.kubeconfig_through(proxy, own_shop.kubeconfig, tmp_path)
    account = "system:serviceaccount:shop:checkout"
    nobody = Kubernetes.connect(kubeconfig=file, impersonate=account, patience=Waits().patience)
    for verb in Verb:
        assert not await KubernetesWriting(nobody).may(Write(verb, CART))
    with pytest.raises(Forbidden, match="may not patch deployments"):
        await KubernetesWriting(nobody).try_dry(Write(Verb.STRATEGIC, CART, PAUSE))
    nobody.close()


async def test_what_is_not_there_is_not_patched(writing: KubernetesWriting) -> None:
    with pytest.raises(NotFound):
        await writing.carry_out(Write(Verb.STRATEGIC, Ref("Deployment", "shop", "none"), PAUSE))
