"""Certificates by what they say of their own end, and who would feel it."""

from datetime import timedelta

import pytest

from mcp_servers.engines.certificates import Certificate, as_facts
from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Cluster, Json
from tests.factories import (
    NOW,
    cluster,
    deployment,
    ended,
    found,
    log,
    pod,
    ranking,
    replica_set,
    roots,
    rules,
    thing,
    waiting,
    workload,
)


def secret(days_left: float, **annotations: str) -> Json:
    held = Certificate("CN=shop", ("shop.example.com",), NOW + timedelta(days=days_left))
    made = thing("Secret", "shop-tls", type="kubernetes.io/tls", annotations=annotations)
    return {**made, "data": {"tls.crt": "", "tls.key": ""}, "certificate": as_facts(held)}


def ingress() -> Json:
    tls = [{"hosts": ["shop.example.com"], "secretName": "shop-tls"}]
    return thing("Ingress", "shop", spec={"tls": tls}, status={})


@pytest.mark.parametrize(
    ("days_left", "severity", "blamed"),
    [
        (-0.2, Severity.CRITICAL, True),
        (5, Severity.HIGH, True),
        (20, Severity.MEDIUM, False),
    ],
)
def test_a_certificate_in_use_is_told_by_how_near_its_end_is(
    days_left: float, severity: Severity, blamed: bool
) -> None:
    told = cluster(secret(days_left), ingress())
    finding = found(told, "tls.expiring")
    assert finding.severity is severity
    assert finding.params["hosts"] == "shop.example.com"
    assert finding.params["used_by"] == "Ingress shop/shop"
    assert (roots(told) == ["tls.expiring"]) is blamed


def test_one_in_good_time_is_silent_and_so_is_one_that_is_renewed_by_itself() -> None:
    assert "tls.expiring" not in rules(cluster(secret(50), ingress()))
    renewed = secret(20, **{"cert-manager.io/certificate-name": "shop"})
    assert "tls.expiring" not in rules(cluster(renewed, ingress()))


def test_one_that_nobody_uses_is_hygiene() -> None:
    assert found(cluster(secret(-3)), "tls.expiring").severity is Severity.LOW


def test_a_workload_that_mounts_it_uses_it() -> None:
    volume = {"name": "tls", "secret": {"secretName": "shop-tls"}}
    made = deployment(pod_spec={"volumes": [volume]})
    owner = replica_set(made)
    finding = found(cluster(secret(-1), made, owner, pod(owner)), "tls.expiring")
    assert [str(one) for one in finding.affected] == ["Deployment shop/web"]


REFUSED = "cannot reach broker: x509: certificate has expired or is not yet valid"
ALERT = "TLS server: received CLIENT ALERT: Fatal - Certificate Expired"
DIALING = "dialing broker url=amqps://broker.shop.svc:5671"


def broker(*, mounted: bool = True) -> list[Json]:
    volume = {"name": "tls", "secret": {"secretName": "shop-tls"}}
    return workload("broker", pod_spec={"volumes": [volume]} if mounted else {})


def caller() -> list[Json]:
    made = deployment("rating", replicas=1, ready=0)
    owner = replica_set(made, ready=0)
    last = {"lastState": ended(1, ago=2), "restartCount": 5}
    return [made, owner, pod(owner, status=[waiting("rating", "CrashLoopBackOff", **last)])]


@pytest.mark.parametrize(
    "lines",
    [[DIALING, REFUSED], [f"{REFUSED} (amqps://broker.shop.svc:5671)"]],
    ids=["before", "in"],
)
def test_the_secret_that_ran_out_is_why_its_server_is_refused_by_those_who_call_it(
    lines: list[str],
) -> None:
    server, client = broker(), caller()
    refused = log(client[2], *lines, name="rating", previous=True, last=2, every_s=0.1)
    alerts = log(server[2], *[ALERT] * 4, name="broker", last=2)
    told = cluster(secret(-0.2), *server, *client, logs=[refused, alerts])
    answer = [(one.finding.rule, one.finding.resource.kind) for one in ranking(told).roots]
    assert answer == [("tls.expiring", "Secret")]


def blamed(told: Cluster) -> set[str]:
    return {str(one.finding.resource) for one in ranking(told).roots}


def test_a_certificate_that_ran_out_elsewhere_is_not_laid_to_the_secret_one_has() -> None:
    """A partner outside, and a Service whose pods do not use the Secret."""
    server, client = broker(), caller()
    for host, using in (("pay.example.com", True), ("broker.shop.svc", False)):
        line = f"{REFUSED} (https://{host}:443)"
        said = log(client[2], line, name="rating", previous=True, last=2, every_s=0.1)
        held = server if using else broker(mounted=False)
        told = cluster(secret(-0.2), ingress(), *held, *client, logs=[said])
        assert "Deployment shop/rating" in blamed(told)


def test_one_that_has_days_left_is_not_why_another_is_called_expired() -> None:
    server = broker()
    alerts = log(server[2], *[ALERT] * 4, name="broker", last=2)
    assert "Deployment shop/broker" in blamed(cluster(secret(3), *server, logs=[alerts]))
