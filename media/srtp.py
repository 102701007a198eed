"""SRTP in place: the libsrtp that pylibsrtp carries, called on preallocated buffers through cffi.

A session has one owner. Replay protection of what comes in stays libsrtp's; what goes out never
carries two contents under one (SSRC, sequence), so repeated numbers are not allowed.
"""

import socket
from typing import Any, NamedTuple

from pylibsrtp import _binding

ffi: Any = _binding.ffi
lib: Any = _binding.lib
protect_rtp = lib.srtp_protect
protect_rtcp = lib.srtp_protect_rtcp
unprotect_rtp = lib.srtp_unprotect
unprotect_rtcp = lib.srtp_unprotect_rtcp

AEAD_AES_128_GCM: int = lib.srtp_profile_aead_aes_128_gcm
AEAD_AES_256_GCM: int = lib.srtp_profile_aead_aes_256_gcm
AES128_CM_SHA1_80: int = lib.srtp_profile_aes128_cm_sha1_80
RTP_TAG = {AEAD_AES_128_GCM: 16, AEAD_AES_256_GCM: 16, AES128_CM_SHA1_80: 10}
OK = 0
AUTH_FAILED = 7
REPLAYED = (9, 10)
TRAILER = 4 + 16 + 128
"""Room to leave behind a packet before it is protected."""


class SrtpKeys(NamedTuple):
    """Master key + salt of each direction, as this side uses them."""

    profile: int
    inbound: bytes
    outbound: bytes


class SrtpError(Exception):
    """libsrtp refused to make a session."""


class Session:
    """An SRTP session for any SSRC of one direction. ``handle``: the ``srtp_t`` to call libsrtp with."""

    def __init__(self, profile: int, key: bytes, inbound: bool) -> None:
        policy = ffi.new("srtp_policy_t *")
        _check(lib.srtp_crypto_policy_set_from_profile_for_rtp(ffi.addressof(policy.rtp), profile))
        _check(lib.srtp_crypto_policy_set_from_profile_for_rtcp(ffi.addressof(policy.rtcp), profile))
        master = ffi.new("unsigned char[]", key)
        policy.key = master
        policy.ssrc.type = lib.ssrc_any_inbound if inbound else lib.ssrc_any_outbound
        policy.window_size = 1024
        policy.allow_repeat_tx = 0
        created = ffi.new("srtp_t *")
        _check(lib.srtp_create(created, policy))
        self.handle: Any = created[0]
        self.tag = RTP_TAG[profile]
        self._size = ffi.new("int *")

    def give(self) -> Any:
        """The handle, which is the caller's to free from now on."""
        handle, self.handle = self.handle, None
        return handle

    def forget(self, ssrc: int) -> None:
        """Free what libsrtp keeps of an SSRC. An outgoing SSRC must never be used again afterwards."""
        if self.handle is not None:
            lib.srtp_remove_stream(self.handle, socket.htonl(ssrc))

    def close(self) -> None:
        handle, self.handle = self.handle, None
        if handle is not None:
            lib.srtp_dealloc(handle)

    def unprotect(self, pointer: Any, size: int, rtcp: bool) -> int:
        """In place. The plain size, or a negative libsrtp status."""
        length = self._size
        length[0] = size
        status = (unprotect_rtcp if rtcp else unprotect_rtp)(self.handle, pointer, length)
        return -int(status) if status else int(length[0])

    def protect(self, pointer: Any, size: int, rtcp: bool) -> int:
        """In place, with ``TRAILER`` bytes of room behind. The protected size, or a negative libsrtp status."""
        length = self._size
        length[0] = size
        status = (protect_rtcp if rtcp else protect_rtp)(self.handle, pointer, length)
        return -int(status) if status else int(length[0])


def _check(status: int) -> None:
    if status != OK:
        raise SrtpError(f"libsrtp status {status}")
