"""``classroom doctor``: a small file goes to the storage of recordings and back."""

import asyncio
import secrets
from pathlib import Path
from tempfile import TemporaryDirectory

from recorder.archive import address
from recorder.archive.opening import open_storage
from recorder.archive.port import NoSuchFile, StorageFailed
from signaling.finding import Finding, ok, problem
from signaling.settings import Settings

_TODO = {
    "unreachable": "check the endpoint in --storage-url, that the server runs, and that this machine may reach it",
    "refused": "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the region; the key must be allowed to list, read, "
    "write and delete",
    "missing": "create the bucket, or correct its name in --storage-url",
    "damaged": "the storage gives back other bytes than it was sent: do not use it",
}


def storage(settings: Settings) -> Finding:
    if not settings.storage_url:
        return ok("recordings stay in the data directory")
    where = address.parse(settings.storage_url)
    try:
        asyncio.run(_try(settings.storage_url))
    except ValueError as error:
        return problem(f"storage of recordings: {error}", "correct --storage-url")
    except StorageFailed as error:
        return problem(f"storage of recordings ({where}): {error}", _TODO[error.code])
    except NoSuchFile:
        return problem(f"storage of recordings ({where}): what was written is not there", _TODO["damaged"])
    except OSError as error:
        return problem(
            f"storage of recordings ({where}): {error.strerror}", "check the directory in --storage-url"
        )
    return ok(f"storage of recordings ({where}): a small file was written, read and deleted")


async def _try(url: str) -> None:
    files = open_storage(address.parse(url))
    recording, data = f"doctor-{secrets.token_hex(6)}", secrets.token_bytes(64)
    try:
        with TemporaryDirectory() as scratch:
            source = Path(scratch) / "small"
            source.write_bytes(data)
            await files.put(recording, "small", source)
        opened = await files.open(recording, "small")
        try:
            if b"".join([piece async for piece in opened.read(0, len(data))]) != data:
                raise StorageFailed("damaged", "other bytes came back")
        finally:
            await opened.close()
        await files.delete_all(recording)
        if await files.names(recording):
            raise StorageFailed("refused", "what was deleted is still there")
    finally:
        await files.close()
