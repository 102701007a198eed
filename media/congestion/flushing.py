"""How long video may wait in a subscriber's pacer before it is thrown away up to the next key frame. Pure.

Throwing away costs a key frame, which everyone else gets too, and the picture rests until it is there: at most one request
per subscriber in 5 s (``keyframes``), and then as long as the key frame itself takes. Not throwing away costs delay. A
window of text repainted is one burst that a slow line needs seconds for: it must pass, late, not be cut off; what comes
from a source that is too fast for good is to be cut off before it is older than a stall may be.
"""

KEY_FRAME_OCTETS = 150_000
"""Of a page of text at 1080p: 120 to 200 kB with VP8, VP9 and AV1."""
LEAST_SECONDS = 1.5
MOST_SECONDS = 4.0
"""Beyond it a stall could pass 5 s, the time until the next key frame included."""


def flush_seconds(octets_per_second: float, key_frame_octets: int = KEY_FRAME_OCTETS) -> float:
    """Twice what a key frame takes at this rate, within bounds: a key frame and a page of changes behind it fit."""
    if octets_per_second <= 0:
        return MOST_SECONDS
    return min(MOST_SECONDS, max(LEAST_SECONDS, 2.0 * key_frame_octets / octets_per_second))
