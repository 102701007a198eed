"""Counters of a worker. One instance, plain integers: the hot path adds to them directly."""

from dataclasses import dataclass, fields


@dataclass(slots=True)
class Counters:
    """Since the worker's start."""

    rtp_received: int = 0
    rtcp_received: int = 0
    stun_received: int = 0
    stun_refused: int = 0
    dropped_unvalidated: int = 0
    dropped_unknown: int = 0
    dropped_early: int = 0
    dropped_replayed: int = 0
    dropped_unauthentic: int = 0
    dropped_malformed: int = 0
    dropped_unrouted: int = 0
    dropped_doubles: int = 0
    nacks_sent: int = 0
    nacks_received: int = 0
    nacks_ignored: int = 0
    rtx_sent: int = 0
    rtx_repaired: int = 0
    rtx_useless: int = 0
    plis_sent: int = 0
    plis_received: int = 0
    handshakes: int = 0
    handshakes_failed: int = 0
    consents_lost: int = 0
    ice_restarts: int = 0
    errors: int = 0

    def values(self) -> dict[str, float]:
        return {f"media_{field.name}_total": float(getattr(self, field.name)) for field in fields(self)}
