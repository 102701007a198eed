"""Files of recordings as answers: only names that the store knows, only inside the recordings' directory."""

from pathlib import Path
from urllib.parse import quote

from signaling.gateway.errors import ApiError


def disposition(name: str) -> str:
    """Content-Disposition of a download called ``name`` (RFC 6266; any language's letters)."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in " .-_") else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def file_path(root: Path, recording: str, name: str) -> Path:
    """Where a recording's file is. Raises ApiError when it is not a plain name, or not there."""
    for part in (recording, name):
        if not part or part in (".", "..") or any(c in part for c in "/\\\0"):
            raise ApiError("not_found", "no such file")
    path = root / recording / name
    if path.is_symlink() or not path.is_file():
        raise ApiError("not_found", "no such file")
    return path
