"""What looks like several causes and is one: calls hop by hop, names, probes, claims, quoted answers."""

from typing import Any

import pytest

from mcp_servers.engines import citing
from mcp_servers.facts.kubernetes import Cluster, Event, Json, LogLines, Ref
from tests.engines.diagnosers.test_pods_not_begun import made, with_sidecar
from tests.engines.diagnosers.test_regressions import (
    config_edited,
    failing,
    looked_up,
    rolled_out,
    seen,
    since,
)
from tests.factories import (
    OLD,
    budget,
    cluster,
    container,
    deployment,
    ended,
    endpoint_slice,
    event,
    found,
    log,
    pod,
    ranking,
    replica_set,
    roots,
    rules,
    running,
    service,
    thing,
    waiting,
    workload,
)

SICK = failing(since(50, 0.001, 0.2), of="pricer")
FRONT = failing(since(45, 0.001, 0.1), of="front")


def crashing(name: str = "pricer", **more: Any) -> list[Json]:
    """A workload whose pod crashes by itself, behind its Service."""
    top = deployment(name, replicas=1, ready=0)
    owned = replica_set(top)
    status = waiting(name, "CrashLoopBackOff", lastState=ended(1), restartCount=9)
    one = pod(owned, status=[status], age=60)
    front = service(name, **more)
    return [top, owned, one, budget(top), front, endpoint_slice(front, [one])]


def blamed(of: Cluster) -> list[str]:
    return [f"{one.finding.rule} {one.finding.resource.name}" for one in ranking(of).roots]


@pytest.mark.parametrize(
    "line",
    [
        '{"level":"error","msg":"price lookup answered 500","upstream":"pricer"}',
        '{"level":"error","msg":"查询失败","peer.service": "pricer"}',
        "level=error msg=failed backend=pricer.shop",
        "ERROR GET http://pricer:8080/roll returned 500",
    ],
)
def test_a_caller_is_joined_to_the_callee_that_its_complaints_name(line: str) -> None:
    front, pricer = workload("front"), workload("pricer")
    said = log(front[2], *[line] * 4, name="front")
    seen = cluster(*front, *pricer, logs=[said], series=[*SICK, *FRONT])
    assert blamed(seen) == ["app.degraded pricer"]


def test_callers_that_name_nobody_stay_causes_of_their_own() -> None:
    front, pricer = workload("front"), workload("pricer")
    said = log(front[2], *['{"level":"error","msg":"pricer of the week failed"}'] * 4, name="front")
    chats = log(front[2], *['{"level":"info","upstream":"pricer"}'] * 4, name="front")
    seen = cluster(*front, *pricer, logs=[said, chats], series=[*SICK, *FRONT])
    assert sorted(blamed(seen)) == ["app.degraded front", "app.degraded pricer"]


def test_requests_that_fail_hop_by_hop_have_the_last_callee_as_their_cause() -> None:
    env = [{"name": "PRICER_URL", "value": "http://pricer:8080"}]
    edge_env = [{"name": "FRONT_URL", "value": "http://front:8080"}]
    objects = [
        *workload("edge", containers=[container("edge", env=edge_env)]),
        *workload("front", containers=[container("front", env=env)]),
        *workload("pricer"),
    ]
    edge = failing(since(40, 0.001, 0.05), of="edge")
    assert blamed(cluster(*objects, series=[*SICK, *FRONT, *edge])) == ["app.degraded pricer"]


def gateway(conf: str, *others: Json, line: str) -> Cluster:
    """An nginx with its own ConfigMap before a Service whose pods crash; its log names an address."""
    mounted = {"volumes": [{"name": "conf", "configMap": {"name": "front-conf"}}]}
    front = workload("front", pod_spec=mounted)
    config = thing("ConfigMap", "front-conf", data={"default.conf": conf})
    said = log(front[2], *[line] * 5, name="front")
    return cluster(*front, config, *crashing(), *others, logs=[said])


CONF = "server {\n  location / {\n    proxy_pass http://pricer;  # 走 Service\n  }\n}\n"
REFUSED = 'connect() failed (111: Connection refused), upstream: "http://172.21.6.18:80/x"'


def test_a_call_to_an_address_that_nobody_has_goes_where_the_configuration_says() -> None:
    assert roots(gateway(CONF, line=REFUSED)) == ["pod.crash_loop"]


@pytest.mark.parametrize(
    ("conf", "line"),
    [
        (CONF.replace("pricer", "other"), REFUSED),
        (CONF, REFUSED.replace("172.21.6.18:80", "api.bank.example:443")),
    ],
    ids=["another name", "a host outside"],
)
def test_a_call_that_goes_elsewhere_is_not_laid_to_the_configured_callee(
    conf: str, line: str
) -> None:
    assert "app.dependency_unreachable" in roots(gateway(conf, line=line))


def test_a_configuration_that_several_share_tells_not_who_calls_whom() -> None:
    mounted = {"volumes": [{"name": "conf", "configMap": {"name": "front-conf"}}]}
    sharing = workload("back", pod_spec=mounted)
    assert "app.dependency_unreachable" in roots(gateway(CONF, *sharing, line=REFUSED))


UNKNOWN = '{"msg":"lookup failed","err":"getaddrinfo ENOTFOUND tariff"}'


def asking(*objects: Json, line: str = UNKNOWN) -> Cluster:
    caller = workload("form")
    return cluster(*caller, *objects, logs=[log(caller[2], *[line] * 5, name="form")])


def test_an_external_name_that_is_an_address_is_why_its_name_means_nobody() -> None:
    alias = {"type": "ExternalName", "externalName": "10.77.4.15", "selector": None}
    assert roots(asking(service("tariff", spec=alias))) == ["service.external_name"]


def test_a_headless_name_without_a_ready_pod_is_unknown_because_of_the_pods() -> None:
    assert roots(asking(*crashing("tariff", ip="None"))) == ["pod.crash_loop"]


def test_the_name_of_a_service_with_an_address_does_not_depend_on_its_pods() -> None:
    assert set(roots(asking(*crashing("tariff")))) == {"pod.crash_loop", "app.name_unresolved"}


def killed_at_the_start(code: int = 137, message: str = "") -> tuple[Json, list[Event]]:
    status = running(
        "mesh", ready=False, since=1, lastState=ended(code, "Error", ago=2, ran=2), restartCount=9
    )
    probe = {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 2}
    one = with_sidecar(status, startupProbe={**probe, "failureThreshold": 45})
    said = message or "Container mesh failed startup probe, will be restarted"
    events = [
        event(one, "Killing", said, first=28, count=9, container_name="mesh"),
        event(
            one,
            "Unhealthy",
            "Startup probe failed: HTTP probe failed with statuscode: 503",
            first=29,
            count=400,
            container_name="mesh",
        ),
    ]
    return one, events


def test_a_sidecar_that_its_startup_probe_ends_does_not_crash() -> None:
    one, events = killed_at_the_start()
    seen = cluster(*made(), one, events=events)
    assert {"pod.crash_loop", "pod.probe.http_status"} <= rules(seen)
    assert roots(seen) == ["pod.sidecar_unready"]


def test_a_sidecar_that_ends_by_itself_crashes_whatever_its_probe_says() -> None:
    one, events = killed_at_the_start(code=1)
    seen = cluster(*made(), one, events=events[1:])
    assert roots(seen) == ["pod.crash_loop"]


def test_a_program_that_is_ended_while_it_answers_503_is_told_by_its_probe() -> None:
    probe = {"httpGet": {"path": "/ready", "port": 8080}, "failureThreshold": 30}
    top = deployment(containers=[container(startupProbe=probe)], ready=0, replicas=1)
    owner = replica_set(top)
    state = running(
        ready=False, since=1, lastState=ended(137, "Error", ago=2, ran=5), restartCount=6
    )
    one = pod(owner, status=[state], age=60)
    kill = "Container web failed startup probe, will be restarted"
    told = "Startup probe failed: HTTP probe failed with statuscode: 503"
    events = [
        event(one, "Killing", kill, first=50, count=6, container_name="web"),
        event(one, "Unhealthy", told, ago=1, first=4, count=9, container_name="web"),
    ]
    assert roots(cluster(top, owner, one, events=events)) == ["pod.probe.http_status"]


def ordered() -> Json:
    spec = {
        "replicas": 3,
        "serviceName": "db",
        "selector": {"matchLabels": {"app": "db"}},
        "podManagementPolicy": "OrderedReady",
        "template": {
            "metadata": {"labels": {"app": "db"}},
            "spec": {"containers": [container("db")], "automountServiceAccountToken": False},
        },
        "volumeClaimTemplates": [{"metadata": {"name": "data"}}],
    }
    return thing("StatefulSet", "db", spec=spec, status={"readyReplicas": 1})


def unprovided(name: str) -> tuple[Json, Event]:
    claim = thing(
        "PersistentVolumeClaim",
        name,
        age=60,
        spec={"storageClassName": "fast", "accessModes": ["ReadWriteOnce"]},
        status={"phase": "Pending"},
    )
    said = event(claim, "ProvisioningFailed", "rpc error: code = Internal", first=58, count=22)
    return claim, said


@pytest.mark.parametrize("there", [True, False], ids=["no conditions", "no pod"])
def test_an_ordinal_waits_for_the_claim_that_is_made_for_it(*, there: bool) -> None:
    top = ordered()
    first = pod(top, name="db-0", status=[running("db")])
    second = pod(top, name="db-1", status=[waiting("db")], phase="Pending", age=60)
    second["status"]["conditions"] = []
    claim, said = unprovided("data-db-1")
    classed = thing("StorageClass", "fast", provisioner="csi.example.com")
    objects = [top, first, claim, classed, *([second] if there else [])]
    seen = cluster(*objects, service("db"), events=[said])
    assert roots(seen) == ["pvc.provisioning_failed"]


def test_a_claim_of_somebody_else_holds_up_no_ordinal() -> None:
    top = ordered()
    first = pod(top, name="db-0", status=[running("db")])
    claim, said = unprovided("scratch")
    classed = thing("StorageClass", "fast", provisioner="csi.example.com")
    seen = cluster(top, first, claim, classed, service("db"), events=[said])
    assert "sts.ordinal_blocked" in roots(seen)


OWN = "[WARN] flood stage disk watermark [95%] exceeded on [search-0], free: 1.6gb[3.2%]"
ECHO = (
    '[error] HTTP status=200 URI=/_bulk, response: {"errors":true,"status":429,"reason":'
    '"blocked by: disk usage exceeded flood-stage watermark"}'
)


def full(own: str, quoted: str) -> Cluster:
    search, ship = workload("search"), workload("ship", namespace="logs")
    said = log(search[2], *[own] * 5, name="search")
    complaints: LogLines = log(ship[2], *[quoted] * 5, name="ship")
    return cluster(*search, *ship, logs=[said, complaints])


def test_who_quotes_the_answer_of_a_full_system_is_not_full() -> None:
    [cause] = ranking(full(OWN, ECHO)).roots
    assert cause.finding.resource == Ref("Deployment", "shop", "search")
    assert [one.resource.name for one in cause.explains] == ["ship"]


def test_two_that_are_full_themselves_are_two_causes() -> None:
    seen = full(OWN, "write /buffer/1: no space left on device")
    assert roots(seen) == ["app.exhausted", "app.exhausted"]


def test_somebody_elses_want_of_memory_is_no_answer_to_a_full_disk() -> None:
    seen = full("OOM command not allowed when used memory > 'maxmemory'", ECHO)
    assert roots(seen) == ["app.exhausted", "app.exhausted"]


@pytest.mark.parametrize(
    "line",
    [
        "E1106 18:41:38.114205 1 leaderelection.go:429] Failed to update lock",
        "ERROR at client.py:429 could not refresh",
        '  File "/srv/sync.py", line 429, in run',
        "ERROR main.go:503] cannot start sync of http://pricer:8080",
        "E1106 token.go:401] failed http://pricer:8080",
    ],
)
def test_the_line_of_a_source_file_is_no_status(line: str) -> None:
    front = workload("front")
    seen = cluster(*front, *workload("pricer"), logs=[log(front[2], *[line] * 5, name="front")])
    assert not {one for one in rules(seen) if one.startswith("app.")}


@pytest.mark.parametrize("line", ["upstream returned 429", "status: 429", "HTTP 429 from api"])
def test_a_status_of_too_many_requests_is_still_one(line: str) -> None:
    front = workload("front")
    seen = cluster(*front, logs=[log(front[2], *[line] * 5, name="front")])
    assert found(seen, "app.exhausted").params["what"] == "rate limit"


def test_the_last_log_of_a_waiting_container_counts_once_though_it_is_served_twice() -> None:
    top, owner, one, *_ = crashing()
    line = "ERROR http://gone.example:80 connection refused"
    former = log(one, line, line, name="pricer", previous=True, last=9)
    current = LogLines(former.pod, former.container, False, former.lines)
    seen = cluster(top, owner, one, logs=[former, current])
    assert "app.dependency_unreachable" not in rules(seen)


def test_a_long_text_keeps_the_code_that_names_its_error() -> None:
    text = (
        f"rpc error: could not create volume {'x' * 150}: https response error StatusCode: 403, "
        f"RequestID: 5b1e8a02, api error UnauthorizedOperation: {'You are not authorized. ' * 12}"
    )
    short = citing.shortened(text)
    assert "UnauthorizedOperation" in short
    assert len(short) <= citing.LONGEST_TEXT
    assert all(part in text for part in short.split("…"))
    plain = "word " * 200
    assert citing.shortened(plain).count("…") == 1


def test_what_a_changed_cache_lets_through_is_why_those_behind_it_are_slow() -> None:
    source = [{"configMapRef": {"name": "web-conf"}}]
    origin = [{"name": "ORIGIN_URL", "value": "http://origin:8080"}]
    cached = rolled_out(ago=OLD, containers=[container(env=origin, envFrom=source)])
    misses = looked_up(since(50, 0.94, 0.45))
    slow = failing(since(48, 0.001, 0.2), of="origin")
    behind = [*cached, *workload("origin")]
    changed = seen(*behind, config_edited(60), told=[*misses, *slow])
    assert blamed(changed) == ["app.regression_after_change web"]
    assert blamed(seen(*behind, told=[*misses, *slow])) == ["app.degraded origin"]
