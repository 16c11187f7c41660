"""The Kubernetes hand in front of an API that fails for a while: tried again, and given up on."""

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.errors import Forbidden, NotFound, UpstreamUnavailable
from mcp_servers.backends.kinds import BUILT_IN, by_spelling
from mcp_servers.backends.kubernetes import Kubernetes
from sandbox.server import Addresses
from tests import proxy as faults
from tests.backends.loopback import Asked, answering
from tests.backends.waits import Waits
from tests.proxy import Proxy, proxying

PODS = "GET /api/v1/namespaces/shop/pods"


@pytest.fixture
def proxy(shop: Addresses) -> Iterator[Proxy]:
    with proxying(shop.kubernetes) as proxy:
        yield proxy


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def cluster(proxy: Proxy, waits: Waits, shop: Addresses, tmp_path: Path) -> Iterator[Kubernetes]:
    file = faults.kubeconfig_through(proxy, shop.kubeconfig, tmp_path)
    connected = Kubernetes.connect(kubeconfig=file, patience=waits.patience)
    yield connected
    connected.close()


PASSING = {
    "429": faults.too_many_requests("0"),
    "500": faults.status(500, "etcdserver: leader changed"),
    "502": faults.Answer(502, b"<html>bad gateway</html>"),
    "503": faults.status(503, "the server is shutting down"),
    "504": faults.status(504, "timed out"),
    "cut": faults.CutShort(),
    "head only": faults.CutShort(share=0),
    "half-closed": faults.HalfClosed(),
    "reset": faults.Reset(),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
async def test_a_list_is_asked_for_again_when_the_failure_may_pass(
    cluster: Kubernetes, proxy: Proxy, waits: Waits, fault: faults.Fault
) -> None:
    proxy.fail(PODS, fault, times=2)
    assert await cluster.list("Pod", namespace="shop")
    assert proxy.requests(PODS) == 3
    assert waits.seconds == [0.1, 0.2]


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
async def test_a_failure_that_stays_is_told_with_the_number_of_tries(
    cluster: Kubernetes, proxy: Proxy, fault: faults.Fault
) -> None:
    proxy.fail(PODS, fault, times=99)
    with pytest.raises(UpstreamUnavailable, match=r"Gave up after 4 tries\."):
        await cluster.list("Pod", namespace="shop")
    assert proxy.requests(PODS) == 4


async def test_the_wait_that_the_server_asks_for_is_kept_to(
    cluster: Kubernetes, proxy: Proxy, waits: Waits
) -> None:
    proxy.fail(PODS, faults.too_many_requests("3"))
    assert await cluster.list("Pod", namespace="shop")
    assert waits.seconds == [3.1]


async def test_a_wait_longer_than_the_time_that_is_left_is_not_begun(
    cluster: Kubernetes, proxy: Proxy, waits: Waits
) -> None:
    proxy.fail(PODS, faults.too_many_requests("30"))
    with pytest.raises(UpstreamUnavailable, match="asks to wait 30 s, longer than there is time"):
        await cluster.list("Pod", namespace="shop")
    assert waits.seconds == []


async def test_waits_and_tries_together_stay_within_the_time_limit(
    cluster: Kubernetes, proxy: Proxy, waits: Waits
) -> None:
    proxy.fail(PODS, faults.too_many_requests("4"), times=99)
    with pytest.raises(UpstreamUnavailable, match=r"Gave up after 3 tries\."):
        await cluster.list("Pod", namespace="shop")
    assert sum(waits.seconds) < cluster.timeout_s


async def test_a_server_that_refuses_to_connect_is_tried_again(
    cluster: Kubernetes, proxy: Proxy, waits: Waits
) -> None:
    proxy.close()
    waits.meanwhile = proxy.open
    assert await cluster.list("Pod", namespace="shop")
    assert len(waits.seconds) == 1


@pytest.mark.parametrize("fault", [faults.Slow(first=faults.never), faults.Slow(each=faults.never)])
async def test_an_answer_that_never_comes_ends_at_the_time_limit(
    proxy: Proxy, shop: Addresses, tmp_path: Path, fault: faults.Fault
) -> None:
    proxy.fail(PODS, fault)
    file = faults.kubeconfig_through(proxy, shop.kubeconfig, tmp_path)
    with pytest.raises(UpstreamUnavailable, match=r"no answer within 0\.2 s"):
        await Kubernetes.connect(kubeconfig=file, timeout_s=0.2).list("Pod", namespace="shop")


@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b'{"items": [', b"[]"])
async def test_an_answer_in_a_strange_format_is_quoted_and_not_asked_for_again(
    cluster: Kubernetes, proxy: Proxy, body: bytes
) -> None:
    proxy.fail(PODS, faults.Answer(200, body))
    with pytest.raises(UpstreamUnavailable, match="is not a Kubernetes API: it sent"):
        await cluster.list("Pod", namespace="shop")
    assert proxy.requests(PODS) == 1


async def test_one_object_and_a_log_are_asked_for_again(cluster: Kubernetes, proxy: Proxy) -> None:
    pod = (await cluster.list("Pod", namespace="shop"))[0]
    container = pod.raw["spec"]["containers"][0]["name"]
    proxy.fail(rf"{PODS}/{pod.name}$", faults.CutShort())
    proxy.fail(rf"{PODS}/{pod.name}/log", faults.status(503, "busy"))
    assert (await cluster.get("Pod", pod.name, namespace="shop")).name == pod.name
    assert (await cluster.logs(pod.name, namespace="shop", container=container)).pod.name


async def test_an_access_review_changes_nothing_and_is_asked_for_again(
    cluster: Kubernetes, proxy: Proxy
) -> None:
    proxy.fail("selfsubjectaccessreviews", faults.Reset())
    assert await cluster.may("list", "pods", namespace="shop")


CONFIG_MAP = by_spelling(BUILT_IN)["configmap"]
WRITTEN: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "written", "namespace": "shop"},
}


@pytest.mark.parametrize("fault", [faults.Reset(), faults.status(503, "busy"), faults.CutShort(0)])
async def test_a_write_whose_fate_is_unknown_is_not_repeated(
    cluster: Kubernetes, proxy: Proxy, fault: faults.Fault
) -> None:
    proxy.fail("POST", fault, times=99)
    with pytest.raises(UpstreamUnavailable):
        await cluster._fetch("create", CONFIG_MAP, CONFIG_MAP.path("shop"), "shop", body=WRITTEN)
    assert proxy.requests("POST") == 1


async def test_a_write_of_which_nothing_was_sent_is_repeated(
    cluster: Kubernetes, proxy: Proxy, waits: Waits
) -> None:
    proxy.close()
    waits.meanwhile = proxy.open
    body = {**WRITTEN, "metadata": {"name": "sent-once", "namespace": "shop"}}
    await cluster._fetch("create", CONFIG_MAP, CONFIG_MAP.path("shop"), "shop", body=body)
    assert proxy.requests("POST") == 1


def paged(asked: Asked) -> tuple[int, Any]:
    """Two pages of one pod each."""
    first = "continue" not in asked.query
    items = [{"metadata": {"name": "p1" if first else "p2"}}]
    return 200, {"items": items, "metadata": {"continue": "t" if first else ""}}


async def test_a_list_that_expired_between_pages_begins_anew_once(tmp_path: Path) -> None:
    with answering(paged) as server, proxying(server.url) as proxy:
        cluster = Kubernetes.connect(kubeconfig=kubeconfig(tmp_path, proxy.url))
        proxy.fail("continue=", faults.too_old())
        assert [one.name for one in await cluster.list("Pod")] == ["p1", "p2"]
        proxy.fail("continue=", faults.too_old(), times=2)
        with pytest.raises(UpstreamUnavailable, match="list of pods expired twice"):
            await cluster.list("Pod")


async def test_a_page_that_fails_is_asked_for_again_and_not_the_whole_list(
    tmp_path: Path, waits: Waits
) -> None:
    with answering(paged) as server, proxying(server.url) as proxy:
        file = kubeconfig(tmp_path, proxy.url)
        cluster = Kubernetes.connect(kubeconfig=file, patience=waits.patience)
        proxy.fail("continue=", faults.CutShort())
        assert [one.name for one in await cluster.list("Pod")] == ["p1", "p2"]
        assert (proxy.requests("continue="), proxy.requests("")) == (2, 3)


def kubeconfig(folder: Path, server: str, **user: Any) -> Path:
    file = folder / "kubeconfig"
    tree = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "shop",
        "clusters": [{"name": "shop", "cluster": {"server": server}}],
        "users": [{"name": "admin", "user": user or {"token": "t0ken"}}],
        "contexts": [{"name": "shop", "context": {"cluster": "shop", "user": "admin"}}],
    }
    file.write_text(yaml.safe_dump(tree))
    return file


def guarded(asked: Asked) -> tuple[int, Any]:
    """An API that only knows the second token."""
    if asked.headers.get("authorization") != "Bearer second":
        return 401, {"kind": "Status", "message": "Unauthorized"}
    return 200, {"items": [{"metadata": {"name": "p"}}]}


async def test_a_token_file_that_was_rotated_is_read_anew(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("first")
    with answering(guarded) as server:
        file = kubeconfig(tmp_path, server.url, tokenFile=str(token))
        cluster = Kubernetes.connect(kubeconfig=file)
        token.write_text("second")
        assert len(await cluster.list("Pod")) == 1
    assert len(server.asked) == 2


async def test_a_kubeconfig_that_was_renewed_is_read_anew_once_for_all_requests(
    tmp_path: Path,
) -> None:
    with answering(guarded) as server:
        cluster = Kubernetes.connect(kubeconfig=kubeconfig(tmp_path, server.url, token="first"))
        kubeconfig(tmp_path, server.url, token="second")
        await asyncio.gather(*(cluster.list("Pod") for _ in range(8)))
        assert cluster.api
        assert cluster.api.renewals == 1


async def test_a_credential_plugin_runs_again_when_its_token_is_refused(tmp_path: Path) -> None:
    tokens, plugin = tmp_path / "tokens", tmp_path / "plugin.py"
    tokens.write_text("first second")
    kind = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}
    plugin.write_text(
        f"import json, pathlib\n"
        f"file = pathlib.Path({str(tokens)!r})\n"
        f"token, *rest = file.read_text().split()\n"
        f"file.write_text(' '.join(rest or [token]))\n"
        f"print(json.dumps({{**{json.dumps(kind)}, 'status': {{'token': token}}}}))\n"
    )
    plan = {"apiVersion": kind["apiVersion"], "command": sys.executable, "args": [str(plugin)]}
    plan["interactiveMode"] = "Never"
    with answering(guarded) as server:
        cluster = Kubernetes.connect(kubeconfig=kubeconfig(tmp_path, server.url, exec=plan))
        assert len(await cluster.list("Pod")) == 1


async def test_credentials_that_stay_refused_are_read_anew_only_once(tmp_path: Path) -> None:
    with answering(guarded) as server:
        cluster = Kubernetes.connect(kubeconfig=kubeconfig(tmp_path, server.url, token="first"))
        with pytest.raises(Forbidden, match="does not accept Midwatch's credentials, read anew"):
            await cluster.list("Pod")
    assert len(server.asked) == 2


async def test_a_token_that_expired_for_one_request_is_no_failure(
    cluster: Kubernetes, proxy: Proxy, waits: Waits
) -> None:
    proxy.fail(PODS, faults.expired_token())
    assert await cluster.list("Pod", namespace="shop")
    assert waits.seconds == []


async def test_a_version_the_api_does_not_serve_is_named_with_those_it_does(
    cluster: Kubernetes, proxy: Proxy
) -> None:
    proxy.fail("GET /apis/apps/v1/deployments", faults.no_such_version())
    with pytest.raises(NotFound, match=r"does not serve deployments as apps/v1.*serves apps/v1\."):
        await cluster.list("Deployment")


async def test_a_group_that_does_not_answer_hides_no_other_kind(tmp_path: Path) -> None:
    groups = ["a.example/v1", "b.example/v1"]

    def answer(asked: Asked) -> tuple[int, Any]:
        if asked.path == "/apis":
            return 200, {"groups": [{"preferredVersion": {"groupVersion": one}} for one in groups]}
        if asked.path == "/apis/a.example/v1":
            return 503, {"message": "service unavailable"}
        kinds = [{"name": "widgets", "kind": "Widget", "namespaced": False}]
        if asked.path == "/apis/b.example/v1":
            return 200, {"groupVersion": "b.example/v1", "resources": kinds}
        return 200, {"items": [{"metadata": {"name": "one"}}]}

    with answering(answer) as server:
        file = kubeconfig(tmp_path, server.url)
        cluster = Kubernetes.connect(kubeconfig=file, patience=Waits().patience)
        assert len(await cluster.list("widgets")) == 1
        with pytest.raises(NotFound, match=r"a\.example/v1 could not be asked.*unavailable"):
            await cluster.list("gadgets")
