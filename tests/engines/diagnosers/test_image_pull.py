"""Images that do not arrive, by what the registry or the runtime said."""

import pytest

from mcp_servers.engines.pull_failures import illegal_part
from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from tests.factories import (
    cluster,
    container,
    deployment,
    ended,
    event,
    found,
    log,
    node,
    pod,
    replica_set,
    rules,
    running,
    thing,
    waiting,
    workload,
)

IMAGE = "registry.example.com/web:1.5.0"


def pulling(
    said: str = "", *, reason: str = "ImagePullBackOff", image: str = IMAGE, **more: object
) -> Cluster:
    made = deployment(replicas=1, containers=[container("web", image=image)], **more)
    before = replica_set(
        made, "5c9f7b8d6c", revision=1, image="registry.example.com/web:1.4.2", replicas=0
    )
    owner = replica_set(made)
    one = pod(owner, status=[waiting("web", reason, f'Back-off pulling image "{image}"')])
    events = [event(one, "Failed", said, first=30, count=8, container_name="web")] if said else []
    back_off = event(
        one, "BackOff", f'Back-off pulling image "{image}"', ago=1, container_name="web"
    )
    return cluster(made, before, owner, one, node(), events=[*events, back_off])


FAILED = f'Failed to pull image "{IMAGE}": '


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (
            FAILED
            + f'rpc error: code = NotFound desc = failed to resolve reference "{IMAGE}": not found',
            "not_found",
        ),
        (FAILED + "manifest for web:1.5.0 not found: manifest unknown", "not_found"),
        (FAILED + "failed to authorize: unexpected status: 401 Unauthorized", "auth"),
        (
            FAILED + "pull access denied, repository does not exist or may require authorization",
            "auth",
        ),
        (FAILED + "unexpected status from HEAD request: 403 Forbidden", "auth"),
        (
            FAILED
            + "429 Too Many Requests - toomanyrequests: You have reached your pull rate limit",
            "rate_limited",
        ),
        (FAILED + "dial tcp: lookup registry.example.com: no such host", "network"),
        (FAILED + "dial tcp 10.0.0.9:443: i/o timeout", "network"),
        (FAILED + "x509: certificate signed by unknown authority", "network"),
        (FAILED + "no matching manifest for linux/arm64/v8 in the manifest list entries", "arch"),
        (FAILED + "something entirely new", "unknown"),
    ],
)
def test_the_words_of_any_event_decide_and_not_those_of_the_latest(said: str, kind: str) -> None:
    told = pulling(said)
    finding = found(told, f"pod.image_pull.{kind}")
    assert finding.resource == Ref("Deployment", "shop", "web")
    assert finding.params["image"] == IMAGE
    assert {one for one in rules(told) if one.startswith("pod.image_pull")} == {finding.rule}
    assert "pod.crash_loop" not in rules(told)


def test_a_wrong_tag_is_rolled_back_to_the_image_before() -> None:
    finding = found(pulling(FAILED + "not found"), "pod.image_pull.not_found")
    assert finding.fix is not None
    assert finding.fix.id == "fix.rollback"
    assert finding.params["previous_image"] == "registry.example.com/web:1.4.2"
    assert finding.params["tag"] == "1.5.0"
    assert finding.joins["replicaset"] == "shop/web-7d4b9c6f5d"


def test_a_first_revision_has_nothing_to_roll_back_to() -> None:
    made = deployment(replicas=1, annotations={"deployment.kubernetes.io/revision": "1"})
    owner = replica_set(made, revision=1)
    one = pod(owner, status=[waiting("web", "ErrImagePull", "manifest unknown")])
    assert found(cluster(made, owner, one), "pod.image_pull.not_found").fix is None


def test_words_inside_the_name_of_an_image_mean_nothing() -> None:
    image = "registry.example.com/denied-429/x509:not-found"
    finding = found(
        pulling(f'Failed to pull image "{image}": odd', image=image), "pod.image_pull.unknown"
    )
    assert finding.params["image"] == image


def test_a_template_that_was_not_filled_in_is_no_image_name() -> None:
    told = pulling(
        "Failed to apply default image tag", reason="InvalidImageName", image="web:{{ .Tag }}"
    )
    assert found(told, "pod.image_pull.invalid_name").fix is not None


@pytest.mark.parametrize(
    ("image", "what", "illegal"),
    [
        ("registry.example.com/web:{{ .Tag }}", "unfilled template", "{{ .Tag }}"),
        ("registry.example.com/web:${TAG}", "unfilled template", "${TAG}"),
        ("registry.example.com/Web:1.5.0", "upper case", "Web"),
        ("registry.example.com/web:1.5.0:arm", "two tags", "1.5.0:arm"),
        ("registry.example.com/web: 1.5.0", "blank", "1.5.0"),
        ("registry.example.com/web:", "empty part", ":"),
        ("registry.example.com/web&co:1", "illegal character", "&"),
    ],
)
def test_the_part_that_makes_an_image_name_illegal_is_pointed_out(
    image: str, what: str, illegal: str
) -> None:
    finding = found(pulling(reason="InvalidImageName", image=image), "pod.image_pull.invalid_name")
    assert (finding.params["what"], finding.params["illegal"]) == (what, illegal)


def test_a_legal_name_with_a_port_and_a_digest_has_no_illegal_part() -> None:
    assert illegal_part("localhost:5000/team/web-app_2:v1.5.0@sha256:0a1b") == ("", "")


def test_an_image_that_may_not_be_pulled_is_its_own_rule() -> None:
    told = pulling(reason="ErrImageNeverPull")
    finding = found(told, "pod.image_pull.never_present")
    assert finding.params["node"] == "node-1"
    assert any("imagePullPolicy = Never" in one.text for one in finding.evidence)


def test_how_many_nodes_wait_for_a_registry_tells_the_node_from_the_registry() -> None:
    said = FAILED + "dial tcp 10.0.0.9:443: i/o timeout"
    first = pulling(said)
    spared = cluster(
        *(one.raw for one in first.resources), node("node-2"), events=list(first.events)
    )
    assert found(spared, "pod.image_pull.network").params["nodes"] == "1/2"
    assert found(first, "pod.image_pull.network").params["nodes"] == "1/1"


def test_a_program_for_another_processor_is_an_image_fault() -> None:
    made = deployment(replicas=1)
    owner = replica_set(made)
    one = pod(
        owner, status=[waiting("web", "CrashLoopBackOff", lastState=ended(1), restartCount=4)]
    )
    said = log(one, "exec /app/web: exec format error", previous=True)
    arm = node(labels={"kubernetes.io/arch": "arm64"})
    finding = found(cluster(made, owner, one, arm, logs=[said]), "pod.image_pull.arch")
    assert finding.params["arch"] == "arm64"


def test_a_pull_secret_that_is_not_there_is_named_with_the_namespaces_that_have_it() -> None:
    made = deployment(replicas=1, pod_spec={"imagePullSecrets": [{"name": "registry-key"}]})
    owner = replica_set(made)
    one = pod(owner, status=[waiting("web", "ImagePullBackOff")])
    said = "Unable to retrieve some image pull secrets (registry-key); attempting to pull the image may not succeed."
    events = [
        event(one, "FailedToRetrieveImagePullSecret", said),
        event(one, "Failed", FAILED + "401 Unauthorized", container_name="web"),
    ]
    other = thing("Secret", "registry-key", namespace="base")
    told = cluster(made, owner, one, other, events=events)
    finding = found(told, "pod.image_pull.secret_missing")
    assert finding.params["elsewhere"] == "base"
    assert finding.severity is Severity.HIGH
    assert "pod.image_pull.auth" in rules(told)


def test_a_missing_pull_secret_of_a_running_pod_is_hygiene() -> None:
    made = deployment(replicas=1, pod_spec={"imagePullSecrets": [{"name": "registry-key"}]})
    owner = replica_set(made)
    told = cluster(made, owner, pod(owner), thing("Secret", "other"))
    assert found(told, "pod.image_pull.secret_missing").severity is Severity.LOW


def test_pull_secrets_that_could_not_be_listed_are_not_called_missing() -> None:
    made = deployment(replicas=1, pod_spec={"imagePullSecrets": [{"name": "registry-key"}]})
    owner = replica_set(made)
    assert rules(cluster(made, owner, pod(owner))) == set()


def superseded() -> list[Json]:
    made = deployment(replicas=1)
    old = replica_set(made, "5c9f7b8d6c", revision=1, replicas=0)
    left = pod(old, status=[waiting("web", "ImagePullBackOff", "not found")])
    owner = replica_set(made)
    return [made, old, left, owner, pod(owner)]


def test_a_revision_that_was_replaced_is_silent() -> None:
    assert rules(cluster(*superseded())) == set()


def test_a_pull_that_worked_in_the_end_is_silent() -> None:
    objects = workload()
    failed = event(objects[2], "Failed", FAILED + "429 Too Many Requests", container_name="web")
    assert rules(cluster(*objects, events=[failed])) == set()


def test_a_leaving_pod_is_silent() -> None:
    made = deployment(replicas=1)
    owner = replica_set(made)
    one = pod(owner, status=[waiting("web", "ErrImagePull", "not found")])
    one["metadata"]["deletionTimestamp"] = "2026-03-10T11:59:50Z"
    assert rules(cluster(made, owner, one, pod(owner, "zz9zz", status=[running()]))) == set()
