"""The part of ``classroom doctor`` about how browsers reach media: ports, addresses, TURN servers."""

import ipaddress
import socket
import time
from collections.abc import Iterable

from signaling.address import listen_on, source_address
from signaling.finding import Finding, note, ok, problem
from signaling.settings import Settings
from signaling.turn_probe import TurnFailed, try_turn


def in_use(host: str, port: int, kind: socket.SocketKind) -> str | None:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=kind, flags=socket.AI_PASSIVE)[0]
        with socket.socket(family, kind) as probe:
            if kind is socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error.strerror or str(error)
    return None


def media_ports(settings: Settings) -> Finding:
    last = settings.media_port + settings.media_workers - 1
    name = f"{settings.media_port}" if last == settings.media_port else f"{settings.media_port}–{last}"
    for port in range(settings.media_port, last + 1):
        for kind, word in ((socket.SOCK_DGRAM, "UDP"), (socket.SOCK_STREAM, "TCP")):
            reason = in_use(listen_on(settings), port, kind)
            if reason is not None:
                return problem(
                    f"media port {port}/{word}: {reason}", "stop what uses it, or choose another --media-port"
                )
    return ok(f"media ports {name} (UDP and TCP) are free; open them in the firewall")


def media_address(settings: Settings) -> Finding:
    addresses = [ipaddress.ip_address(text) for text in settings.media_addresses]
    shown = ", ".join(map(str, addresses))
    if any(address.is_loopback for address in addresses):
        if settings.is_loopback:
            return ok(f"media address {shown}: browsers on this machine only, like --host")
        return problem(
            f"media address {shown}: no other machine reaches it", "give this machine's to --media-ip"
        )
    for version in sorted({address.version for address in addresses}):
        leaves = source_address(version)
        if leaves is None:
            return problem(
                f"media address {shown}: this machine has no route for IPv{version}",
                "set it up, or leave the address out",
            )
        own = [str(address) for address in addresses if address.version == version and _is_own(str(address))]
        if own and leaves not in own:
            return note(
                f"media address {shown}: answers leave from {leaves}, which browsers are not told",
                f"add {leaves} to --media-ip",
            )
    return ok(f"media address {shown}: where browsers send media to")


def _is_own(address: str) -> bool:
    return in_use(address, 0, socket.SOCK_DGRAM) is None


def turn(settings: Settings) -> Iterable[Finding]:
    servers = settings.turn
    if not servers.urls:
        yield ok("TURN: none; browsers reach the media ports by UDP or TCP, or not at all")
    for url in servers.urls:
        name = f"TURN server {url.text}"
        try:
            try_turn(url, *servers.credentials("doctor", int(time.time() * 1000), 600))
        except TurnFailed as error:
            yield problem(f"{name}: {error}", "check --turn-urls, its secret and that the server runs")
        else:
            yield ok(f"{name} relays with our credentials")
