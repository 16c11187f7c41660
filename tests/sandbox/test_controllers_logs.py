"""Containers that start, serve, fail and call others write about it."""

import subprocess
from typing import Any

import orjson
import pytest

from sandbox.server import serving_in_thread
from tests.kube.binaries import required
from tests.sandbox.practising import SNAPSHOTS, Practising, practising

ERROR = '"level":"error"'


def lines(cluster: Practising, namespace: str, workload: str, **query: Any) -> list[str]:
    """What the newest pod of a workload wrote."""
    pods = cluster.pods(namespace, workload)
    name = max(pods, key=lambda pod: pod["metadata"]["creationTimestamp"])["metadata"]["name"]
    response = cluster.client.get(f"/api/v1/namespaces/{namespace}/pods/{name}/log", params=query)
    assert response.status_code == 200, response.text
    return response.text.splitlines()


def mend(cluster: Practising, memory: str = "512Mi") -> None:
    cluster.set_container("shop", "checkout", resources={"limits": {"memory": memory}})


def test_a_new_pod_starts_and_works_in_the_words_of_its_workload() -> None:
    with practising("shop") as cluster:
        mend(cluster)
        cluster.pass_s(300)
        written = [orjson.loads(line)["msg"] for line in lines(cluster, "shop", "checkout")]
        assert written[:3] == ["starting checkout", "price index: loading from disk", "listening"]
        assert {"order accepted", "payment reserved"} <= set(written[3:])


def test_another_version_says_so() -> None:
    with practising("shop") as cluster:
        image = cluster.pods("shop", "checkout")[0]["spec"]["containers"][0]["image"]
        older = image.replace("4.19.0", "4.18.2")
        cluster.set_container("shop", "checkout", image=older)
        cluster.pass_s(120)
        [first, *_] = lines(cluster, "shop", "checkout")
        assert orjson.loads(first)["version"] == "4.18.2"


def test_a_question_asked_again_has_the_same_answer_and_more() -> None:
    with practising("shop") as cluster:
        mend(cluster)
        cluster.pass_s(120)
        before = lines(cluster, "shop", "checkout", timestamps="true")
        cluster.pass_s(60)
        after = lines(cluster, "shop", "checkout", timestamps="true")
        assert after[: len(before)] == before
        assert len(after) > len(before)
        assert after == sorted(after)


def test_since_and_tail_cut_what_was_written() -> None:
    with practising("shop") as cluster:
        mend(cluster)
        cluster.pass_s(600)
        recent = lines(cluster, "shop", "checkout", sinceSeconds=60, timestamps="true")
        assert 0 < len(recent) < 20
        assert all("2026-11-20T10:09:" in line or "10:10:00" in line for line in recent)
        assert lines(cluster, "shop", "checkout", tailLines=1, timestamps="true") == recent[-1:]


def test_a_killed_container_writes_nothing_of_it_and_its_last_run_stays() -> None:
    with practising("healthy") as cluster:
        cluster.fault("oom", "deployment/checkout", "shop")
        cluster.pass_s(60)
        last = lines(cluster, "shop", "checkout", previous="true")
        assert orjson.loads(last[0])["msg"] == "starting checkout"
        assert not [line for line in last if ERROR in line or "exit" in line]


def test_a_crashing_container_says_why_it_stops() -> None:
    with practising("healthy") as cluster:
        cluster.fault("crash", "deployment/checkout", "shop")
        cluster.pass_s(40)
        [*_, last] = lines(cluster, "shop", "checkout", previous="true")
        assert orjson.loads(last) == {"level": "error", "msg": "checkout stops", "exit_code": 1}


def test_an_unready_container_writes_of_the_probe_it_cannot_answer() -> None:
    with practising("healthy") as cluster:
        cluster.fault("not-ready", "deployment/cart", "shop")
        cluster.pass_s(60)
        assert lines(cluster, "shop", "cart")[-1] == "WARN  GET /healthz status=503"
        cluster.fault("not-ready", "deployment/cart", "shop", remove=True)
        cluster.pass_s(300)
        assert not [
            line for line in lines(cluster, "shop", "cart", sinceSeconds=200) if "503" in line
        ]


def test_callers_write_of_a_service_while_it_is_broken_and_no_longer() -> None:
    with practising("healthy") as cluster:
        cluster.pass_s(600)
        cluster.fault("not-ready", "deployment/checkout", "shop")
        cluster.pass_s(600)
        told = lines(cluster, "shop", "storefront", sinceSeconds=500)
        broken = [line for line in told if "cannot reach checkout" in line]
        assert 'checkout:8080","error":"dial tcp ' in broken[0]
        assert len(broken) < len(told)
        cluster.fault("not-ready", "deployment/checkout", "shop", remove=True)
        cluster.pass_s(600)
        told = lines(cluster, "shop", "storefront", sinceSeconds=500)
        assert told
        assert not [line for line in told if "checkout" in line]


def test_callers_of_a_mended_service_end_with_the_words_they_had_for_it() -> None:
    with practising("shop") as cluster:
        assert [line for line in lines(cluster, "shop", "storefront") if "order not placed" in line]
        mend(cluster)
        cluster.pass_s(600)
        told = lines(cluster, "shop", "storefront", sinceSeconds=540)
        assert told
        assert not [line for line in told if "order not placed" in line]
        cluster.fault("not-ready", "deployment/checkout", "shop")
        cluster.pass_s(600)
        told = lines(cluster, "shop", "storefront", sinceSeconds=500)
        assert [line for line in told if "order not placed" in line]


def test_a_job_has_written_what_it_did_when_it_is_done() -> None:
    with practising("shop") as cluster:
        spec = cluster.get("/apis/batch/v1/namespaces/shop/cronjobs/price-import")["spec"]
        metadata = {"name": "price-import-now", "namespace": "shop"}
        job = {**spec["jobTemplate"], "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata}
        made = cluster.client.post("/apis/batch/v1/namespaces/shop/jobs", json=job)
        assert made.status_code == 201, made.text
        cluster.pass_s(60)
        assert (
            lines(cluster, "shop", "price-import-now")[-1]
            == "import: 412 written, 0 rejected, done"
        )


def test_logs_of_a_picture_nobody_touched_stay_as_they_are() -> None:
    with practising("shop") as cluster:
        before = lines(cluster, "shop", "storefront")
        cluster.pass_s(3600)
        assert lines(cluster, "shop", "storefront") == before


def test_a_log_is_followed_until_its_container_is_gone() -> None:
    with practising("shop") as cluster:
        mend(cluster)
        cluster.pass_s(60)
        name = cluster.pods("shop", "checkout")[0]["metadata"]["name"]
        path = f"/api/v1/namespaces/shop/pods/{name}/log"
        known = len(cluster.client.get(path).text.splitlines())
        with cluster.client.stream("GET", path, params={"follow": "true", "tailLines": "1"}) as log:
            arriving = log.iter_lines()
            first = next(arriving)
            cluster.pass_s(60)
            last, *wanted = cluster.client.get(path).text.splitlines()[known - 1 :]
            assert first == last
            assert len(wanted) > 5
            assert [next(arriving) for _ in wanted] == wanted
            cluster.client.delete(f"/api/v1/namespaces/shop/pods/{name}").raise_for_status()
            cluster.pass_s(60)
            assert len(list(arriving)) <= 1


@pytest.mark.live
def test_kubectl_follows_a_log() -> None:
    with serving_in_thread(SNAPSHOTS / "shop", speed=60) as addresses:
        kubectl = [*required("kubectl"), f"--kubeconfig={addresses.kubeconfig}", "-n", "shop"]
        limits = ["set", "resources", "deployment/checkout", "--limits=memory=512Mi"]
        subprocess.run([*kubectl, *limits], check=True, capture_output=True, timeout=60)
        rollout = ["rollout", "status", "deployment/checkout", "--timeout=60s"]
        subprocess.run([*kubectl, *rollout], check=True, capture_output=True, timeout=90)
        follow = [*kubectl, "logs", "-f", "deployment/checkout", "--tail=1"]
        with subprocess.Popen(follow, stdout=subprocess.PIPE, text=True) as followed:
            assert followed.stdout
            told = [followed.stdout.readline() for _ in range(6)]
            followed.terminate()
        assert all('"level":"info"' in line for line in told)
