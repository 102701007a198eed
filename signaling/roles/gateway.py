"""The gateway role: web pages, API and sockets on the configured address."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from classroom.stores.database import open_stores
from classroom.stores.demo import seed_demo
from classroom.stores.passwords import Passwords
from classroom.stores.throttle import LocalThrottle, Throttle
from signaling import tls
from signaling.bus.port import Bus
from signaling.gateway.app import make_app, make_gateway, serving
from signaling.settings import Settings


async def run(settings: Settings, bus: Bus, runtime: Path, ready: Callable[[], None]) -> None:  # noqa: ARG001
    """Until cancelled."""
    stores = await open_stores(settings.database_url or settings.data, school=settings.school)
    passwords = Passwords()
    throttle = _throttle(settings)
    try:
        if settings.demo:
            await seed_demo(stores, settings.demo_password)
        app = make_app(make_gateway(stores, bus, settings, passwords, throttle))
        async with serving(app, settings.host, settings.port, tls.server_context(settings)):
            ready()
            await asyncio.Event().wait()
    finally:
        await throttle.close()
        passwords.close()
        await stores.close()


def _throttle(settings: Settings) -> Throttle:
    if not settings.redis_url:
        return LocalThrottle()
    from classroom.stores.throttle_redis import RedisThrottle

    return RedisThrottle(settings.redis_url)
