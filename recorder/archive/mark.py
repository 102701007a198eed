"""``stored.json`` in a recording's directory: which of its files are in storage, and as what. It stays when they go."""

from pathlib import Path

import msgspec
from msgspec import Struct, field

from recorder.archive.port import Facts
from recorder.files import Files

NAME = "stored.json"


class Mark(Struct, frozen=True):
    files: dict[str, Facts] = field(default_factory=dict)
    version: int = 1

    def has(self, name: str, size: int, modified: int) -> bool:
        """As it is now."""
        known = self.files.get(name)
        return known is not None and (known.bytes, known.modified) == (size, modified)


def load(directory: Path) -> Mark:
    """An empty one when there is none, or none that can be read: then files are stored again. Raises OSError."""
    try:
        return msgspec.json.decode((directory / NAME).read_bytes(), type=Mark)
    except (FileNotFoundError, msgspec.DecodeError, msgspec.ValidationError):
        return Mark()


def add(directory: Path, name: str, facts: Facts) -> None:
    """Raises OSError; FileNotFoundError where the directory is gone."""
    _save(directory, load(directory).files | {name: facts})


def remove(directory: Path, name: str) -> None:
    """Raises OSError."""
    found = load(directory).files
    if found.pop(name, None) is not None:
        _save(directory, found)


def _save(directory: Path, files: dict[str, Facts]) -> None:
    Files().write_whole(directory / NAME, msgspec.json.encode(Mark(files)))
