"""Who is at the other end, also through a reverse proxy on this machine.

Only a proxy that connects from a loopback address is believed, and of ``X-Forwarded-For`` only the last
entry, the one it wrote itself.
"""

import ipaddress

from aiohttp import web


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def is_proxied(request: web.Request) -> bool:
    return "X-Forwarded-For" in request.headers or "Forwarded" in request.headers


def address_of(request: web.Request) -> str:
    """The client's address, as far as it can be known; empty when it cannot."""
    direct = request.remote or ""
    told = request.headers.getall("X-Forwarded-For", [])
    if not told or not _is_loopback(direct):
        return direct
    last = told[-1].rpartition(",")[2].strip()
    try:
        return str(ipaddress.ip_address(last))
    except ValueError:
        return direct


def is_secure(request: web.Request) -> bool:
    """Whether the client speaks HTTPS, to us or to the proxy."""
    if request.secure:
        return True
    return _is_loopback(request.remote or "") and request.headers.get("X-Forwarded-Proto") == "https"


def is_local(request: web.Request) -> bool:
    """A process of this machine, speaking for itself and not for somebody else."""
    return _is_loopback(request.remote or "") and not is_proxied(request)
