"""``classroom doctor``: is this machine fit, are these settings; one plain line each, and what to do."""

import asyncio
import ctypes
import resource
import shutil
import socket
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from signaling.assembly import resolve
from signaling.doctor_media import in_use, media_address, media_ports, turn
from signaling.doctor_storage import storage
from signaling.finding import Finding, note, ok, problem
from signaling.settings import Settings
from signaling.tls import BadCertificate

RECEIVE_BUFFER = 2 * 1024 * 1024
FREE_SPACE = 5 * 1024**3
OPEN_FILES = 4096
_TIME_ERROR = 5
_STATIC = Path(__file__).with_name("static")


def main(settings: Settings) -> int:
    """Prints the findings; the exit status is 1 when there is a problem."""
    found = []
    for finding in examine(settings):
        print(finding, flush=True)
        found.append(finding)
    return 1 if any(finding.state == "problem" for finding in found) else 0


def examine(settings: Settings) -> Iterable[Finding]:
    """Changes nothing but what a start would: the data directory and its certificate."""
    yield _python()
    yield _data(settings)
    try:
        settings = resolve(settings)
    except (BadCertificate, OSError) as error:
        yield problem(f"TLS: {error}", "give a certificate and key that fit to --tls-cert and --tls-key")
    else:
        yield _tls(settings)
    checks: tuple[Callable[[Settings], Finding], ...] = (
        _web_port, media_ports, media_address, _buffers, _files, _av, _text, _client, _database, _redis, storage, _space, _clock,
    )  # fmt: skip
    for check in checks:
        yield check(settings)
    yield from turn(settings)


def _python() -> Finding:
    return ok(f"Python {sys.version.split()[0]}")  # an older one cannot even read this file


def _data(settings: Settings) -> Finding:
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = settings.data / ".doctor"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        return problem(f"data directory {settings.data}: {error.strerror}", "give a writable one to --data")
    return ok(f"data directory {settings.data.resolve()}")


def _tls(settings: Settings) -> Finding:
    if not settings.tls_cert:
        return ok(f"TLS: not needed on {settings.host} (a reverse proxy may add it)")
    from cryptography import x509

    made = x509.load_pem_x509_certificate(Path(settings.tls_cert).read_bytes())
    until = made.not_valid_after_utc
    if until < datetime.now(UTC) + timedelta(days=14):
        return problem(f"TLS: the certificate is valid until {until:%Y-%m-%d}", "renew it")
    if made.issuer == made.subject:
        return note(
            f"TLS: a self-signed certificate, valid until {until:%Y-%m-%d}",
            "browsers will warn; give one of a known authority to --tls-cert and --tls-key",
        )
    return ok(f"TLS: certificate valid until {until:%Y-%m-%d}")


def _web_port(settings: Settings) -> Finding:
    reason = in_use(settings.host, settings.port, socket.SOCK_STREAM)
    if reason is None:
        return ok(f"web port {settings.host}:{settings.port} is free")
    return problem(
        f"web port {settings.host}:{settings.port}: {reason}", "stop what uses it, or choose another --port"
    )


def _buffers(_settings: Settings) -> Finding:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        got = probe.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    if sys.platform == "linux":
        got //= 2  # the kernel doubles it for its own bookkeeping
    if got >= RECEIVE_BUFFER:
        return ok(f"UDP buffers of {got // 1024} KiB")
    return note(
        f"UDP buffers of {got // 1024} KiB: bursts of large lessons may lose packets",
        f"sysctl -w net.core.rmem_max={RECEIVE_BUFFER} net.core.wmem_max={RECEIVE_BUFFER}",
    )


def _files(_settings: Settings) -> Finding:
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY or limit >= OPEN_FILES:
        return ok("enough open files are allowed")
    if most == resource.RLIM_INFINITY or most >= OPEN_FILES:
        return note(
            f"{limit} open files are allowed", f"ulimit -n {OPEN_FILES} before a start for many people"
        )
    return note(
        f"{limit} open files are allowed", f"raise the limit to {OPEN_FILES} (LimitNOFILE in systemd)"
    )


def _av(_settings: Settings) -> Finding:
    try:
        import av
        from av.codec import codecs_available
    except ImportError as error:
        return problem(
            f"media libraries: {error}", "install the package again: pip install --force-reinstall av"
        )
    missing = {"libopus", "vp8", "vp9", "h264"} - set(codecs_available)
    if missing:
        return problem(
            f"PyAV {av.__version__} lacks {', '.join(sorted(missing))}",
            "use the wheel from PyPI: pip install av",
        )
    return ok(f"PyAV {av.__version__} with its codecs")


def _text(_settings: Settings) -> Finding:
    from recorder.jobs import text

    binary = text.command()
    missing = set(text.LANGUAGES) - set(text.languages(binary) if binary else ())
    if not missing:
        return ok("tesseract reads the text of shared screens, for search in recordings")
    return note(
        "text of shared screens is not found by search: "
        + (
            "tesseract is not installed"
            if binary is None
            else f"tesseract lacks {', '.join(sorted(missing))}"
        ),
        "apt-get install tesseract-ocr tesseract-ocr-vie",
    )


def _client(_settings: Settings) -> Finding:
    if (_STATIC / "index.html").exists():
        return ok("the web client is built")
    return problem("the web client is not built", "./run web")


def _database(settings: Settings) -> Finding:
    from classroom.stores.database import open_stores
    from classroom.stores.port import StoreError

    async def try_it() -> bool:
        stores = await open_stores(settings.database_url or settings.data, school=settings.school)
        try:
            return await stores.ready()
        finally:
            await stores.close()

    kind = settings.database_url.partition(":")[0] or "SQLite"
    todo = "check --database-url and that the server runs" if settings.database_url else "check --data"
    try:
        ready = asyncio.run(try_it())
    except (StoreError, OSError) as error:
        return problem(f"database ({kind}): {error}", todo)
    return ok(f"database ({kind}) answers") if ready else problem(f"database ({kind}) does not answer", todo)


def _redis(settings: Settings) -> Finding:
    if not settings.redis_url:
        return ok("Redis: not used (one machine needs none)")
    import redis

    try:
        with redis.Redis.from_url(settings.redis_url, socket_timeout=3, socket_connect_timeout=3) as client:
            client.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        return problem(f"Redis: {error}", "check --redis-url and that the server runs")
    return ok("Redis answers")


def _space(settings: Settings) -> Finding:
    try:
        free = shutil.disk_usage(settings.data).free
    except OSError as error:
        return problem(f"disk space: {error.strerror}", "give another directory to --data")
    text = f"{free / 1024**3:.1f} GiB free for recordings (an hour of lesson takes about 1 GiB)"
    return ok(text) if free >= FREE_SPACE else problem(text, "make room, or move --data")


def _clock(_settings: Settings) -> Finding:
    now = datetime.now(UTC)
    if now.year < 2025:
        return problem(f"the clock says {now:%Y-%m-%d %H:%M} UTC", "set it; logs and certificates need it")
    if sys.platform == "linux" and _unsynchronised():
        return note(
            f"the clock says {now:%Y-%m-%d %H:%M} UTC and nothing keeps it right",
            "timedatectl set-ntp true (in a container: on its host)",
        )
    return ok(f"the clock says {now:%Y-%m-%d %H:%M} UTC")


def _unsynchronised() -> bool:
    """What adjtimex(2) says when asked to change nothing."""
    state = ctypes.create_string_buffer(512)  # struct timex, larger than on any architecture
    try:
        return int(ctypes.CDLL(None, use_errno=True).adjtimex(state)) == _TIME_ERROR
    except (OSError, AttributeError):
        return False
