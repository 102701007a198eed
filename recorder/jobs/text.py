"""What can be read on the stills of shared screens, by tesseract where the machine has it."""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec
from msgspec import Struct

from recorder.control import RecordedFile
from recorder.manifest import Manifest

NAME = "text.json"
LANGUAGES = ("vie", "eng")
MAX_CHARACTERS = 20_000
"""Of one still."""
_SECONDS = 120.0
_MOST_STILLS = 2000


class StillText(Struct, frozen=True):
    """``name``: the still's file."""

    at_ms: int
    share: str
    name: str
    text: str


def command() -> str | None:
    """None where tesseract is not installed."""
    return shutil.which("tesseract")


@lru_cache
def languages(binary: str) -> tuple[str, ...]:
    """Of those wanted, the ones installed."""
    try:
        told = subprocess.run(  # noqa: S603
            [binary, "--list-langs"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    installed = (told.stdout + told.stderr).split()
    return tuple(language for language in LANGUAGES if language in installed)


def read_stills(
    directory: Path,
    manifest: Manifest,
    path: Path,
    *,
    tell: Callable[[float], None],
    check: Callable[[], None],
) -> None:
    """Writes ``path``: the texts in order of time; stills without any are left out. Raises OSError."""
    binary = command()
    spoken = () if binary is None else languages(binary)
    stills = sorted((file for file in manifest.files if file.role == "still"), key=lambda file: file.start)
    found: list[StillText] = []
    if binary is not None and spoken:
        for index, still in enumerate(stills[:_MOST_STILLS]):
            check()
            text = _read(binary, spoken, directory / still.name, check)
            if text:
                found.append(StillText(still.start, still.share, still.name, text))
            tell((index + 1) / len(stills))
    path.write_bytes(msgspec.json.encode(found))
    tell(1.0)


def _read(binary: str, spoken: Sequence[str], still: Path, check: Callable[[], None]) -> str:
    """Empty when there is nothing to read, or the picture is none."""
    process = subprocess.Popen(  # noqa: S603
        [binary, str(still), "stdout", "-l", "+".join(spoken), "--psm", "3"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_THREAD_LIMIT": "1"},
    )
    left = _SECONDS
    with process:
        try:
            while True:
                try:
                    output, _ = process.communicate(timeout=0.25)
                    break
                except subprocess.TimeoutExpired:
                    check()
                    left -= 0.25
                    if left <= 0:
                        return ""
        finally:
            process.kill()
    return tidy(output.decode("utf-8", "replace"))


def tidy(text: str) -> str:
    """Lines without what is no text: empty ones, and those without a letter or a digit."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    kept = (line for line in lines if any(letter.isalnum() for letter in line))
    return "\n".join(kept)[:MAX_CHARACTERS]


def described(directory: Path, duration: int) -> RecordedFile:
    return RecordedFile(NAME, "text", "application/json", 0, duration, (directory / NAME).stat().st_size)
