"""From settings to a running role: what is derived once, and which body a role has."""

import datetime
import functools
import sys

from signaling import restart
from signaling.address import with_media_ip
from signaling.settings import Settings


def resolve(settings: Settings) -> Settings:
    """With everything filled in that follows from the machine. Raises tls.BadCertificate."""
    settings = with_media_ip(settings)
    if settings.tls_cert or not settings.is_loopback:
        from signaling import tls

        settings = tls.with_certificate(settings, datetime.datetime.now(datetime.UTC))
        tls.server_context(settings)
    return settings


def run(command: str, settings: Settings, worker: int = 0) -> int:
    """Until told to stop; returns the exit status."""
    if command in ("serve", "gateway"):
        from signaling.tls import BadCertificate

        try:
            settings = resolve(settings)
        except BadCertificate as error:
            print(f"classroom: {error}", file=sys.stderr)
            return restart.UNUSABLE
    else:
        settings = with_media_ip(settings)
    if settings.storage_url:
        from recorder.archive import address, opening

        try:
            opening.open_storage(address.parse(settings.storage_url))
        except ValueError as error:
            print(f"classroom: --storage-url: {error}", file=sys.stderr)
            return restart.UNUSABLE
    if command == "serve":
        from signaling.supervisor import serve

        return serve(settings)

    from signaling.roles.shell import run_role

    if command == "gateway":
        from signaling.roles.gateway import run as gateway

        return run_role("gateway", settings, gateway)
    if command == "media":
        from signaling.roles.media import run as media

        return run_role(f"media.{worker}", settings, functools.partial(media, worker))
    from signaling.roles.recorder import run as recorder

    return run_role("recorder", settings, recorder)
