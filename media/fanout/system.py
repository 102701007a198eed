"""The system calls for many datagrams at once, where the system has them."""

import errno
import sys
from typing import Any

from cffi import FFI

ffi = FFI()
ffi.cdef(
    """
    struct iovec { void *iov_base; size_t iov_len; };
    struct msghdr { void *msg_name; unsigned int msg_namelen; struct iovec *msg_iov; size_t msg_iovlen;
                    void *msg_control; size_t msg_controllen; int msg_flags; };
    struct mmsghdr { struct msghdr msg_hdr; unsigned int msg_len; };
    int sendmmsg(int sockfd, struct mmsghdr *msgvec, unsigned int vlen, int flags);
    int recvmmsg(int sockfd, struct mmsghdr *msgvec, unsigned int vlen, int flags, void *timeout);
    """
)


def address_of(pointer: Any) -> int:
    """A pointer as a number, to hand it to functions of another FFI."""
    return int(ffi.cast("uintptr_t", pointer))


def _load() -> Any:
    if not sys.platform.startswith("linux"):
        return None
    library = ffi.dlopen(None)
    try:
        library.sendmmsg, library.recvmmsg  # noqa: B018
    except AttributeError:
        return None
    return library


libc: Any = _load()
HAS_MMSG = libc is not None
PASSING = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOBUFS)
