"""``--storage-url``: which storage, parsed and checked; pure.

``s3://bucket/prefix?endpoint=https://minio.school.vn:9000&region=…&path_style=true&ca=/etc/ca.pem&upload_mbit=20``, or
``gs://bucket/prefix``, ``az://container/prefix``, ``file:///directory``. Credentials are never part of it.
"""

import re
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from msgspec import Struct

Scheme = Literal["s3", "gs", "az", "file", "memory"]
_SCHEMES: dict[str, Scheme] = {"s3": "s3", "gs": "gs", "az": "az", "file": "file", "memory": "memory"}
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9!_.*'()-]+(/[A-Za-z0-9!_.*'()-]+)*")
_TRUTH = {"true": True, "1": True, "false": False, "0": False}
_OPTIONS: dict[Scheme, tuple[str, ...]] = {
    "s3": ("endpoint", "region", "path_style", "ca", "upload_mbit"),
    "gs": ("ca", "upload_mbit"),
    "az": ("endpoint", "ca", "upload_mbit"),
    "file": ("upload_mbit",),
    "memory": ("upload_mbit",),
}


class StorageAddress(Struct, frozen=True):
    """``prefix``: of a file URL the directory. ``ca``: file with the certificates (PEM) of a private authority.
    ``upload_mbit``: Mbit/s that uploads may take at most; None: what ``uploads`` thinks right."""

    scheme: Scheme
    bucket: str = ""
    prefix: str = ""
    endpoint: str = ""
    region: str = ""
    path_style: bool = True
    ca: str = ""
    upload_mbit: float | None = None

    def __str__(self) -> str:
        """For people: fit for logs."""
        if self.scheme == "file":
            return f"file://{self.prefix}"
        shown = f"{self.scheme}://{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")
        return f"{shown} at {self.endpoint}" if self.endpoint else shown


def parse(url: str) -> StorageAddress:
    """Raises ValueError that says what is wrong, without what the URL holds."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    scheme = _SCHEMES.get(parts.scheme)
    if scheme is None:
        raise ValueError("must start with s3:, gs:, az: or file:")
    if parts.username is not None or parts.password is not None:
        raise ValueError(
            "must not hold credentials: give them as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    if parts.fragment:
        raise ValueError("must not have a # in it")
    options = _options(scheme, parts.query)
    upload_mbit = _rate(options.pop("upload_mbit", ""))
    ca = options.get("ca", "")
    if scheme == "file":
        path = unquote(parts.path)
        if parts.netloc or not path.startswith("/") or "\0" in path:
            raise ValueError("must be file:/// and an absolute directory")
        return StorageAddress(scheme, prefix=path, upload_mbit=upload_mbit)
    prefix = parts.path.strip("/")
    if prefix and (not _PREFIX.fullmatch(prefix) or {".", ".."} & set(prefix.split("/"))):
        raise ValueError("has a prefix with other than letters, digits and !_.*'()-/")
    if scheme != "memory" and (port is not None or not _BUCKET.fullmatch(parts.netloc)):
        raise ValueError("needs the bucket's name after ://, such as s3://bucket/prefix")
    return StorageAddress(
        scheme=scheme,
        bucket=parts.netloc,
        prefix=prefix,
        endpoint=_endpoint(options.get("endpoint", "")),
        region=options.get("region", ""),
        path_style=_truth(options.get("path_style", "true")),
        ca=ca,
        upload_mbit=upload_mbit,
    )


def _options(scheme: Scheme, query: str) -> dict[str, str]:
    known = _OPTIONS[scheme]
    found: dict[str, str] = {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), max_num_fields=16)
    except ValueError:
        raise ValueError("has something after ? that is not name=value") from None
    for name, value in pairs:
        if name not in known:
            raise ValueError(f"has an option that is none of {', '.join(known)}")
        if name in found or not value:
            raise ValueError(f"has {name} without a value, or twice")
        found[name] = value
    return found


def _endpoint(text: str) -> str:
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        good = parts.port != 0 and parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    if not good or parts.username is not None or parts.query or parts.fragment:
        raise ValueError("has an endpoint that is not http://host:port or https://host:port")
    return text.rstrip("/")


def _truth(text: str) -> bool:
    if text.lower() not in _TRUTH:
        raise ValueError("has a path_style that is neither true nor false")
    return _TRUTH[text.lower()]


def _rate(text: str) -> float | None:
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,3})?", text) or float(text) < 0.1:
        raise ValueError("has an upload_mbit that is not a number of 0.1 or more")
    return float(text)
