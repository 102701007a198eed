"""An ICE-lite agent (RFC 8445 §2.5), pure: it answers checks, follows nomination and watches consent.

The remote (the browser) is controlling; role conflicts cannot happen with a full agent that keeps to
the RFC and are ignored. Addresses are opaque keys that the caller makes.
"""

import base64
import secrets
from collections.abc import Hashable, Iterable
from typing import NamedTuple

from media import stun
from media.parameters import IceCandidate

CONSENT_SECONDS = 30.0
SILENT_SECONDS = 3.0
"""Longer than browsers wait between two checks of an address in use."""
MAX_ADDRESSES = 16


class Credentials(NamedTuple):
    ufrag: str
    password: str


def new_credentials() -> Credentials:
    """RFC 8445 §5.3 wants 24 and 128 bits of randomness; ``ufrag`` also tells transports apart."""
    return Credentials(_text(12), _text(24))


def host_candidates(ips: Iterable[str], port: int) -> tuple[IceCandidate, ...]:
    """Each address over UDP and over TCP (RFC 6544, passive); UDP first."""
    found: list[IceCandidate] = []
    for index, ip in enumerate(ips):
        for protocol, preference in (("udp", 2130706431), ("tcp", 1671430143)):
            found.append(
                IceCandidate(
                    foundation=f"{protocol}{index}",
                    priority=preference - index * 256,
                    ip=ip,
                    address=ip,
                    port=port,
                    protocol="udp" if protocol == "udp" else "tcp",
                    type="host",
                    tcp_type=None if protocol == "udp" else "passive",
                )
            )
    return tuple(sorted(found, key=lambda candidate: -candidate.priority))


def _text(size: int) -> str:
    """Base64 of so many random bytes: its alphabet is that of ICE (RFC 8445 §5.3)."""
    return base64.b64encode(secrets.token_bytes(size)).decode()


class Checked(NamedTuple):
    """A check that was right. ``selected``: the address to send to has changed to the check's, and
    ``after_silence``: what went to the one before was probably lost.

    ``retired``: ufrags that are no longer valid. ``forgotten``: an address that lost its place.
    """

    response: bytes
    selected: bool
    retired: tuple[str, ...]
    forgotten: Hashable | None
    after_silence: bool = False


class IceAgent:
    """Times are seconds, monotonic."""

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self._before: list[Credentials] = []
        self._valid: dict[Hashable, float] = {}
        self.selected: Hashable | None = None
        self._nominated = False

    @property
    def addresses(self) -> tuple[Hashable, ...]:
        """Those from which a right check came: only they may send anything else."""
        return tuple(self._valid)

    def restart(self, credentials: Credentials) -> tuple[str, ...]:
        """New credentials; the old ones hold until the new ones are nominated. Returns ufrags given up at once."""
        dropped = tuple(old.ufrag for old in self._before)
        self._before = [self.credentials]
        self.credentials = credentials
        return dropped

    def check(
        self, message: stun.Message, address: Hashable, ip: str, port: int, now: float
    ) -> Checked | None:
        """None when the message is no right binding request for this agent: drop it silently."""
        if message.type != stun.Type.REQUEST:
            return None
        ufrag = message.username.partition(":")[0]
        credentials = next((c for c in (self.credentials, *self._before) if c.ufrag == ufrag), None)
        if credentials is None or not message.is_authentic(credentials.password.encode()):
            return None
        is_silent = self._is_silent(address, now)
        # A browser whose network began to block waits seconds before it nominates another way: its
        # first check with the new credentials says already that there is one.
        is_rescue = is_silent and credentials is self.credentials and bool(self._before)
        forgotten = self._remember(address, now)
        retired: tuple[str, ...] = ()
        selected = False
        nominates = stun.Attribute.USE_CANDIDATE in message.attributes
        if nominates and credentials is self.credentials and self._before:
            retired = tuple(old.ufrag for old in self._before)
            self._before = []
        stale = credentials is not self.credentials and self._nominated
        if (nominates and not stale) or self.selected is None or is_rescue:
            selected = self.selected != address
            self.selected = address
            self._nominated = self._nominated or nominates
        response = stun.binding_response(message, ip, port, credentials.password.encode())
        return Checked(response, selected, retired, forgotten, selected and is_silent)

    def _is_silent(self, address: Hashable, now: float) -> bool:
        """Whether another address than this one is selected, and was not heard of for a while."""
        if self.selected is None or self.selected == address:
            return False
        return now - self._valid.get(self.selected, now) >= SILENT_SECONDS

    def _remember(self, address: Hashable, now: float) -> Hashable | None:
        forgotten = None
        if address not in self._valid and len(self._valid) >= MAX_ADDRESSES:
            others = (key for key in self._valid if key != self.selected)
            forgotten = min(others, key=self._valid.__getitem__)
            del self._valid[forgotten]
        self._valid[address] = now
        return forgotten

    def heard(self, address: Hashable, at: float) -> None:
        """A right check from a valid address was answered elsewhere, at that time."""
        before = self._valid.get(address)
        if before is not None and at > before:
            self._valid[address] = at

    def forget(self, address: Hashable) -> bool:
        """An address that is no more (a closed TCP connection). True when it was the selected one."""
        self._valid.pop(address, None)
        if self.selected != address:
            return False
        self.selected = max(self._valid, key=self._valid.__getitem__, default=None)
        self._nominated = False
        return True

    def expire(self, now: float) -> tuple[tuple[Hashable, ...], bool]:
        """RFC 7675: consent is an address's own. Those from which no right check came for 30 s are given
        up; a later one brings them back. Returns them, and whether the selected one was among them (then
        the one heard last is selected, if any is left)."""
        gone = tuple(key for key, heard_at in self._valid.items() if now - heard_at >= CONSENT_SECONDS)
        was_selected = self.selected in gone
        for address in gone:
            del self._valid[address]
        if was_selected:
            self.forget(self.selected)
        return gone, was_selected
