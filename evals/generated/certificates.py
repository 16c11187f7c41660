"""Self-signed certificates that are the same bytes whenever they are made."""

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

# Ed25519 signs without randomness. The key protects nothing.
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def certificate(*hosts: str, begins: datetime, ends: datetime) -> bytes:
    """PEM for these hosts."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(4711)
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in hosts]), False)
        .sign(KEY, None)
    )
    return built.public_bytes(serialization.Encoding.PEM)
