"""AV1 encoded by a child process, which is killed and begins again where it does not answer.

SVT-AV1, the encoder that PyAV has, now and then waits for ever for a packet of its own threads, where no time limit of a
test reaches it. It also takes real-time priority where it may (``without_real_time``).
"""

import atexit
import json
import os
import pickle
import select
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
ANSWER_SECONDS = 20.0
"""A picture takes some ms."""
_ATTEMPTS = 4


@dataclass(frozen=True)
class Asked:
    """``do``: open, frame, flush, or hang, as the encoder does."""

    encoder: int
    do: str
    width: int = 0
    height: int = 0
    counter: int = 0
    pts: int = 0
    key: bool = False


class Child:
    """One for this process. Ends with it."""

    def __init__(self) -> None:
        self.number = 0
        """Grows with each that was begun."""
        self.turn = threading.RLock()
        """Whose it is keeps the child that is there."""
        self._process: subprocess.Popen[bytes] | None = None
        self._encoders = 0
        atexit.register(self.end)

    @property
    def pid(self) -> int | None:
        with self.turn:
            return None if self._process is None else self._process.pid

    def new_encoder(self) -> int:
        """Its number."""
        with self.turn:
            self._encoders += 1
            return self._encoders

    def end(self) -> None:
        with self.turn:
            process, self._process = self._process, None
            if process is not None:
                process.kill()
                process.communicate()

    def ask(self, asked: Asked, seconds: float) -> list[bytes]:
        """Raises TimeoutError: then there is no child any more."""
        with self.turn:
            process = self._process or self._begin()
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                process.stdin.write(json.dumps(asdict(asked)).encode() + b"\n")
                process.stdin.flush()
                if select.select([process.stdout], [], [], seconds)[0]:
                    packets: list[bytes] = pickle.load(process.stdout)
                    return packets
            except (BrokenPipeError, EOFError):
                pass  # It has crashed.
            self.end()
            raise TimeoutError("the encoder does not answer")

    def ready(self) -> int:
        """The number of the child that is asked next."""
        with self.turn:
            if self._process is None:
                self._begin()
            return self.number

    def _begin(self) -> subprocess.Popen[bytes]:
        self.number += 1
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.recorder.kit.av1_child"],
            cwd=ROOT,
            env=os.environ | {"SVT_LOG": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        return self._process


_child = Child()


class Av1Encoder:
    """Pictures with counters (``material.draw``)."""

    def __init__(
        self, width: int, height: int, *, child: Child = _child, seconds: float = ANSWER_SECONDS
    ) -> None:
        self._child = child
        self._seconds = seconds
        self._number = child.new_encoder()
        self._since_open = [Asked(self._number, "open", width, height)]
        self._known_to = 0
        """The child that was asked all of these."""

    def frame(self, counter: int, pts: int, *, key: bool = False) -> list[bytes]:
        return self._ask(Asked(self._number, "frame", counter=counter, pts=pts, key=key))

    def flush(self) -> list[bytes]:
        """What it has kept back. Nothing can be asked of it after that."""
        return self._ask(Asked(self._number, "flush"))

    def _ask(self, asked: Asked) -> list[bytes]:
        for _ in range(_ATTEMPTS):
            try:
                with self._child.turn:
                    if self._known_to != (child := self._child.ready()):
                        for earlier in self._since_open:
                            self._child.ask(earlier, self._seconds)
                        self._known_to = child
                    packets = self._child.ask(asked, self._seconds)
            except TimeoutError:
                continue
            self._since_open.append(asked)
            return packets
        raise TimeoutError(f"AV1: no picture in {_ATTEMPTS} attempts")
