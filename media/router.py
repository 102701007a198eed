"""A router: one lesson's packet switch. It owns its transports and, through them, all that they carry."""

import secrets

from media.speakers import Speakers
from media.transport import Transport


class Router:
    """``instance`` is new for every router that is really made."""

    def __init__(self, router_id: str) -> None:
        self.id = router_id
        self.instance = secrets.token_hex(8)
        self.transports: dict[str, Transport] = {}
        self.speakers = Speakers()

    def add_transport(self, transport: Transport) -> None:
        self.transports[transport.id] = transport

    def forget_transport(self, transport: Transport) -> None:
        """One of the same id that was opened since stays."""
        if self.transports.get(transport.id) is transport:
            del self.transports[transport.id]
