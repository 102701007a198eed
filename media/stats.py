"""Counters of a worker. One instance, plain integers: the hot path adds to them directly."""

from dataclasses import dataclass, fields


@dataclass(slots=True)
class Counters:
    """Since the worker's start."""

    stun_received: int = 0
    stun_refused: int = 0
    tcp_unvalidated: int = 0
    nacks_sent: int = 0
    nacks_received: int = 0
    nacks_ignored: int = 0
    rtx_asked: int = 0
    plis_sent: int = 0
    plis_received: int = 0
    handshakes: int = 0
    handshakes_failed: int = 0
    dtls_dropped: int = 0
    consents_lost: int = 0
    ice_restarts: int = 0
    errors: int = 0

    def values(self) -> dict[str, float]:
        return {f"media_{field.name}_total": float(getattr(self, field.name)) for field in fields(self)}
