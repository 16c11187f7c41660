"""What an unreachable, slow or strange API server does to the Kubernetes hand."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from core.errors import Conflict, Forbidden, Invalid, NotFound, OpsError, UpstreamUnavailable
from mcp_servers.backends.kubernetes import Kubernetes
from tests.backends.loopback import Asked, answering, kubeconfig_for
from tests.backends.waits import Waits

CLOSED = "http://127.0.0.1:1"


def connected(folder: Path, server: str, timeout_s: float = 5.0) -> Kubernetes:
    file = kubeconfig_for(folder, server)
    return Kubernetes.connect(kubeconfig=file, timeout_s=timeout_s, patience=Waits().patience)


def status(message: str) -> dict[str, Any]:
    return {"kind": "Status", "status": "Failure", "message": message}


async def test_nobody_listening_is_said_with_the_address(tmp_path: Path) -> None:
    with pytest.raises(UpstreamUnavailable, match=r"127\.0\.0\.1:1 does not answer: nothing list"):
        await connected(tmp_path, CLOSED).list("Pod")


async def test_a_slow_answer_ends_at_the_time_limit(tmp_path: Path) -> None:
    def answer(_: Asked) -> tuple[int, Any]:
        time.sleep(2)
        return 200, {"items": []}

    with answering(answer) as server:
        cluster = connected(tmp_path, server.url, timeout_s=0.2)
        with pytest.raises(UpstreamUnavailable, match=r"no answer within 0\.2 s"):
            await cluster.list("Pod")


@pytest.mark.parametrize("body", [b"<html>It works!</html>", b"", b"[1]", b'"text"'])
async def test_a_body_that_is_no_kubernetes_is_quoted(tmp_path: Path, body: bytes) -> None:
    with (
        answering(lambda _: (200, body)) as server,
        pytest.raises(UpstreamUnavailable, match="is not a Kubernetes API"),
    ):
        await connected(tmp_path, server.url).list("Pod")


@pytest.mark.parametrize(
    ("code", "kind", "sentence"),
    [
        (401, Forbidden, "does not accept Midwatch's credentials"),
        (403, Forbidden, "Midwatch may not list pods in namespace shop"),
        (409, Conflict, "was changed"),
        (422, Invalid, "refused the request: was changed"),
        (500, UpstreamUnavailable, "answered 500: was changed"),
        (503, UpstreamUnavailable, "answered 503"),
    ],
)
async def test_every_refusal_is_one_of_our_errors(
    tmp_path: Path, code: int, kind: type[OpsError], sentence: str
) -> None:
    with (
        answering(lambda _: (code, status("was changed."))) as server,
        pytest.raises(kind, match=sentence),
    ):
        await connected(tmp_path, server.url).list("Pod", namespace="shop")


async def test_long_lists_are_read_page_by_page(tmp_path: Path) -> None:
    def answer(asked: Asked) -> tuple[int, Any]:
        start = int(asked.query.get("continue", 0))
        items = [
            {"metadata": {"name": f"p{n}", "namespace": "shop"}} for n in range(start, start + 3)
        ]
        token = str(start + 3) if start < 6 else ""
        return 200, {"items": items, "metadata": {"continue": token}}

    with answering(answer) as server:
        pods = await connected(tmp_path, server.url).list("Pod")
    assert [one.name for one in pods] == [f"p{n}" for n in range(9)]
    assert [one.query["limit"] for one in server.asked] == ["500"] * 3


async def test_a_list_that_expired_between_pages_is_read_anew(tmp_path: Path) -> None:
    def answer(asked: Asked) -> tuple[int, Any]:
        if asked.query.get("continue") == "old":
            return 410, status("The provided continue parameter is too old")
        restarted = len(server.asked) > 2
        token = "" if restarted else "old"
        return 200, {"items": [{"metadata": {"name": "p"}}], "metadata": {"continue": token}}

    with answering(answer) as server:
        assert len(await connected(tmp_path, server.url).list("Pod")) == 1


async def test_custom_kinds_are_found_by_discovery(tmp_path: Path) -> None:
    version = {"groupVersion": "example.com/v1", "version": "v1"}
    resources = [
        {"name": "widgets", "kind": "Widget", "namespaced": True, "shortNames": ["wd"]},
        {"name": "widgets/status", "kind": "Widget", "namespaced": True},
    ]

    def answer(asked: Asked) -> tuple[int, Any]:
        match asked.path:
            case "/apis":
                return 200, {"groups": [{"name": "example.com", "preferredVersion": version}]}
            case "/apis/example.com/v1":
                return 200, {"groupVersion": "example.com/v1", "resources": resources}
            case "/apis/example.com/v1/namespaces/shop/widgets":
                return 200, {"items": [{"metadata": {"name": "one", "namespace": "shop"}}]}
            case _:
                return 404, status("not found")

    with answering(answer) as server:
        cluster = connected(tmp_path, server.url)
        [found] = await cluster.list("wd", namespace="shop")
        await cluster.list("widgets.example.com", namespace="shop")
    assert (found.kind, found.raw["apiVersion"]) == ("Widget", "example.com/v1")
    assert [one.path for one in server.asked].count("/apis") == 1


async def test_impersonation_travels_with_every_request(tmp_path: Path) -> None:
    with answering(lambda _: (200, {"items": [{"metadata": {"name": "p"}}]})) as server:
        config = kubeconfig_for(tmp_path, server.url)
        await Kubernetes.connect(kubeconfig=config, impersonate="jane").list("Pod")
    assert server.asked[0].headers["Impersonate-User"] == "jane"
    assert server.asked[0].headers["authorization"] == "Bearer t0ken"


async def test_without_any_cluster_the_sentence_says_what_to_set() -> None:
    with pytest.raises(UpstreamUnavailable, match="MIDWATCH_KUBERNETES__KUBECONFIG"):
        await Kubernetes(api=None).list("Pod")


async def test_an_account_that_sees_no_namespaces_still_reads_inside(tmp_path: Path) -> None:
    def answer(asked: Asked) -> tuple[int, Any]:
        return (200, {"items": []}) if "/pods" in asked.path else (403, status("no"))

    with answering(answer) as server:
        assert await connected(tmp_path, server.url).list("Pod", namespace="shop") == []


async def test_a_kind_the_cluster_does_not_serve_is_not_found(tmp_path: Path) -> None:
    body = status("the server could not find the requested resource")
    with (
        answering(lambda _: (404, body)) as server,
        pytest.raises(NotFound, match="could not find the requested resource"),
    ):
        await connected(tmp_path, server.url).list("PodMetrics")


async def test_a_connection_the_server_dropped_is_opened_anew(tmp_path: Path) -> None:
    def answer(_: Asked) -> tuple[int, Any]:
        if len(server.asked) == 2:
            raise ConnectionAbortedError
        return 200, {"gitVersion": "v1.32.0"}

    with answering(answer) as server:
        cluster = connected(tmp_path, server.url)
        assert [await cluster.version(), await cluster.version()] == ["v1.32.0"] * 2
    assert len(server.asked) == 3


async def test_many_slow_answers_at_once_do_not_seem_to_time_out(tmp_path: Path) -> None:
    def answer(_: Asked) -> tuple[int, Any]:
        time.sleep(0.2)
        return 200, {"items": [{"metadata": {"name": "p"}}]}

    with answering(answer) as server:
        cluster = connected(tmp_path, server.url, timeout_s=1)
        listed = await asyncio.gather(*(cluster.list("Pod") for _ in range(30)))
    assert len(listed) == 30
