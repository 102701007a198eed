"""Finds the shared object that the package's build made, and loads it; gives it libsrtp's and OpenSSL's functions."""

import functools
import importlib.machinery
import sys
from pathlib import Path
from typing import Any

from cffi import FFI

from media import srtp

_HERE = Path(__file__).parent
ffi: Any = FFI()
ffi.cdef("\n".join(line for line in (_HERE / "api.h").read_text().splitlines() if not line.startswith("#")))


class Missing(Exception):
    """Why there is no native fanout here."""


@functools.cache
def load() -> Any:
    """The library. Raises Missing."""
    if not sys.platform.startswith("linux") or sys.maxsize <= 2**32:
        raise Missing("it needs 64-bit Linux")
    for suffix in importlib.machinery.EXTENSION_SUFFIXES:
        path = _HERE / f"_fanout{suffix}"
        if path.exists():
            try:
                return ffi.dlopen(str(path))
            except OSError as error:
                raise Missing(f"it cannot be loaded: {error}") from None
    raise Missing("it was not built (there was no C compiler)")


def crypto() -> Any:
    """``struct fo_crypto``: libsrtp as pylibsrtp carries it, and its OpenSSL's HMAC where that can be found."""
    table = ffi.new("struct fo_crypto *")
    for field, name in (
        ("protect", "srtp_protect"),
        ("protect_rtcp", "srtp_protect_rtcp"),
        ("unprotect", "srtp_unprotect"),
        ("unprotect_rtcp", "srtp_unprotect_rtcp"),
        ("remove_stream", "srtp_remove_stream"),
        ("dealloc", "srtp_dealloc"),
    ):
        setattr(table, field, _address(srtp.ffi.addressof(srtp.lib, name)))
    hmac = _openssl()
    if hmac is not None:
        table.hmac, table.sha1 = hmac
    return table


def _address(pointer: Any) -> Any:
    return ffi.cast("void *", int(srtp.ffi.cast("uintptr_t", pointer)))


def _openssl() -> tuple[Any, Any] | None:
    """HMAC and EVP_sha1 of the OpenSSL inside pylibsrtp's binding; None where it exports none: checks then go to Python."""
    other = FFI()
    other.cdef(
        "unsigned char *HMAC(void *, void *, int, void *, size_t, void *, void *); void *EVP_sha1(void);"
    )
    try:
        from pylibsrtp import _binding

        library = other.dlopen(_binding.__file__)
        found = other.addressof(library, "HMAC"), other.addressof(library, "EVP_sha1")
    except (OSError, AttributeError):
        return None
    first, second = (ffi.cast("void *", int(other.cast("uintptr_t", each))) for each in found)
    return first, second
