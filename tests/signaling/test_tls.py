"""Certificates of our own: made, kept, renewed; and those given, checked before anything starts."""

import datetime
import ipaddress
import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest
from cryptography import x509

from signaling.settings import Settings
from signaling.tls import DAYS, BadCertificate, server_context, with_certificate

NOW = datetime.datetime.now(datetime.UTC)


def settings(tmp_path: Path, **changes: str) -> Settings:
    return Settings(**{"host": "0.0.0.0", "media_ip": "192.0.2.7", "data": tmp_path, **changes})  # type: ignore[arg-type]


def test_loopback_needs_none(tmp_path: Path) -> None:
    plain = settings(tmp_path, host="127.0.0.1")
    assert with_certificate(plain, NOW) == plain
    assert server_context(plain) is None
    assert not (tmp_path / "tls").exists()


def test_one_is_made_kept_and_renewed(tmp_path: Path) -> None:
    made = with_certificate(settings(tmp_path), NOW)
    key = Path(made.tls_key)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    certificate = x509.load_pem_x509_certificate(Path(made.tls_cert).read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert ipaddress.ip_address("192.0.2.7") in names.get_values_for_type(x509.IPAddress)
    assert "localhost" in names.get_values_for_type(x509.DNSName)
    assert made.url.startswith("https://")

    before = key.read_bytes()
    assert with_certificate(settings(tmp_path), NOW) == made
    assert key.read_bytes() == before
    with_certificate(settings(tmp_path, media_ip="192.0.2.8"), NOW)  # another address: another certificate
    assert key.read_bytes() != before
    before = key.read_bytes()
    with_certificate(settings(tmp_path, media_ip="192.0.2.8"), NOW + datetime.timedelta(days=DAYS - 10))
    assert key.read_bytes() != before


def test_a_browser_could_shake_hands_with_it(tmp_path: Path) -> None:
    made = with_certificate(settings(tmp_path), NOW)
    server = server_context(made)
    assert server is not None
    client = ssl.create_default_context(cafile=made.tls_cert)
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=lambda: server.wrap_socket(ours, server_side=True).close())
    thread.start()
    with client.wrap_socket(theirs, server_hostname="192.0.2.7") as secured:
        assert secured.version() in ("TLSv1.3", "TLSv1.2")
        secured.settimeout(10)
        assert secured.recv(1) == b""
    thread.join()


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_certificate_given_must_work(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "c.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(BadCertificate):
        server_context(settings(tmp_path, tls_cert=str(path), tls_key=str(path)))
