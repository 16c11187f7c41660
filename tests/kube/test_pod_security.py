"""Pod Security: what a namespace's labels refuse, let pass, and warn of."""

from typing import Any

import httpx2
import pytest

from tests.kube.deadline import eventually
from tests.kube.manifests import deployment, pod, thing
from tests.kube.server import Kube, refused

Json = dict[str, Any]

LABEL = "pod-security.kubernetes.io/"
DEPLOYMENTS = "deployments.apps"
WARNED = 'would violate PodSecurity \\"baseline:latest\\": host namespaces (hostNetwork=true)'


def _label(kube: Kube, **modes: str) -> httpx2.Response:
    labels = {f"{LABEL}{mode.replace('_', '-')}": level for mode, level in modes.items()}
    headers = {"content-type": "application/merge-patch+json"}
    path = f"/api/v1/namespaces/{kube.namespace}"
    return kube.http.patch(path, json={"metadata": {"labels": labels}}, headers=headers)


def _secure(kube: Kube, **modes: str) -> None:
    """Labels that have come to where they are read: a real server's cache is a moment late."""
    _label(kube, **modes).raise_for_status()
    told = pod("probe", hostPID=True)

    def refuses_or_warns() -> bool:
        answer = kube.create("pods", told, dryRun="All")
        return answer.status_code == 403 or "warning" in answer.headers

    eventually(refuses_or_warns)


def _template(**spec: Any) -> Json:
    told = deployment("web")
    told["spec"]["template"]["spec"] |= spec
    return told


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"hostNetwork": True}, "host namespaces (hostNetwork=true)"),
        ({"volumes": [{"name": "h", "hostPath": {"path": "/"}}]}, 'hostPath volumes (volume "h")'),
    ],
)
def test_a_baseline_namespace_refuses_what_reaches_the_host(
    kube: Kube, spec: Json, words: str
) -> None:
    _secure(kube, enforce="baseline")
    told = 'violates PodSecurity "baseline:latest"'
    refused(kube.create("pods", pod("a", **spec)), 403, "Forbidden", told, words)


def test_the_version_of_the_level_is_told(kube: Kube) -> None:
    _secure(kube, enforce="baseline", enforce_version="v1.30")
    words = 'violates PodSecurity "baseline:v1.30": host namespaces (hostIPC=true)'
    refused(kube.create("pods", pod("a", hostIPC=True)), 403, "Forbidden", words)


def test_pods_that_are_there_already_are_warned_of(kube: Kube) -> None:
    kube.made("pods", pod("old", hostNetwork=True))
    kube.made("pods", pod("older", hostNetwork=True))
    kube.made("pods", pod("good"))
    warning = _label(kube, enforce="baseline").headers["warning"]
    assert warning == (
        f'299 - "existing pods in namespace \\"{kube.namespace}\\" violate the new PodSecurity '
        'enforce level \\"baseline:latest\\"", 299 - "old (and 1 other pod): host namespaces"'
    )


def test_a_pod_that_is_there_keeps_what_it_may_not_newly_have(kube: Kube) -> None:
    kube.made("pods", pod("old", hostNetwork=True))
    _secure(kube, enforce="baseline")
    kube.patch("pods", "old", {"metadata": {"labels": {"a": "b"}}}).raise_for_status()
    path, headers = kube.path("pods", "old", "status"), {"content-type": MERGE}
    told: Json = {"status": {"message": "x"}}
    kube.http.patch(path, json=told, headers=headers).raise_for_status()
    image = {"spec": {"containers": [{"name": "app", "image": "shop/app:2"}]}}
    answer = kube.patch("pods", "old", image, "strategic-merge-patch")
    refused(answer, 403, "Forbidden", 'violates PodSecurity "baseline:latest"')


MERGE = "application/merge-patch+json"


@pytest.mark.parametrize("mode", ["enforce", "warn"])
def test_a_workload_is_made_and_warned_of(kube: Kube, mode: str) -> None:
    """What is enforced on pods is warned of in workloads, if no other level is."""
    _secure(kube, **{mode: "baseline"})
    answer = kube.create(DEPLOYMENTS, _template(hostNetwork=True))
    assert answer.status_code == 201
    assert answer.headers["warning"] == f'299 - "{WARNED}"'
    changed = kube.patch(DEPLOYMENTS, "web", {"spec": {"replicas": 5}})
    assert changed.headers["warning"] == f'299 - "{WARNED}"'


def test_neither_its_scale_nor_its_status_is_warned_of(kube: Kube) -> None:
    _secure(kube, warn="baseline")
    kube.made(DEPLOYMENTS, _template(hostNetwork=True))
    headers = {"content-type": MERGE}
    for part, told in (("scale", {"spec": {"replicas": 1}}), ("status", {"status": {}})):
        path = kube.path(DEPLOYMENTS, "web", part)
        answer = kube.http.patch(path, json=told, headers=headers)
        assert answer.status_code == 200
        assert "warning" not in answer.headers


def test_a_milder_level_may_be_warned_of_than_is_enforced(kube: Kube) -> None:
    _secure(kube, enforce="restricted", warn="baseline")
    assert "warning" not in kube.create(DEPLOYMENTS, deployment("web")).headers
    assert kube.create("pods", pod("a")).status_code == 403


def test_what_is_only_for_the_audit_is_not_warned_of(kube: Kube) -> None:
    _label(kube, audit="restricted").raise_for_status()
    answer = kube.create("pods", pod("a", hostNetwork=True))
    assert answer.status_code == 201
    assert "warning" not in answer.headers


@pytest.mark.parametrize("resource", ["jobs.batch", "cronjobs.batch", "podtemplates"])
def test_whatever_has_a_template_of_pods_is_warned_of(kube: Kube, resource: str) -> None:
    _secure(kube, warn="baseline")
    unsafe = {"containers": [{"name": "app", "image": "a"}], "hostPID": True}
    once: Json = {"template": {"spec": {**unsafe, "restartPolicy": "Never"}}}
    told = {
        "jobs.batch": thing("Job", "x", api="batch/v1", spec=once),
        "cronjobs.batch": thing(
            "CronJob",
            "x",
            api="batch/v1",
            spec={"schedule": "0 3 * * *", "jobTemplate": {"spec": once}},
        ),
        "podtemplates": thing("PodTemplate", "x", template={"spec": unsafe}),
    }[resource]
    answer = kube.create(resource, told)
    assert answer.status_code == 201
    assert "host namespaces (hostPID=true)" in answer.headers["warning"]


@pytest.mark.parametrize(
    ("modes", "words"),
    [
        ({"enforce": "odd"}, '"odd": must be one of privileged, baseline, restricted'),
        ({"warn_version": "1.2.3"}, '"1.2.3": must be "latest" or "v1.x"'),
    ],
)
def test_a_label_that_says_nothing_is_refused(kube: Kube, modes: Json, words: str) -> None:
    answer = _label(kube, **modes)
    refused(answer, 422, "Invalid", "metadata.labels[pod-security.kubernetes.io/", words)
