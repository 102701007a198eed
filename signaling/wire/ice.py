"""RTCIceServer, as a browser takes it."""

from msgspec import Struct


class IceServer(Struct, frozen=True, rename="camel"):
    """An RTCIceServer: TURN servers of the school, with credentials of this account that expire."""

    urls: tuple[str, ...]
    username: str
    credential: str
