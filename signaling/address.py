"""The address at which browsers reach this machine's media ports."""

import ipaddress
import socket

import msgspec

from signaling.settings import Settings

_DOCUMENTATION = (("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6))
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
    for target, family in _DOCUMENTATION:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((target, 9))
                return str(probe.getsockname()[0])
        except OSError:
            continue
    return "127.0.0.1"


def listen_on(settings: Settings) -> str:
    """The announced address where it is the host's own; else every address (it may be a router's)."""
    if settings.media_ip == of_host(settings.host):
        return settings.media_ip
    return "::" if ipaddress.ip_address(settings.media_ip).version == 6 else "0.0.0.0"  # noqa: S104
