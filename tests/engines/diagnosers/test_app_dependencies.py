"""What programs say about those they call."""

import pytest

from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Cluster, Ref
from tests.factories import (
    cluster,
    ended,
    endpoint_slice,
    found,
    log,
    pod,
    rules,
    running,
    service,
    stamp,
    waiting,
    workload,
)


def calling(*lines: str, every_s: float = 60, last: float = 1) -> Cluster:
    caller, callee = workload("web"), workload("checkout")
    callee[-2]["spec"]["clusterIP"] = "10.96.7.7"
    callee[-1]["endpoints"][0]["addresses"] = ["10.244.9.9"]
    gone = service("gone", namespace="other", spec={"selector": None})
    said = log(caller[2], *lines, every_s=every_s, last=last)
    return cluster(*caller, *callee, gone, logs=[said])


@pytest.mark.parametrize(
    "line",
    [
        'Get "http://checkout:8080/x": dial tcp 10.96.7.7:8080: connect: connection refused',
        "dial tcp 10.96.7.7:8080: i/o timeout",
        "dial tcp 10.244.9.9:8080: connect: connection refused",
        "HTTPConnectionPool(host='checkout.shop.svc.cluster.local', port=8080): Max retries exceeded",
        "Error: connect ECONNREFUSED 10.96.7.7:8080",
        'connect() failed (111: Connection refused), client: 10.1.1.1, upstream: "http://10.96.7.7:80/"',
        "upstream checkout:8080 503",
        "GET http://checkout.shop:8080/cart returned 503 Service Unavailable",
        'connection to server at "checkout" (10.96.7.7), port 8080 failed: Connection refused',
        "rpc error: code = Unavailable desc = transport: Error while dialing: dial tcp 10.96.7.7:8080",
        "call to checkout failed: connection reset by peer",
        "错误 调用结算失败：http://checkout:8080/pay 连接被拒绝",
        "[错误] 请求超时 checkout:8080 已重试 3 次",
        '{"time":"2026-03-10T11:50:00Z","msg":"order failed","upstream":"checkout:8080","error":"timed out"}',
    ],
)
def test_the_host_of_a_failed_call_is_resolved_to_its_service(line: str) -> None:
    finding = found(calling(line, line, line), "app.dependency_unreachable")
    assert finding.resource == Ref("Deployment", "shop", "web")
    assert finding.joins["service"] == "shop/checkout"
    assert finding.params["count"] == "3"
    assert finding.severity is Severity.HIGH
    assert finding.evidence[0].ref == "shop/web-7d4b9c6f5d-aa0bb/web"


def test_a_host_outside_the_cluster_is_told_as_it_stands() -> None:
    line = "dial tcp: connecting to db.example.com:5432: connection refused"
    finding = found(calling(line, line, line), "app.dependency_unreachable")
    assert finding.params["host"] == "db.example.com:5432"
    assert "service" not in finding.joins


REFUSED = "dial tcp 10.96.7.7:8080: connect: connection refused"


@pytest.mark.parametrize(
    "line",
    [
        "cannot verify token: WebClientRequestException: Connection refused: checkout/10.96.7.7:8080",
        "finishConnect(..) failed: Connection refused: checkout.shop.svc/[fd00::7]:8080",
        "io.netty.channel.AbstractChannel$AnnotatedConnectException: Connection refused: /10.96.7.7:8080",
    ],
)
def test_addresses_as_java_prints_them_are_understood(line: str) -> None:
    finding = found(calling(*[line] * 4), "app.dependency_unreachable")
    assert finding.joins["service"] == "shop/checkout"


def test_one_line_is_enough_when_the_process_died_of_it() -> None:
    caller = workload("web")
    one = pod(
        caller[1],
        status=[waiting("web", "CrashLoopBackOff", lastState=ended(1, ago=2), restartCount=5)],
    )
    said = log(
        one, "starting", "dial tcp db:5432: connect: connection refused", previous=True, last=2
    )
    told = cluster(caller[0], caller[1], one, logs=[said])
    assert found(told, "app.dependency_unreachable").joins["host"] == "db:5432"


@pytest.mark.parametrize(
    "lines",
    [
        [REFUSED, REFUSED, "connected to checkout"],
        ["served /checkout 503 in 12 ms"] * 5,
        ["12:30:45 INFO listening on 0.0.0.0:8080"] * 5,
        ["call to checkout:8080 took 503 ms"] * 5,
        ["GET http://web:8080/ 503"] * 5,
        ["dial tcp 127.0.0.1:9901: connect: connection refused"] * 5,
        ["checkout LOG:  could not receive data from client: Connection reset by peer"] * 5,
        ["DEBUG could not connect to peer 10.2.2.2:7946, will retry"] * 5,
        ["request failed: invalid basket", "error: unexpected item"] * 3,
    ],
    ids=[
        "too few",
        "own answers",
        "listening",
        "a duration",
        "itself",
        "loopback",
        "a caller",
        "debug",
        "other errors",
    ],
)
def test_ordinary_lines_are_silent(lines: list[str]) -> None:
    assert rules(calling(*lines)) == set()


def test_retries_that_worked_within_a_minute_are_silent() -> None:
    quiet = ["ready"] * 20
    assert rules(calling(*[REFUSED] * 4, *quiet, every_s=10)) == set()


TIMED_OUT = "WARN retry 1/3 for GET http://checkout:8080/v1: context deadline exceeded"


@pytest.mark.parametrize(
    ("after", "told"),
    [("INFO GET http://checkout:8080/v1 ok after 1 retry", False), ("INFO ok", True)],
)
def test_calls_that_got_through_when_tried_again_are_silent(after: str, told: bool) -> None:
    seen = calling(*[TIMED_OUT, after, "INFO GET /p/2 200"] * 6, every_s=60)
    assert ("app.dependency_unreachable" in rules(seen)) is told


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "ERROR charge failed: POST https://api.pay.example.com/v1 -> 503 Service Unavailable",
            True,
        ),
        ("https://rates.example.com/latest returned status 502", True),
        (
            'level=error msg="fetch failed" url=https://rates.example.com/eur err="504 Gateway Timeout"',
            True,
        ),
        ('10.1.1.1 - - "GET https://shop.example.com/ HTTP/1.1" 503 12', False),
        ("served https://shop.example.com/checkout 503 in 12 ms", False),
    ],
)
def test_what_a_host_outside_answered_is_told_and_what_we_answered_is_not(
    line: str, told: bool
) -> None:
    assert ("app.dependency_unreachable" in rules(calling(*[line] * 5))) is told


def test_trouble_that_ended_is_told_with_its_end() -> None:
    quiet = ["ready"] * 30
    finding = found(calling(*[REFUSED] * 5, *quiet), "app.dependency_unreachable")
    assert finding.severity is Severity.MEDIUM
    assert finding.params["ended_at"] == "2026-03-10T11:29:00Z"


def test_lines_before_the_window_do_not_count() -> None:
    assert rules(calling(*[REFUSED] * 5, last=200)) == set()


UNKNOWN = "dial tcp: lookup checkuot on 10.96.0.10:53: no such host"


def test_a_name_that_nobody_has_is_told_with_its_nearest() -> None:
    finding = found(calling(UNKNOWN, UNKNOWN, UNKNOWN), "app.name_unresolved")
    assert finding.params["host"] == "checkuot"
    assert finding.params["near"] == "checkout"
    assert "app.dependency_unreachable" not in rules(calling(UNKNOWN, UNKNOWN, UNKNOWN))


@pytest.mark.parametrize(
    "line",
    [
        "getaddrinfo ENOTFOUND gone.shop.svc",
        'could not translate host name "gone.shop.svc" to address: Name or service not known',
        "java.net.UnknownHostException: gone.shop.svc",
        'host not found in upstream "gone.shop.svc" in /etc/nginx/conf.d/default.conf:3',
    ],
)
def test_every_way_to_say_unknown_host_names_the_host(line: str) -> None:
    finding = found(calling(line, line, line), "app.name_unresolved")
    assert finding.params["host"] == "gone.shop.svc"
    assert finding.params["elsewhere"] == "other/gone"


def test_a_name_server_that_does_not_answer_is_not_the_one_that_was_called() -> None:
    line = "dial tcp: lookup checkout on 10.96.0.10:53: read udp 10.1.1.1:3->10.96.0.10:53: i/o timeout"
    told = calling(line, line, line)
    assert found(told, "app.name_unresolved").params["host"] == "checkout"
    assert "app.dependency_unreachable" not in rules(told)


def test_a_name_that_exists_points_at_name_resolution_itself() -> None:
    line = "lookup checkout on 10.96.0.10:53: server misbehaving"
    assert (
        found(calling(line, line, line), "app.name_unresolved").params["service"] == "shop/checkout"
    )


def test_one_unknown_name_at_the_start_is_silent() -> None:
    assert rules(calling(UNKNOWN, "ready", "ready")) == set()


def test_credentials_in_a_quoted_line_are_masked() -> None:
    line = "connect postgres://app:hunter2@db:5432/x failed: connection refused password=hunter2"
    finding = found(calling(line, line, line), "app.dependency_unreachable")
    assert "hunter2" not in str(finding)


def test_no_logs_at_all_are_no_finding() -> None:
    assert rules(cluster(*workload("web"))) == set()


def mended(
    *, ready_ago: float = 3.5, restarts: int = 0, unready: int = 0, quiet: int = 3
) -> Cluster:
    """Refused up to four minutes ago; then the pods of checkout became ready."""
    caller, [owner, replicas_of, *_] = workload("web"), workload("checkout")
    status = [running("checkout", since=ready_ago, restartCount=restarts)]
    pods = [pod(replicas_of, f"cc{n}dd", status=status, changed=ready_ago) for n in range(2)]
    pods += [pod(replicas_of, f"ee{n}ff", ready=False) for n in range(unready)]
    front = service("checkout", ip="10.96.7.7")
    callee = [owner, replicas_of, *pods, front, endpoint_slice(front, pods)]
    said = log(caller[2], *[REFUSED] * 5, *["served"] * quiet, last=4 - quiet)
    return cluster(*caller, *callee, logs=[said])


def test_a_callee_that_became_ready_after_the_last_complaint_is_no_trouble() -> None:
    assert "app.dependency_unreachable" not in rules(mended())


@pytest.mark.parametrize(
    "told",
    [
        mended(ready_ago=6),
        mended(restarts=4),
        mended(unready=1),
        mended(quiet=0),
    ],
    ids=["ready before", "falls again and again", "not all ready", "not heard of since"],
)
def test_complaints_stand_until_the_callee_is_mended(told: Cluster) -> None:
    assert "app.dependency_unreachable" in rules(told)


def led_anew(*, altered_ago: float, quiet: int) -> Cluster:
    """Refused until somebody wrote the selector of checkout, whose pods were ready all along."""
    caller, callee = workload("web"), workload("checkout")
    front = callee[-2]
    front["spec"]["clusterIP"] = "10.96.7.7"
    fields = {"f:spec": {"f:selector": {}}}
    front["metadata"]["managedFields"] = [
        {
            "manager": "kubectl-edit",
            "operation": "Update",
            "time": stamp(altered_ago),
            "fieldsV1": fields,
        }
    ]
    said = log(caller[2], *[REFUSED] * 5, *["served"] * quiet)
    return cluster(*caller, *callee, logs=[said])


def test_a_service_led_to_its_pods_after_the_last_complaint_is_no_trouble() -> None:
    assert "app.dependency_unreachable" not in rules(led_anew(altered_ago=6.5, quiet=6))


@pytest.mark.parametrize(
    "told",
    [led_anew(altered_ago=3.5, quiet=3), led_anew(altered_ago=20, quiet=6)],
    ids=["for a short time only", "before the complaints"],
)
def test_complaints_stand_until_the_service_leads_there_for_some_time(told: Cluster) -> None:
    assert "app.dependency_unreachable" in rules(told)
