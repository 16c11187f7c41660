"""What a certificate says in public: the names it is for and until when it holds."""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from mcp_servers.facts.kubernetes import Json, moment

# What a Secret of a certificate has to hold.
TLS_TYPE = "kubernetes.io/tls"
TLS_KEYS = ("tls.crt", "tls.key")

_MARK = b"-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class Certificate:
    """The first certificate of a chain."""

    subject: str
    names: tuple[str, ...]
    not_after: datetime

    def covers(self, host: str) -> bool:
        return any(covers(name, host) for name in self.names)


def read_certificate(encoded: object) -> Certificate | None:
    """The leaf in a base64 field that holds PEM; None when there is none that can be read."""
    try:
        pem = base64.b64decode(encoded, validate=False) if isinstance(encoded, str) else b""
        if _MARK not in pem:
            return None
        from cryptography import x509  # heavy, and most Secrets hold no certificate

        leaf = x509.load_pem_x509_certificate(pem)
        return Certificate(leaf.subject.rfc4514_string(), _names(leaf), leaf.not_valid_after_utc)
    except (ValueError, binascii.Error):
        return None


def _names(leaf: object) -> tuple[str, ...]:
    from cryptography import x509

    if not isinstance(leaf, x509.Certificate):
        return ()
    try:
        held = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = [str(one) for one in held.get_values_for_type(x509.IPAddress)]
    return (*held.get_values_for_type(x509.DNSName), *addresses)


def as_facts(certificate: Certificate) -> Json:
    """What may stand in an object in place of the certificate."""
    return {
        "subject": certificate.subject,
        "names": list(certificate.names),
        "notAfter": certificate.not_after.isoformat(),
    }


def from_facts(facts: Json) -> Certificate | None:
    ends_at = moment(facts.get("notAfter"))
    names: Iterable[object] = facts.get("names") or ()
    if ends_at is None:
        return None
    return Certificate(str(facts.get("subject", "")), tuple(str(one) for one in names), ends_at)


def covers(name: str, host: str) -> bool:
    """Whether a name of a certificate is for a host; a wildcard stands for one label."""
    wanted, held = host.lower().rstrip("."), name.lower().rstrip(".")
    if wanted == held:
        return True
    return held.startswith("*.") and wanted.partition(".")[2] == held[2:] and "*" not in wanted
