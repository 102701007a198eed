"""The application, put together from what it is given."""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from classroom.stores.passwords import Passwords
from classroom.stores.port import Stores
from classroom.stores.throttle import Throttle
from recorder.archive.opening import open_files
from signaling.bus.port import Bus
from signaling.gateway.clock import Clock, MakeId, make_id, now_ms
from signaling.gateway.context import GATEWAY, Gateway
from signaling.gateway.erasures import Erasures
from signaling.gateway.hosts import LessonHosts
from signaling.gateway.jobs_director import JobsDirector
from signaling.gateway.media_director import MediaDirector
from signaling.gateway.metrics import Metrics
from signaling.gateway.middleware import add_headers, watch_over
from signaling.gateway.recording_director import RecordingDirector
from signaling.gateway.routing import MAX_BODY, handler_of
from signaling.gateway.self_test import SelfTests
from signaling.gateway.session_watch import SessionWatch
from signaling.gateway.sockets import Sockets
from signaling.gateway.static import add_static
from signaling.gateway.still_keeper import StillKeeper
from signaling.gateway.stills import Stills
from signaling.gateway.table import ROUTES
from signaling.settings import Settings

STATIC = Path(__file__).parent.parent / "static"
_FAREWELL_SECONDS = 2.0


def make_gateway(
    stores: Stores,
    bus: Bus,
    settings: Settings,
    passwords: Passwords,
    throttle: Throttle,
    *,
    clock: Clock = now_ms,
    ids: MakeId = make_id,
    static: Path = STATIC,
) -> Gateway:
    """The parts, and who hears of whose changes. Owns none of its arguments."""
    metrics = Metrics()
    sockets = Sockets(metrics)
    hosts = LessonHosts(stores, clock, metrics)
    media = MediaDirector(bus=bus, hosts=hosts, sockets=sockets, make_id=ids, metrics=metrics)
    recording = RecordingDirector(
        bus=bus, stores=stores, hosts=hosts, sockets=sockets, media=media, metrics=metrics
    )
    stills = Stills(sockets, metrics)
    stills.allowance = media.allowance
    stills.give_way = media.give_way
    jobs = JobsDirector(bus, stores, ids, metrics)
    recording.closer.ready_listeners.append(jobs.ready)
    still_keeper = StillKeeper(bus, hosts, stills, clock, metrics)
    stills.listeners.append(still_keeper.came)
    hosts.listeners += [media.changed, recording.changed, stills.changed, still_keeper.changed]
    files = open_files(settings.recordings, settings.storage_url)
    erasures = Erasures(bus=bus, stores=stores, files=files, hosts=hosts, clock=clock, stop_jobs=jobs.gone)
    return Gateway(
        stores=stores,
        bus=bus,
        settings=settings,
        files=files,
        clock=clock,
        make_id=ids,
        passwords=passwords,
        throttle=throttle,
        metrics=metrics,
        sockets=sockets,
        hosts=hosts,
        media=media,
        recording=recording,
        jobs=jobs,
        erasures=erasures,
        stills=stills,
        still_keeper=still_keeper,
        static=static,
        turn=settings.turn,
        self_tests=SelfTests(bus, lambda: media.workers, ids),
    )


def make_app(gateway: Gateway) -> web.Application:
    app = web.Application(middlewares=[watch_over], client_max_size=MAX_BODY)
    app[GATEWAY] = gateway
    for route in ROUTES:
        handler = handler_of(route)
        app.router.add_route(route.method, route.path, handler)
        if route.ranges:
            app.router.add_route("HEAD", route.path, handler)
    add_static(app)
    app.on_response_prepare.append(add_headers)
    app.cleanup_ctx.append(_life)
    app.on_shutdown.append(_say_farewell)
    return app


async def _life(app: web.Application) -> AsyncIterator[None]:
    gateway = app[GATEWAY]
    await gateway.hosts.recover()
    await gateway.media.start()
    await gateway.recording.start()
    await gateway.jobs.start()
    await gateway.erasures.start()
    watch = SessionWatch(gateway.stores.sessions, gateway.sockets, gateway.clock)
    watch.start()
    yield
    await watch.close()
    await gateway.still_keeper.close()
    await gateway.erasures.close()
    await gateway.jobs.close()
    await gateway.recording.close()
    await gateway.media.close()
    await gateway.hosts.close()
    await gateway.files.close()


async def _say_farewell(app: web.Application) -> None:
    """Every socket is told why it closes; who does not listen is not waited for."""
    sockets = app[GATEWAY].sockets
    app[GATEWAY].self_tests.shut_down()
    sockets.shut_down()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_FAREWELL_SECONDS):
            await sockets.gone()


def _without_the_request(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError):
        record.msg, record.args = f"{record.getMessage()}: {type(error).__name__}", ()
        record.exc_info = record.exc_text = None
    return True


@asynccontextmanager
async def serving(
    app: web.Application, host: str, port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Serve until exit; yields the port (which one, where 0 was asked for)."""
    # A request that is no HTTP is told so; the log must not get its lines: one may be a cookie.
    logging.getLogger("aiohttp.server").addFilter(_without_the_request)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, handle_signals=False)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, ssl_context=tls, backlog=1024)
        await site.start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
