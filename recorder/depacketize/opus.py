"""Opus packets (RFC 6716 §3): only how long they sound."""

_SAMPLES = (
    *(480, 960, 1920, 2880) * 3,
    *(480, 960) * 2,
    *(120, 240, 480, 960) * 4,
)
LONGEST = 5760


def samples(packet: bytes) -> int:
    """At 48 kHz; 0 when this is no Opus packet."""
    if not packet:
        return 0
    per_frame = _SAMPLES[packet[0] >> 3]
    code = packet[0] & 3
    if code == 0:
        count = 1
    elif code < 3:
        count = 2
    elif len(packet) < 2:
        return 0
    else:
        count = packet[1] & 0x3F
    total = per_frame * count
    return total if total <= LONGEST else 0
