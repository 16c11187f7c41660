"""Ingresses without a controller, with another's address, or with the wrong certificate."""

from datetime import timedelta

import pytest

from mcp_servers.engines.certificates import covers
from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Json, NotChecked
from tests.factories import NOW, cluster, found, log, rules, thing, workload

WEB = {"name": "web", "port": {"number": 8080}}
RULE = "ingress.tls_secret"
ADDRESS = {"loadBalancer": {"ingress": [{"ip": "203.0.113.40"}]}}


def route(
    name: str = "front",
    *,
    served: bool = False,
    host: str = "shop.example.com",
    tls: str = "",
    **more: object,
) -> Json:
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": WEB}}
    spec: Json = {"rules": [{"host": host, "http": {"paths": [path]}}], **more}
    if tls:
        spec["tls"] = [{"hosts": [host], "secretName": tls}]
    return {**thing("Ingress", name), "spec": spec, "status": ADDRESS if served else {}}


def known(name: str = "nginx", *, default: bool = False) -> Json:
    marks = {"ingressclass.kubernetes.io/is-default-class": "true"} if default else {}
    return thing("IngressClass", name, annotations=marks)


def test_a_class_that_is_not_there_names_the_nearest() -> None:
    of = cluster(*workload(), known(), route(ingressClassName="ngnix"))
    finding = found(of, "ingress.class_missing")
    assert (finding.severity, finding.params["near"]) == (Severity.CRITICAL, "nginx")
    assert finding.fix is not None


def test_no_class_and_no_default_is_told() -> None:
    finding = found(cluster(*workload(), known(), route()), "ingress.class_missing")
    assert (finding.params["class"], finding.params["classes"]) == ("", "nginx")


def annotated() -> Json:
    made = route()
    made["metadata"]["annotations"] = {"kubernetes.io/ingress.class": "nginx"}
    return made


@pytest.mark.parametrize(
    "objects",
    [
        [known(), route(ingressClassName="nginx")],
        [known(default=True), route()],
        [known(), route(served=True, ingressClassName="gce")],
        [known(), annotated()],
        [route()],
    ],
    ids=["it is there", "a default", "served all the same", "an annotation", "no classes at all"],
)
def test_an_ingress_that_somebody_takes_up_is_silent(objects: list[Json]) -> None:
    assert "ingress.class_missing" not in rules(cluster(*workload(), *objects))


def test_classes_that_could_not_be_listed_say_nothing() -> None:
    unseen = [NotChecked("IngressClass", "forbidden")]
    of = cluster(*workload(), route(ingressClassName="nginx"), not_checked=unseen)
    assert "ingress.class_missing" not in rules(of)


def test_one_address_in_two_ingresses_is_told_about_the_younger() -> None:
    younger = route("late", served=True)
    younger["metadata"]["creationTimestamp"] = "2026-03-10T10:00:00Z"
    finding = found(cluster(*workload(), route(served=True), younger), "ingress.host_conflict")
    assert (finding.resource.name, finding.params["other"]) == ("late", "shop/front")


@pytest.mark.parametrize(
    "other",
    [
        route("late", served=True, host="api.example.com"),
        route("late", served=True, ingressClassName="internal"),
    ],
    ids=["another host", "another class"],
)
def test_different_addresses_do_not_conflict(other: Json) -> None:
    of = cluster(*workload(), route(served=True), other)
    assert "ingress.host_conflict" not in rules(of)


def test_a_canary_shares_an_address_on_purpose() -> None:
    canary = route("canary", served=True)
    canary["metadata"]["annotations"] = {"nginx.ingress.kubernetes.io/canary": "true"}
    of = cluster(*workload(), route(served=True), canary)
    assert "ingress.host_conflict" not in rules(of)


def secret(
    name: str = "shop-tls", *names: str, keys: tuple[str, ...] = ("tls.crt", "tls.key"), **more: str
) -> Json:
    made = thing("Secret", name, type=more.get("type", "kubernetes.io/tls"))
    made["data"] = dict.fromkeys(keys, "")
    if names:
        ends_at = (NOW + timedelta(days=60)).isoformat()
        made["certificate"] = {"subject": "CN=x", "names": list(names), "notAfter": ends_at}
    return made


def test_a_tls_secret_that_is_absent_names_the_nearest() -> None:
    of = cluster(*workload(), secret("shop-tls"), route(served=True, tls="shop-tsl"))
    finding = found(of, "ingress.tls_secret")
    assert (finding.params["what"], finding.params["near"]) == ("does not exist", "shop-tls")


def test_a_tls_secret_without_its_keys_says_which_it_has() -> None:
    held = secret(keys=("cert.pem",), type="Opaque")
    finding = found(cluster(*workload(), held, route(served=True, tls="shop-tls")), RULE)
    assert (finding.severity, finding.params["keys"]) == (Severity.HIGH, "cert.pem")


def test_a_tls_secret_copied_without_its_values_is_silent() -> None:
    held = secret(keys=())
    assert RULE not in rules(cluster(*workload(), held, route(served=True, tls="shop-tls")))


def test_a_tls_secret_of_another_type_with_the_right_keys_is_hygiene() -> None:
    of = cluster(*workload(), secret(type="Opaque"), route(served=True, tls="shop-tls"))
    assert found(of, "ingress.tls_secret").severity is Severity.LOW


def test_a_certificate_still_being_issued_is_given_time() -> None:
    young = route(served=True, tls="soon-tls")
    young["metadata"]["creationTimestamp"] = "2026-03-10T11:55:00Z"
    assert "ingress.tls_secret" not in rules(cluster(*workload(), secret(), young))


def test_secrets_that_could_not_be_listed_say_nothing() -> None:
    unseen = [NotChecked("Secret", "forbidden")]
    of = cluster(*workload(), secret(), route(served=True, tls="gone"), not_checked=unseen)
    assert "ingress.tls_secret" not in rules(of)


def test_a_certificate_for_another_host_names_both() -> None:
    of = cluster(
        *workload(), secret("shop-tls", "www.example.com"), route(served=True, tls="shop-tls")
    )
    finding = found(of, "tls.host_mismatch")
    assert (finding.params["host"], finding.params["names"]) == (
        "shop.example.com",
        "www.example.com",
    )


def test_a_wildcard_covers_its_host_and_only_one_level() -> None:
    of = cluster(
        *workload(), secret("shop-tls", "*.example.com"), route(served=True, tls="shop-tls")
    )
    assert "tls.host_mismatch" not in rules(of)
    assert not covers("*.example.com", "a.shop.example.com")


def test_a_host_that_another_secret_serves_is_silent() -> None:
    objects = [
        secret("shop-tls", "www.example.com"),
        secret("right-tls", "shop.example.com"),
        route(served=True, tls="shop-tls"),
        route("second", served=True, tls="right-tls"),
    ]
    assert "tls.host_mismatch" not in rules(cluster(*workload(), *objects))


SHOWN = [
    "tls: failed to verify certificate: x509: certificate is valid for www.example.com, not {}",
    (
        "Hostname/IP does not match certificate's altnames: Host: {}. is not in the cert's altnames: "
        "DNS:www.example.com"
    ),
    "CertificateException: No subject alternative DNS name matching {} found.",
    "SSL: no alternative certificate subject name matches target host name '{}'",
    "Hostname mismatch, certificate is not valid for '{}'.",
]


@pytest.mark.parametrize("line", SHOWN)
def test_clients_that_refuse_a_certificate_tell_for_which_host(line: str) -> None:
    objects = workload()
    said = log(objects[2], *[line.format("shop.example.com")] * 3)
    finding = found(cluster(*objects, logs=[said]), "tls.host_mismatch")
    assert (finding.resource.name, finding.params["host"]) == ("web", "shop.example.com")
    served = cluster(*objects, route(served=True, tls="shop-tls"), secret(), logs=[said])
    assert found(served, "tls.host_mismatch").resource.kind == "Ingress"


def test_one_refused_certificate_of_a_program_that_runs_is_silent() -> None:
    objects = workload()
    said = log(objects[2], SHOWN[0].format("shop.example.com"))
    assert rules(cluster(*objects, logs=[said])) == set()


def test_a_gateway_with_the_wrong_certificate_is_told_too() -> None:
    listener = {
        "name": "https",
        "hostname": "shop.example.com",
        "tls": {"certificateRefs": [{"name": "shop-tls"}]},
    }
    gateway = thing("Gateway", "edge", spec={"listeners": [listener]})
    of = cluster(gateway, secret("shop-tls", "www.example.com"))
    assert found(of, "tls.host_mismatch").resource.kind == "Gateway"
