"""What a single setting's value may be: each check says what is wrong, or None."""

import ipaddress
from collections.abc import Callable

from media.fanout.choose import CHOICES
from recorder.archive import address
from signaling.turn import MAX_SERVERS, parse_url

MAX_ADDRESSES = 8
"""Each is two candidates that every browser tries."""


def listed(value: str) -> tuple[str, ...]:
    """What stands between the commas."""
    return tuple(filter(None, (part.strip() for part in value.split(","))))


def port(value: int) -> str | None:
    return None if 1 <= value <= 65535 else "must be between 1 and 65535"


def workers(value: int) -> str | None:
    return None if 1 <= value <= 64 else "must be between 1 and 64"


def fanout(value: str) -> str | None:
    return None if value in CHOICES else f"must be one of {', '.join(CHOICES)}"


def host(value: str) -> str | None:
    return (
        None if value and not any(c.isspace() or c in "/@" for c in value) else "must be a host or an address"
    )


def addresses(value: str) -> str | None:
    try:
        found = [ipaddress.ip_address(part) for part in listed(value)]
    except ValueError:
        found = []
    if value and not found:
        return "must be an IP address, such as 192.168.1.10, or several with commas between them"
    if any(address.is_unspecified or address.is_link_local or address.is_multicast for address in found):
        return "must be an address that browsers can reach"
    if len(set(found)) < len(found):
        return "an address is there twice"
    return None if len(found) <= MAX_ADDRESSES else f"at most {MAX_ADDRESSES} addresses"


def turn_urls(value: str) -> str | None:
    urls = listed(value)
    for url in urls:
        try:
            parse_url(url)
        except ValueError as error:
            return f"{url}: {error}"
    if len(set(urls)) < len(urls):
        return "a server is there twice"
    return None if len(urls) <= MAX_SERVERS else f"at most {MAX_SERVERS} servers"


def lifetime(value: int) -> str | None:
    return None if 600 <= value <= 7 * 86400 else "must be between 600 (ten minutes) and 604800 (a week)"


def scheme(*schemes: str) -> Callable[[str], str | None]:
    def check(value: str) -> str | None:
        if not value or value.startswith(tuple(f"{scheme}:" for scheme in schemes)):
            return None
        return "must start with " + " or ".join(f"{scheme}:" for scheme in schemes)

    return check


def storage(value: str) -> str | None:
    if not value:
        return None
    try:
        found = address.parse(value)
    except ValueError as error:
        return str(error)
    return "is for tests" if found.scheme == "memory" else None


def tap_listen(value: str) -> str | None:
    host, _, port = value.rpartition(":")
    if not value or (host and port.isdigit() and 1 <= int(port) <= 65535):
        return None
    return "must be host:port"
