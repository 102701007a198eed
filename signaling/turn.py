"""TURN servers that browsers may use when neither UDP nor TCP reaches the workers, and who may use them how long.

With a shared secret each account gets a name and password of its own that expire (the "TURN REST API",
coturn's ``use-auth-secret``); the server and the TURN server share nothing but the secret. Pure.
"""

import base64
import hashlib
import hmac
import re
from typing import Literal

from msgspec import Struct

from signaling.wire.ice import IceServer

MAX_SERVERS = 8
_URL = re.compile(
    r"(?P<scheme>turns?):(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?:\?transport=(?P<transport>udp|tcp))?"
)
_DEFAULT_PORTS = {"turn": 3478, "turns": 5349}


class TurnUrl(Struct, frozen=True):
    """RFC 7065. ``host`` without brackets. ``transport``: from the browser to the TURN server."""

    text: str
    scheme: Literal["turn", "turns"]
    host: str
    port: int
    transport: Literal["udp", "tcp"]


def parse_url(text: str) -> TurnUrl:
    """Raises ValueError with what is wrong."""
    found = _URL.fullmatch(text)
    if found is None:
        raise ValueError("must be turn:HOST[:PORT][?transport=udp|tcp] or turns:…")
    scheme: Literal["turn", "turns"] = "turns" if found["scheme"] == "turns" else "turn"
    port = int(found["port"] or _DEFAULT_PORTS[scheme])
    if not 1 <= port <= 65535:
        raise ValueError("the port must be between 1 and 65535")
    transport: Literal["udp", "tcp"] = (
        "tcp" if (found["transport"] or ("tcp" if scheme == "turns" else "udp")) == "tcp" else "udp"
    )
    return TurnUrl(text, scheme, found["host"].strip("[]"), port, transport)


def account_mark(secret: str, account: str) -> str:
    """Tells accounts apart in the TURN server's log and quotas without naming them there."""
    return hmac.new(secret.encode(), f"account {account}".encode(), hashlib.sha256).hexdigest()[:16]


def rest_credentials(secret: str, account: str, expires: int) -> tuple[str, str]:
    """Name and password that a TURN server with the same secret takes until ``expires`` (seconds since
    the epoch). SHA-1 is what the servers in the field check."""
    username = f"{expires}:{account_mark(secret, account)}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()


class TurnServers(Struct, frozen=True):
    """``secret``, or else ``username`` and ``password`` that never change. ``lifetime`` in seconds."""

    urls: tuple[TurnUrl, ...] = ()
    secret: str = ""
    username: str = ""
    password: str = ""
    lifetime: int = 0

    def credentials(self, account: str, now: int, lifetime: int | None = None) -> tuple[str, str]:
        """``now``: milliseconds since the epoch."""
        if not self.secret:
            return self.username, self.password
        return rest_credentials(self.secret, account, now // 1000 + (lifetime or self.lifetime))

    def for_account(self, account: str, now: int) -> tuple[IceServer, ...]:
        """What a browser's RTCPeerConnection takes as ``iceServers``: one entry, for the credential is one."""
        if not self.urls:
            return ()
        return (IceServer(tuple(url.text for url in self.urls), *self.credentials(account, now)),)

    def one_by_one(self, account: str, now: int, lifetime: int) -> tuple[IceServer, ...]:
        """Each by itself, to try it; the credentials hold no longer than the trial."""
        pair = self.credentials(account, now, lifetime)
        return tuple(IceServer((url.text,), *pair) for url in self.urls)
