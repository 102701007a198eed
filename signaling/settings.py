"""Settings: the same names as flag, ``CLASSROOM_*`` variable and TOML key. Read once, at assembly.

A flag wins over a variable, a variable over the file, the file over the default. What is unknown or
cannot be is refused with a message that names the place, never guessed at.
"""

import difflib
import ipaddress
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from signaling import setting_checks as checks
from signaling.setting_checks import listed
from signaling.turn import TurnServers, parse_url

ENVIRONMENT = "CLASSROOM_"
OTHER_VARIABLES = ("CONFIG", "RUNTIME", "NODE")
"""Variables with the prefix that are no settings: the file's place, the supervisor's, ``./run``'s."""
_OTHER_PREFIXES = ("TEST_", "SERVICE_", "PORT_")
"""The tests', and what Kubernetes sets for a service called ``classroom``."""


class Settings(Struct, frozen=True):
    """``media_ip``: announced to browsers (default: ``host`` if concrete, else the machine's own); several
    are separated by commas.

    Worker *i* listens on ``media_port`` + *i*. Empty URLs mean the embedded default.
    ``tap_listen``: ``host:port`` where a recorder on a machine of its own takes RTP from workers.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    media_ip: str = ""
    media_port: int = 40000
    media_workers: int = 1
    fanout: str = "auto"
    data: Path = Path("data")
    database_url: str = ""
    redis_url: str = ""
    storage_url: str = ""
    tls_cert: str = ""
    tls_key: str = ""
    demo: bool = False
    demo_password: str = ""
    school: str = "Trường học"
    tap_listen: str = ""
    metrics_token: str = ""
    turn_urls: str = ""
    turn_secret: str = ""
    turn_username: str = ""
    turn_password: str = ""
    turn_lifetime: int = 12 * 3600

    @property
    def media_addresses(self) -> tuple[str, ...]:
        """Those of ``media_ip``, in its order."""
        return listed(self.media_ip)

    @property
    def turn(self) -> TurnServers:
        return TurnServers(
            tuple(parse_url(url) for url in listed(self.turn_urls)),
            self.turn_secret,
            self.turn_username,
            self.turn_password,
            self.turn_lifetime,
        )

    @property
    def recordings(self) -> Path:
        return self.data / "recordings"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the web server; everywhere else it speaks HTTPS."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        scheme = "https" if self.tls_cert else "http"
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"{scheme}://[{host}]:{self.port}/" if ":" in host else f"{scheme}://{host}:{self.port}/"


class SettingsError(Exception):
    """``problems``: one line each, for the person who wrote the settings."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Entry(Struct, frozen=True):
    """How a setting is explained and checked. ``check`` gets the typed value and says what is wrong."""

    help: str
    metavar: str = "TEXT"
    check: Callable[..., str | None] = lambda _value: None


TABLE: dict[str, Entry] = {
    "host": Entry("address to serve on; any but loopback gets HTTPS", "HOST", checks.host),
    "port": Entry("port of the web server", "PORT", checks.port),
    "media_ip": Entry(
        "IP addresses announced to browsers for media, with commas between them; default: the machine's own",
        "IP[,IP]",
        checks.addresses,
    ),
    "media_port": Entry("UDP and TCP port of the first media worker; worker i uses +i", "PORT", checks.port),
    "media_workers": Entry("how many media workers; one per core is enough", "COUNT", checks.workers),
    "fanout": Entry(
        "what switches packets: native (C), python, or auto: the native one where it was built",
        "NAME",
        checks.fanout,
    ),
    "data": Entry("directory of database, recordings and certificate", "DIRECTORY"),
    "database_url": Entry(
        "postgresql://… ; default: SQLite in the data directory",
        "URL",
        checks.scheme("postgresql", "postgres", "sqlite"),
    ),
    "redis_url": Entry(
        "redis://… joins the roles of a cluster", "URL", checks.scheme("redis", "rediss", "unix")
    ),
    "storage_url": Entry(
        "s3://bucket/prefix?endpoint=… (also gs:, az:, file:): closed recordings move there; default: they stay in "
        "the data directory",
        "URL",
        checks.storage,
    ),
    "tls_cert": Entry("certificate chain (PEM); default off loopback: one that it makes", "FILE"),
    "tls_key": Entry("private key of the certificate (PEM)", "FILE"),
    "demo": Entry("seed a demonstration school into an empty store", ""),
    "demo_password": Entry("password of the demonstration accounts; default: one that it makes"),
    "school": Entry("name of the school", "NAME"),
    "tap_listen": Entry(
        "host:port where a recorder by itself takes media from workers", "HOST:PORT", checks.tap_listen
    ),
    "metrics_token": Entry("bearer token for /metrics from other than loopback addresses"),
    "turn_urls": Entry(
        "TURN servers for networks that block all else, with commas between them",
        "URL[,URL]",
        checks.turn_urls,
    ),
    "turn_secret": Entry("secret shared with the TURN servers (coturn: static-auth-secret)"),
    "turn_username": Entry("name at the TURN servers, where there is no shared secret"),
    "turn_password": Entry("password at the TURN servers, where there is no shared secret"),
    "turn_lifetime": Entry("how long credentials made with the secret are taken", "SECONDS", checks.lifetime),
}

_WORDS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}
_TYPES = {field.encode_name: field.type for field in msgspec.structs.fields(Settings)}
_SECRET = re.compile("secret|password|token")
_LISTS = frozenset({"media_ip", "turn_urls"})
"""A file may write these as a list."""


def flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def variable(name: str) -> str:
    return ENVIRONMENT + name.upper()


def parse(
    flags: Mapping[str, object],
    environment: Mapping[str, str],
    file: Mapping[str, object],
    file_name: str = "file",
) -> Settings:
    """Raises SettingsError with every problem there is. ``flags``: only those given, by field name."""
    problems: list[str] = []
    given: dict[str, tuple[str, object]] = {}
    for key, value in file.items():
        name = key.replace("-", "_")
        if name in TABLE:
            given[name] = (f"{key} in {file_name}", value)
        else:
            problems.append(f"{file_name}: there is no setting {key}{_nearest(name, TABLE)}")
    for key, text in environment.items():
        name = key.removeprefix(ENVIRONMENT)
        if name == key or name in OTHER_VARIABLES or name.startswith(_OTHER_PREFIXES):
            continue
        if name == "PORT" and text.startswith("tcp://"):
            continue  # Kubernetes again
        if name.lower() in TABLE:
            given[name.lower()] = (key, text)
        else:
            problems.append(f"{key}: there is no such setting{_nearest(name.lower(), TABLE, variable)}")
    for name, value in flags.items():
        given[name] = (flag(name), value)

    values: dict[str, object] = {}
    for name, (place, value) in given.items():
        try:
            values[name] = _convert(name, value)
        except (ValueError, msgspec.ValidationError):
            shown = "what is there" if _SECRET.search(name) else repr(value)
            problems.append(f"{place}: {shown} is not {_expected(name)}")
            continue
        problem = TABLE[name].check(values[name])
        if problem:
            problems.append(f"{place}: {problem}")
    if not problems:
        settings = msgspec.structs.replace(Settings(), **values)
        problems = _check_together(settings)
        if not problems:
            return settings
    raise SettingsError(problems)


def _convert(name: str, value: object) -> object:
    if _TYPES[name] is Path:
        if not isinstance(value, str | Path) or not str(value):
            raise ValueError
        return Path(value).expanduser()
    if _TYPES[name] is bool and isinstance(value, str):
        if value.lower() not in _WORDS:
            raise ValueError
        return _WORDS[value.lower()]
    if name in _LISTS and isinstance(value, list):
        value = ",".join(msgspec.convert(value, list[str]))
    return msgspec.convert(value, _TYPES[name], strict=not isinstance(value, str))


def _expected(name: str) -> str:
    return {int: "a whole number", bool: "true or false"}.get(_TYPES[name], "text")


def _check_together(settings: Settings) -> list[str]:
    problems = []
    if bool(settings.tls_cert) != bool(settings.tls_key):
        problems.append("--tls-cert and --tls-key: give both or neither")
    if settings.media_port + settings.media_workers - 1 > 65535:
        problems.append("--media-port: too high for that many media workers")
    if settings.media_port <= settings.port < settings.media_port + settings.media_workers:
        problems.append("--port: a media worker uses this port too")
    if bool(settings.turn_username) != bool(settings.turn_password):
        problems.append("--turn-username and --turn-password: give both or neither")
    if settings.turn_secret and settings.turn_username:
        problems.append("--turn-secret: not together with --turn-username")
    if settings.turn_urls and not (settings.turn_secret or settings.turn_username):
        problems.append("--turn-urls: give --turn-secret, or --turn-username and --turn-password, too")
    return problems


def _nearest(name: str, names: Mapping[str, object], show: Callable[[str], str] = str) -> str:
    near = difflib.get_close_matches(name, names, 1)
    return f" (did you mean {show(near[0])}?)" if near else ""


def to_environment(settings: Settings) -> dict[str, str]:
    """The variables from which ``parse`` makes the same settings."""
    return {
        variable(name): str(int(value) if isinstance(value, bool) else value)
        for name, value in msgspec.structs.asdict(settings).items()
    }
