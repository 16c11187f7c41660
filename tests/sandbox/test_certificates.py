"""A picture of long ago is served as of now, and so are the certificates in it."""

import base64
from datetime import UTC, datetime, timedelta

from cryptography import x509

from evals.generated.certificates import certificate
from sandbox.snapshot.certificates import move_certificates

BEGINS, ENDS = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
PEM = certificate("shop.example.com", "*.shop.example.com", begins=BEGINS, ends=ENDS)


def encoded(pem: bytes) -> str:
    return base64.b64encode(pem).decode()


def read(value: str) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(base64.b64decode(value))


def test_a_chain_in_a_secret_begins_and_ends_later_and_is_otherwise_the_same() -> None:
    data = {"tls.crt": encoded(PEM + PEM), "tls.key": "a2V5"}
    move_certificates([{"kind": "Secret", "data": data}], timedelta(days=200))
    moved = read(data["tls.crt"])
    assert [one.not_valid_after_utc for one in moved] == [ENDS + timedelta(days=200)] * 2
    [old] = x509.load_pem_x509_certificates(PEM)
    assert moved[0].subject == old.subject
    assert moved[0].serial_number == old.serial_number
    assert list(moved[0].extensions) == list(old.extensions)
    assert data["tls.key"] == "a2V5"


def test_the_bundle_of_a_webhook_moves_too() -> None:
    config = {"caBundle": encoded(PEM)}
    move_certificates([{"kind": "X", "webhooks": [{"clientConfig": config}]}], timedelta(days=1))
    assert read(config["caBundle"])[0].not_valid_before_utc == BEGINS + timedelta(days=1)


def test_what_is_no_certificate_or_not_moved_stays_byte_for_byte() -> None:
    broken = encoded(b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    data = {"tls.crt": broken, "note": "aGVsbG8=", "cut": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tzz"}
    kept = dict(data)
    move_certificates([{"kind": "Secret", "data": data}], timedelta(days=1))
    assert data == kept
    whole = {"tls.crt": encoded(PEM)}
    move_certificates([{"kind": "Secret", "data": whole}], timedelta(0))
    assert whole == {"tls.crt": encoded(PEM)}
