"""The address at which browsers reach this machine's media ports."""

import ipaddress
import socket

import msgspec

from signaling.settings import Settings

_DOCUMENTATION = {4: ("192.0.2.1", socket.AF_INET), 6: ("2001:db8::1", socket.AF_INET6)}
"""Nobody has these addresses (RFC 5737, RFC 3849); connecting UDP to one only chooses a route."""


def with_media_ip(settings: Settings) -> Settings:
    """``media_ip``: as given, else the host if it is one address, else the machine's own."""
    if settings.media_ip:
        return settings
    return msgspec.structs.replace(settings, media_ip=of_host(settings.host) or primary_address())


def of_host(host: str) -> str:
    """Empty when the host is every address, or a name."""
    try:
        address = ipaddress.ip_address(socket.gethostbyname(host) if host == "localhost" else host)
    except (ValueError, OSError):
        return ""
    return "" if address.is_unspecified else str(address)


def primary_address() -> str:
    """The source address of the default route, else loopback. Sends nothing."""
    return source_address(4) or source_address(6) or "127.0.0.1"


def source_address(version: int) -> str | None:
    """What leaves by the default route of IPv4 or IPv6 leaves from here; None: there is no such route."""
    target, family = _DOCUMENTATION[version]
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((target, 9))
            return str(probe.getsockname()[0])
    except OSError:
        return None


def listen_on(settings: Settings) -> str:
    """The announced address where it is the host's own; else every address (it may be a router's), IPv4
    and IPv6 through one socket when an IPv6 one is announced."""
    if settings.media_ip == of_host(settings.host):
        return settings.media_ip
    versions = {ipaddress.ip_address(address).version for address in settings.media_addresses}
    return "::" if 6 in versions else "0.0.0.0"  # noqa: S104
