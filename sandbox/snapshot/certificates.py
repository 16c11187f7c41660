"""Certificates inside a snapshot, moved in time with everything else."""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, cast

Json = dict[str, Any]

# What base64 makes of `-----BEGIN CERTIFICATE-----`: most values are dismissed by it.
_ENCODED = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"
_ONE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.DOTALL)
# Signs what was moved. A picture is read, not trusted: nothing here is secret.
_SEED = bytes(range(32))


def move_certificates(objects: Iterable[Json], by: timedelta) -> None:
    """Let every certificate of Secrets and of webhooks' bundles begin and end so much later.

    A certificate is signed, so it is made anew, with the same names, number and public key; that its
    issuer's signature no longer fits is seen by nobody who only reads it.
    """
    for holder, key in _places(objects) if by else ():
        holder[key] = _moved(holder[key], by)


def _places(objects: Iterable[Json]) -> Iterator[tuple[Json, str]]:
    for one in objects:
        data = one.get("data") if one.get("kind") == "Secret" else None
        configs = (each.get("clientConfig") for each in _dicts(one.get("webhooks")))
        for holder in (data, *configs):
            if isinstance(holder, dict):
                known = cast("Json", holder)
                yield from ((known, key) for key, value in known.items() if _holds_one(value))


def _dicts(value: Any) -> Iterator[Json]:
    listed = cast("list[Any]", value) if isinstance(value, list) else []
    yield from (cast("Json", one) for one in listed if isinstance(one, dict))


def _holds_one(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(_ENCODED)


def _moved(encoded: str, by: timedelta) -> str:
    try:
        pem = base64.b64decode(encoded)
    except binascii.Error:
        return encoded
    return base64.b64encode(_ONE.sub(lambda found: _anew(found[0], by), pem)).decode()


def _anew(pem: bytes, by: timedelta) -> bytes:
    """One certificate with other times; what cannot be read stays as it is."""
    from cryptography import x509  # heavy, and most pictures hold no certificate
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        old = x509.load_pem_x509_certificate(pem)
        built = (
            x509.CertificateBuilder()
            .subject_name(old.subject)
            .issuer_name(old.issuer)
            .public_key(cast("Any", old.public_key()))
            .serial_number(old.serial_number)
            .not_valid_before(old.not_valid_before_utc + by)
            .not_valid_after(old.not_valid_after_utc + by)
        )
        for each in old.extensions:
            built = built.add_extension(each.value, each.critical)
        signed = built.sign(Ed25519PrivateKey.from_private_bytes(_SEED), None)
    except (ValueError, OverflowError, TypeError, x509.DuplicateExtension):
        return pem
    return signed.public_bytes(Encoding.PEM)
