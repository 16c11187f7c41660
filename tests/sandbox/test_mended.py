"""After a fix in the practice cluster, Midwatch says that all is well."""

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import utc_now
from tests.sandbox.practising import Practising, practising

ROOT = Path(__file__).parents[2]
# The cluster ends a little before the present of the one who asks.
PASSES = timedelta(minutes=20)


def midwatch(cluster: Practising, *command: str) -> str:
    address = str(cluster.client.base_url).rstrip("/")
    where = ["--kubeconfig", str(cluster.kubeconfig), "--prometheus", f"{address}/prometheus"]
    where += ["--alertmanager", f"{address}/alertmanager", "--lang", "en"]
    done = subprocess.run(
        [sys.executable, "-m", "api.cli", *command, *where],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def more_memory(cluster: Practising) -> None:
    cluster.set_container("shop", "checkout", resources={"limits": {"memory": "512Mi"}})


def image_that_exists(cluster: Practising) -> None:
    sets = cluster.get("/apis/apps/v1/namespaces/payments/replicasets")["items"]
    images = {
        one["spec"]["template"]["spec"]["containers"][0]["image"]: one["status"]["replicas"]
        for one in sets
        if one["metadata"]["name"].startswith("ledger-")
    }
    cluster.set_container("payments", "ledger", image=max(images, key=lambda one: images[one]))


def selector_that_matches(cluster: Practising) -> None:
    selector = {"app.kubernetes.io/component": "quotes-api"}
    cluster.patch("/api/v1/namespaces/logistics/services/quotes", {"spec": {"selector": selector}})


@pytest.mark.parametrize(
    ("story", "fix"),
    [
        ("shop", more_memory),
        ("bad-image", image_that_exists),
        ("selector-miss", selector_that_matches),
    ],
)
def test_a_mended_cluster_has_nothing_wrong(story: str, fix: Callable[[Practising], None]) -> None:
    with practising(story, start=utc_now() - PASSES) as cluster:
        assert "Nothing is wrong" not in midwatch(cluster, "diagnose", "-A")
        fix(cluster)
        cluster.pass_s(PASSES.total_seconds() - 60)
        assert midwatch(cluster, "diagnose", "-A").startswith("Nothing is wrong")


def test_who_asks_why_checkout_fails_is_told_that_it_does_not() -> None:
    with practising("shop", start=utc_now() - PASSES) as cluster:
        assert "OOMKilled" in midwatch(cluster, "ask", "Why is checkout failing?")
        more_memory(cluster)
        cluster.pass_s(PASSES.total_seconds() - 60)
        told = midwatch(cluster, "ask", "Why is checkout failing?")
        assert "No fault found" in told
        assert "3 of 3 pods ready" in told


def test_callers_of_a_service_whose_selector_was_mended_are_well_again() -> None:
    with practising("selector-miss", start=utc_now() - PASSES) as cluster:
        assert "quotes selects no pod" in midwatch(cluster, "investigate", "-n", "logistics")
        selector_that_matches(cluster)
        cluster.pass_s(PASSES.total_seconds() - 60)
        assert "No fault found" in midwatch(cluster, "investigate", "-n", "logistics")
