"""A transport's incoming SRTP: every packet is authenticated here before anything of it is believed.

libsrtp makes a replay window and a roll-over counter for each SSRC it hears, of RTP and RTCP alike, and
keeps them. Those of streams in use stay; of all others only so many, for a participant may make up as
many SSRCs as it sends packets. What a closed producer sent stays refused as a replay meanwhile, and a
browser that goes on with an SSRC finds its roll-over counter again.
"""

from collections.abc import Callable
from typing import Any

from media import srtp

MAX_SSRCS = 512


class Inbound:
    """Owns the session. ``is_used``: whether an SSRC belongs to a stream of this transport."""

    def __init__(self, profile: int, key: bytes, is_used: Callable[[int], bool]) -> None:
        self._session = srtp.Session(profile, key, inbound=True)
        self._is_used = is_used
        self._known: dict[int, None] = {}

    def __len__(self) -> int:
        """SSRCs whose state libsrtp keeps."""
        return len(self._known)

    def open(self, pointer: Any, view: memoryview, size: int, control: bool) -> int:
        """In place: the plain size, or a negative libsrtp status. At least 12 bytes."""
        plain = self._session.unprotect(pointer, size, control)
        if plain > 0:
            at = 4 if control else 8
            ssrc = int.from_bytes(view[at : at + 4])
            if ssrc not in self._known:
                self._note(ssrc)
        return plain

    def _note(self, ssrc: int) -> None:
        known = self._known
        known[ssrc] = None
        if len(known) > MAX_SSRCS:
            oldest = next((each for each in known if not self._is_used(each)), None)
            if oldest is not None:
                del known[oldest]
                self._session.forget(oldest)

    def close(self) -> None:
        self._session.close()
