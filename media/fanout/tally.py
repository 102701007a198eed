"""Counters of the Python fanout: plain integers, added to on the hot path."""

from media.fanout.port import COUNTERS


class Tally:
    """One attribute for each of ``port.COUNTERS``."""

    __slots__ = COUNTERS

    udp_received: int
    udp_received_bytes: int
    rtp_received: int
    rtcp_received: int
    feedback_received: int
    checks_answered: int
    dropped_unvalidated: int
    dropped_unknown: int
    dropped_early: int
    dropped_replayed: int
    dropped_unauthentic: int
    dropped_malformed: int
    dropped_unrouted: int
    dropped_doubles: int
    rtx_repaired: int
    rtx_useless: int
    sent_packets: int
    sent_bytes: int
    sent_retransmitted: int
    sent_probes: int
    sent_dropped_full: int
    sent_dropped_too_large: int
    sent_dropped_refused: int
    sent_dropped_nowhere: int
    sent_flushed: int
    events_dropped: int

    def __init__(self) -> None:
        for name in COUNTERS:
            setattr(self, name, 0)

    def values(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in COUNTERS}
