"""What a job's process tells its parent: JSON lines on its standard output."""

import os
from collections.abc import Callable

import msgspec
from msgspec import Struct

from recorder.control import RecordedFile
from recorder.jobs.control import FailureCode

MAX_LINE = 1 << 20


class Progress(Struct, frozen=True, tag="progress"):
    """0 to 1."""

    value: float


class Done(Struct, frozen=True, tag="done"):
    files: tuple[RecordedFile, ...]


class Failed(Struct, frozen=True, tag="failed"):
    code: FailureCode
    detail: str


Line = Progress | Done | Failed
Tell = Callable[[float], None]
_decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


class JobError(Exception):
    """The job cannot be done."""

    def __init__(self, code: FailureCode, detail: str) -> None:
        super().__init__(detail)
        self.failed = Failed(code, detail)


class Cancelled(BaseException):
    """It was asked to stop. Not an Exception, so that nothing that skips bad pictures swallows it."""


def say(line: Line, descriptor: int = 1) -> None:
    """A parent that is gone hears nothing: no error."""
    data = msgspec.json.encode(line) + b"\n"
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    except OSError:
        return


def parse(line: bytes) -> Line | None:
    """None for what is no such line: a library may print to standard output."""
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
        return None


class Teller:
    """Says progress in steps that can be seen, never backwards."""

    def __init__(self, tell: Tell, step: float = 0.005) -> None:
        self._tell = tell
        self._step = step
        self._said = 0.0

    def __call__(self, value: float) -> None:
        value = min(1.0, value)
        if value - self._said >= self._step:
            self._said = value
            self._tell(value)
