"""The libopus that PyAV carries, called in place: half the processor time of the way through its frames.

PyAV stays the way where its wheel is laid out otherwise: ``recorder.voices`` decides.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from cffi import FFI
from numpy.typing import NDArray

from recorder.depacketize import opus

CHANNELS = 2
RATE = 48_000
_LARGEST_PACKET = 1275
_APPLICATION_AUDIO = 2049
_SET_BITRATE, _SET_COMPLEXITY = 4002, 4010
_ffi = FFI()
_ffi.cdef(
    """
    typedef struct OpusDecoder OpusDecoder;
    typedef struct OpusEncoder OpusEncoder;
    OpusDecoder *opus_decoder_create(int32_t rate, int channels, int *error);
    int opus_decode_float(OpusDecoder *, const unsigned char *, int32_t, float *, int, int fec);
    void opus_decoder_destroy(OpusDecoder *);
    OpusEncoder *opus_encoder_create(int32_t rate, int channels, int application, int *error);
    int opus_encoder_ctl(OpusEncoder *, int request, ...);
    int32_t opus_encode_float(OpusEncoder *, const float *, int, unsigned char *, int32_t);
    void opus_encoder_destroy(OpusEncoder *);
    """
)


@lru_cache(maxsize=1)
def library() -> Any:
    """None where PyAV brings none."""
    package = Path(av.__file__).parent
    for folder in (package.parent / "av.libs", package / ".dylibs", package.parent / "av.dylibs"):
        for path in sorted(folder.glob("libopus[-.]*")):
            try:
                found = _ffi.dlopen(str(path))
                found.opus_decode_float, found.opus_encode_float, found.opus_encoder_ctl  # noqa: B018
            except (OSError, AttributeError):
                continue
            return found
    return None


class Decoder:
    def __init__(self) -> None:
        self._library: Any = library()
        made = self._library.opus_decoder_create(RATE, CHANNELS, _ffi.NULL)
        if made == _ffi.NULL:
            raise MemoryError("no Opus decoder")
        self._decoder = _ffi.gc(made, self._library.opus_decoder_destroy)
        self._samples = _ffi.new("float[]", opus.LONGEST * CHANNELS)
        whole: NDArray[np.float32] = np.frombuffer(_ffi.buffer(self._samples), np.float32)
        self._view = whole.reshape(-1, CHANNELS)

    def decode(self, packet: bytes) -> NDArray[np.float32] | None:
        """(n, 2), good until the next call; None when this is no Opus packet."""
        count = self._library.opus_decode_float(
            self._decoder, packet, len(packet), self._samples, opus.LONGEST, 0
        )
        return self._view[:count] if count > 0 else None


class Encoder:
    """``bit_rate``: bits per second; ``complexity``: 0 to 10."""

    def __init__(self, bit_rate: int, complexity: int) -> None:
        self._library: Any = library()
        made = self._library.opus_encoder_create(RATE, CHANNELS, _APPLICATION_AUDIO, _ffi.NULL)
        if made == _ffi.NULL:
            raise MemoryError("no Opus encoder")
        self._encoder = _ffi.gc(made, self._library.opus_encoder_destroy)
        for request, value in ((_SET_BITRATE, bit_rate), (_SET_COMPLEXITY, complexity)):
            self._library.opus_encoder_ctl(self._encoder, request, _ffi.cast("int32_t", value))
        self._packet = _ffi.new("unsigned char[]", _LARGEST_PACKET)

    def encode(self, frame: NDArray[np.float32]) -> bytes | None:
        """``frame``: (n, 2), of a length that Opus knows. None when it could not be."""
        frame = np.ascontiguousarray(frame, np.float32)
        data = _ffi.cast("float *", frame.ctypes.data)
        length = self._library.opus_encode_float(
            self._encoder, data, len(frame), self._packet, _LARGEST_PACKET
        )
        return bytes(_ffi.buffer(self._packet, length)) if length > 0 else None
