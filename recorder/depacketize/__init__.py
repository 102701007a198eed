"""RTP payloads → whole frames, per codec; pure. A frame with a missing packet is dropped and decoding
waits for the next key frame."""

from recorder.depacketize.assembler import Frame, FrameAssembler, MalformedPayload
from recorder.depacketize.codecs import payload_format

__all__ = ["Frame", "FrameAssembler", "MalformedPayload", "payload_format"]
