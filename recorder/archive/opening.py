"""From a storage address to the back-end: decided once, at assembly."""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from recorder.archive import address
from recorder.archive.address import StorageAddress
from recorder.archive.both import Archive
from recorder.archive.local import LocalFiles
from recorder.archive.port import RecordingFiles
from recorder.archive.source import Pace

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_CONNECT_SECONDS = 4
_READ_SECONDS = 15
_PART_SECONDS = 300
"""A part of 5 MiB on a line of 150 kbit/s."""


def open_files(root: Path, storage_url: str, pace: Pace | None = None) -> RecordingFiles:
    """The local directory alone, or with storage behind it. Raises ValueError."""
    local = LocalFiles(root)
    if not storage_url:
        return local
    return Archive(local, open_storage(address.parse(storage_url), pace))


def open_storage(where: StorageAddress, pace: Pace | None = None) -> RecordingFiles:
    """``pace``: of uploads. Raises ValueError; asks nobody yet."""
    if where.scheme == "file":
        return LocalFiles(Path(where.prefix))
    from recorder.archive.objects import ObjectFiles, at_once

    if where.scheme == "memory":
        from obstore.store import MemoryStore

        store = MemoryStore()
        return ObjectFiles(store, store, pace or at_once)
    reader, writer = _connect(where, _READ_SECONDS), _connect(where, _PART_SECONDS)
    return ObjectFiles(reader, writer, pace or at_once)


def _connect(where: StorageAddress, seconds: int) -> "ObjectStore":
    from obstore.exceptions import BaseError
    from obstore.store import AzureStore, GCSStore, S3Store

    client: Any = {
        "connect_timeout": timedelta(seconds=_CONNECT_SECONDS),
        "timeout": timedelta(seconds=seconds),
    } | _trust(where, os.environ)
    retry: Any = {"max_retries": 2, "retry_timeout": timedelta(seconds=_CONNECT_SECONDS)}
    prefix = where.prefix or None
    try:
        if where.scheme == "s3":
            client["allow_http"] = _endpoint(where, os.environ).startswith("http://")
            config: Any = s3_config(where)
            return S3Store(
                where.bucket, prefix=prefix, config=config, client_options=client, retry_config=retry
            )
        if where.scheme == "az":
            client["allow_http"] = where.endpoint.startswith("http://")
            azure: Any = {"endpoint": where.endpoint} if where.endpoint else {}
            return AzureStore(
                where.bucket, prefix=prefix, config=azure, client_options=client, retry_config=retry
            )
        return GCSStore(where.bucket, prefix=prefix, client_options=client, retry_config=retry)
    except (BaseError, OSError) as error:
        raise ValueError(f"{where}: {str(error).partition(chr(10))[0]}") from error


def s3_config(where: StorageAddress) -> dict[str, object]:
    """What the URL says wins over AWS_* variables, which obstore reads."""
    config: dict[str, object] = {}
    if where.region:
        config["region"] = where.region
    endpoint = where.endpoint
    if not where.path_style:
        config["virtual_hosted_style_request"] = True
        if endpoint:
            parts = urlsplit(endpoint)
            endpoint = parts._replace(netloc=f"{where.bucket}.{parts.netloc}").geturl()
    if endpoint:
        config["endpoint"] = endpoint
    return config


def _endpoint(where: StorageAddress, environment: Mapping[str, str]) -> str:
    if where.endpoint:
        return where.endpoint
    names = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
    return next((environment[name] for name in names if environment.get(name)), "")


def _trust(where: StorageAddress, environment: Mapping[str, str]) -> dict[str, object]:
    """Raises ValueError."""
    path = where.ca or environment.get("AWS_CA_BUNDLE", "")
    if not path:
        return {}
    try:
        return {"root_certificate": Path(path).read_bytes()}
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error
