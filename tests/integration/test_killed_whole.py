"""Everything killed at once in mid-recording: it goes on by itself, and log and files prove each other."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

from signaling import cli
from signaling.wire import client as ask
from tests.clients.lesson_socket import LessonSocket, SignedIn
from tests.product import Product, descendants
from tests.recorder.kit import reading


def kill_everything(product: Product) -> None:
    for pid in (product.pid, *(process.pid for process in descendants(product.pid))):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    product.kill()


async def written(directory: Path, at_least: int) -> Path:
    """The recording's directory, once its programme has so many bytes."""
    while (found := _programme(directory, at_least)) is None:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    return found


def _programme(directory: Path, at_least: int) -> Path | None:
    programmes = directory.glob("*/programme.webm")
    return next((path.parent for path in programmes if path.stat().st_size >= at_least), None)


async def test_everything_is_killed_in_mid_recording(tmp_path: Path, capsys) -> None:
    product = Product(tmp_path / "product").start()
    try:
        async with SignedIn(product.url) as teacher:
            await teacher.sign_in("teacher", product.password)
            lesson = await teacher.new_lesson("Killed")
            await teacher.call("POST", f"/api/lessons/{lesson}/start")
            async with LessonSocket(teacher, lesson) as host:
                await host.ask(ask.Knock)
                await host.ask(ask.StartRecording)
                directory = await written(product.data / "recordings", 4_500)
                kill_everything(product)
        before = (directory / "programme.webm").stat().st_size
        product.start()
        async with SignedIn(product.url) as teacher:
            await teacher.sign_in("teacher", product.password)
            async with LessonSocket(teacher, lesson) as host:
                await host.ask(ask.Knock)
                assert host.view is not None
                assert host.view.lesson.recording == directory.name
                await written(product.data / "recordings", before + 400)
                await host.ask(ask.EndLesson)
            rows = []
            while not rows or rows[0]["state"] != "ready":
                rows = (await teacher.call("GET", f"/api/recordings?lesson={lesson}"))["recordings"]
                await asyncio.sleep(0.05)
        heard = reading.packet_times(directory / "programme.webm", "audio")
        assert len(heard) > 50
        verify = ["verify", lesson, "--data", str(product.data)]
        while await asyncio.to_thread(cli.main, verify) == 0:
            if "programme.webm holds" in capsys.readouterr().out:
                break
            await asyncio.sleep(0.1)
        else:
            raise AssertionError(capsys.readouterr().err)
        product.stop()
    finally:
        product.keep_evidence("killed whole")
        product.kill()
