"""What a job's process is asked to do: one file of JSON, written by the workshop, read once."""

import zlib

import msgspec
from msgspec import Struct

from recorder.jobs.control import JobKind

MAX_DETAILS = 64 << 20
"""Bytes of an export's details when unpacked."""


class ChatLine(Struct, frozen=True, array_like=True):
    """``at_ms``: of recording time."""

    at_ms: int
    name: str
    text: str


class Stage(Struct, frozen=True, array_like=True):
    """From ``at_ms`` on the programme shows a screen, or something else."""

    at_ms: int
    screen: bool


class ExportDetails(Struct, frozen=True):
    """``camera``: the participant whose camera is shown beside a screen; empty: nobody's. ``stages``: in
    order; empty: as far as the files tell. ``chat`` None: without it."""

    camera: str = ""
    stages: tuple[Stage, ...] = ()
    chat: tuple[ChatLine, ...] | None = None


class JobFile(Struct, frozen=True):
    """``directory``: the recording's."""

    job: str
    kind: JobKind
    directory: str
    details: ExportDetails = ExportDetails()


class BadDetails(ValueError):
    """These are no packed details."""


def pack(details: ExportDetails) -> bytes:
    return zlib.compress(msgspec.json.encode(details), 6)


def unpack(data: bytes) -> ExportDetails:
    """Raises BadDetails."""
    if not data:
        return ExportDetails()
    inflate = zlib.decompressobj()
    try:
        plain = inflate.decompress(data, MAX_DETAILS)
        if not inflate.eof:
            raise BadDetails("too long, or cut off")
        return msgspec.json.decode(plain, type=ExportDetails)
    except (zlib.error, msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise BadDetails(str(error)) from error
