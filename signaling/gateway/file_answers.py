"""What answers that are files have in common."""

from urllib.parse import quote


def disposition(name: str) -> str:
    """Content-Disposition of a download called ``name`` (RFC 6266; any language's letters)."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in " .-_") else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
