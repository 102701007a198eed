"""What every answer carries, and whose page may speak to us."""

from collections.abc import Mapping
from urllib.parse import urlsplit

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self' {sockets}",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self), "
    "geolocation=(), payment=(), usb=(), serial=(), midi=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


def _host_is_plain(host: str) -> bool:
    """A Host header goes into a header of ours: only what a host name and port are made of."""
    return 0 < len(host) <= 255 and all(letter.isalnum() or letter in ".-:[]_" for letter in host)


def headers_for(host: str, secure: bool) -> dict[str, str]:
    """Security headers of an answer to a request that came to ``host`` (its Host header)."""
    scheme = "wss" if secure else "ws"
    # Safari does not read 'self' as covering WebSockets.
    sockets = f"{scheme}://{host}" if _host_is_plain(host) and host.isascii() else ""
    headers = {**_FIXED, "Content-Security-Policy": _CONTENT_SECURITY_POLICY.format(sockets=sockets).strip()}
    if secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


def _authority(netloc: str, scheme: str) -> str:
    netloc = netloc.lower()
    default = {"http": ":80", "https": ":443"}.get(scheme, "")
    return netloc.removesuffix(default) if default else netloc


def origin_is_ours(headers: Mapping[str, str]) -> bool:
    """Whether the page that made this request was served by the host it speaks to.

    A client that is no browser sends no Origin: it has no ambient cookie to abuse, so it passes.
    """
    if headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("Origin")
    if origin is None:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return False
    host = headers.get("Host", "")
    return _authority(parts.netloc, parts.scheme) == _authority(host, parts.scheme)
