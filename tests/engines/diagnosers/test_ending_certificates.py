"""Certificates by what they say of their own end, and who would feel it."""

from datetime import timedelta

import pytest

from mcp_servers.engines.certificates import Certificate, as_facts
from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Json
from tests.factories import NOW, cluster, deployment, found, pod, replica_set, roots, rules, thing


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
