"""Removes a recording: out of sight in one step, then from the disk; whatever stops it, the rest goes later."""

import os
import shutil
from pathlib import Path

_TRASH = ".trash-"
"""No id of a recording begins with a dot: nothing in the trash is ever served, listed or taken up."""


def erase(directory: Path, recording: str) -> tuple[int, int]:
    """(files, bytes) that were removed; ``recording`` is a valid id in ``directory``. Raises OSError."""
    here = directory / recording
    if here.is_dir() and not here.is_symlink():
        here.rename(directory / f"{_TRASH}{recording}.{os.urandom(4).hex()}")
        _sync(directory)
    # An erasure that was cut short is gone on with, and counted.
    return _remove(directory, f"{_TRASH}{recording}.*")


def empty_trash(directory: Path) -> None:
    """Raises OSError."""
    _remove(directory, f"{_TRASH}*")


def _remove(directory: Path, pattern: str) -> tuple[int, int]:
    files = size = 0
    for trash in directory.glob(pattern):
        for path in trash.rglob("*"):
            if path.is_file() and not path.is_symlink():
                files += 1
                size += path.stat().st_size
        shutil.rmtree(trash)
    if files:
        _sync(directory)
    return files, size


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
