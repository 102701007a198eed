"""Messages that belong to no room: whether a role is there."""

from msgspec import Struct


class Ping(Struct, frozen=True, tag="bus.ping"):
    """Reply: Pong. Every role answers it at ``ready.<its address>`` from the moment it is ready."""


class Pong(Struct, frozen=True, tag="bus.pong"):
    role: str
    pid: int


BusMessage = Ping | Pong


def ready_address(role: str) -> str:
    """Up (``Bus.watch``) as long as the role (``gateway``, ``media.0`` …) is ready for work."""
    return f"ready.{role}"
