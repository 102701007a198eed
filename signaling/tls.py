"""HTTPS: the certificate given, else one of our own, because browsers share screens only over it."""

import datetime
import ipaddress
import os
import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from signaling.settings import Settings

if TYPE_CHECKING:
    from cryptography import x509

DAYS = 397
"""Browsers refuse longer ones."""
_RENEW_BEFORE = datetime.timedelta(days=30)


class BadCertificate(Exception):
    """The certificate or its key cannot be used; the message says why."""


def server_context(settings: Settings) -> ssl.SSLContext | None:
    """None: plain HTTP. Raises BadCertificate."""
    if not settings.tls_cert:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(settings.tls_cert, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise BadCertificate(f"{settings.tls_cert}: {error}") from error
    return context


def with_certificate(settings: Settings, now: datetime.datetime) -> Settings:
    """Off loopback without a certificate: with one of our own, made or renewed under data/tls/."""
    if settings.tls_cert or settings.is_loopback:
        return settings
    directory = settings.data / "tls"
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    own = (settings.host, *settings.media_addresses, socket.gethostname(), "localhost", "127.0.0.1", "::1")
    names = sorted(set(own))
    if not _still_good(certificate, key, names, now):
        _make(certificate, key, names, now)
    return msgspec.structs.replace(settings, tls_cert=str(certificate), tls_key=str(key))


def _still_good(certificate: Path, key: Path, names: list[str], now: datetime.datetime) -> bool:
    from cryptography import x509

    if not certificate.exists() or not key.exists():
        return False
    try:
        made = x509.load_pem_x509_certificate(certificate.read_bytes())
        alternatives = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    return made.not_valid_after_utc - _RENEW_BEFORE > now and set(_alternatives(names)) <= set(alternatives)


def _alternatives(names: list[str]) -> "list[x509.GeneralName]":
    from cryptography import x509

    found: list[x509.GeneralName] = []
    for name in names:
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            if name.isascii() and name:
                found.append(x509.DNSName(name))
        else:
            if not address.is_unspecified:
                found.append(x509.IPAddress(address))
    return found


def _make(certificate: Path, key: Path, names: list[str], now: datetime.datetime) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "classroom")])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=DAYS - 1))
        .add_extension(x509.SubjectAlternativeName(_alternatives(names)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(key, pem, 0o600)
    _write(certificate, made.public_bytes(serialization.Encoding.PEM), 0o644)


def _write(path: Path, data: bytes, mode: int) -> None:
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
    fresh.replace(path)
