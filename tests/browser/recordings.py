"""Recordings as a person gets them, and what their packets say."""

import asyncio
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy
from msgspec import Struct

from tests.browser import pattern
from tests.browser.pages import Person


async def recording_row(person: Person, title: str, seconds: float = 10.0) -> dict[str, Any]:
    """The recording of the lesson with this title, once it is ready; asks the API with the page's cookies."""
    deadline = time.monotonic() + seconds
    while True:
        answer = await person.context.request.get(f"{person.product.url}/api/recordings")
        rows = (await answer.json())["recordings"]
        for row in rows:
            if row["title"] == title and row["state"] == "ready":
                return dict(row)
        assert time.monotonic() < deadline, f"no recording of {title!r} is ready: {rows}"
        await asyncio.sleep(0.05)


async def download_programme(person: Person, title: str, directory: Path) -> Path:
    row = await recording_row(person, title)
    answer = await person.context.request.get(f"{person.product.url}/api/recordings/{row['id']}/programme")
    assert answer.ok, await answer.text()
    path = directory / "programme.webm"
    path.write_bytes(await answer.body())
    return path


async def download_film(person: Person, recording: str, directory: Path, seconds: float = 60.0) -> Path:
    """Asks for the film of a recording, waits until it is made and gets it."""
    request, url = person.context.request, f"{person.product.url}/api/recordings/{recording}/exports"
    asked = await request.post(url, data={}, headers={"Origin": person.product.url})
    assert asked.ok, await asked.text()
    deadline = time.monotonic() + seconds
    while True:
        (row,) = (await (await request.get(url)).json())["exports"]
        if row["state"] == "ready":
            break
        assert row["state"] in ("waiting", "running"), row
        assert time.monotonic() < deadline, row
        await asyncio.sleep(0.1)
    answer = await request.get(f"{url}/{row['id']}/file")
    assert answer.ok, await answer.text()
    path = directory / "film.mp4"
    path.write_bytes(await answer.body())
    return path


class Tracks(Struct, frozen=True):
    """``pictures``: (time in the file in seconds, reading). ``beeps``: where tones begin, in seconds."""

    pictures: tuple[tuple[float, pattern.Reading], ...]
    beeps: tuple[float, ...]
    duration: float


def decode(path: Path) -> Tracks:
    pictures: list[tuple[float, pattern.Reading]] = []
    levels: list[tuple[float, bool]] = []
    with av.open(str(path)) as container:
        assert container.duration, "the file does not tell its duration"
        duration = container.duration / 1_000_000
        for frame in container.decode():
            if isinstance(frame, av.VideoFrame):
                luma = frame.to_ndarray(format="gray")
                if reading := pattern.read_picture(luma, float(frame.time) * 1000):
                    pictures.append((float(frame.time), reading))
            elif isinstance(frame, av.AudioFrame):
                samples = frame.to_ndarray().astype(numpy.float32)
                if samples.dtype != numpy.float32 or abs(samples).max(initial=0) > 1.5:
                    samples = samples / 32768
                mono = (
                    samples.reshape(-1, frame.layout.nb_channels)[:, 0]
                    if not frame.format.is_planar
                    else samples[0]
                )
                step = frame.sample_rate // 200
                for start in range(0, len(mono) - step + 1, step):
                    loud = float(abs(mono[start : start + step]).max()) > 0.15
                    levels.append((float(frame.time) + start / frame.sample_rate, loud))
    beeps: list[float] = []
    quiet_since = -1.0
    for at, loud in levels:
        if loud and at - quiet_since > 0.3:
            beeps.append(at)
        if loud:
            quiet_since = at
    return Tracks(tuple(pictures), tuple(beeps), duration)


def check_picture(path: Path, *, longest_gap: float = 1.0, seconds_at_least: float = 4.0) -> Tracks:
    """The pattern's counters go forward without a gap; prints what was found."""
    tracks = decode(path)
    assert tracks.pictures, "no readable picture in the recording"
    times = [at for at, _ in tracks.pictures]
    counters = [reading.counter for _, reading in tracks.pictures]
    gaps = [after - before for before, after in pairwise(times)]
    print(
        f"recording: {tracks.duration:.1f} s, {len(times)} pictures, longest gap {max(gaps, default=0):.2f} s,"
        f" {len(tracks.beeps)} beeps"
    )
    assert all(after >= before for before, after in pairwise(counters))
    assert max(gaps, default=0) <= longest_gap
    assert times[-1] - times[0] >= seconds_at_least
    return tracks


def skews(tracks: Tracks) -> list[float]:
    """Milliseconds by which each beep comes later than the picture drawn at the same moment.

    A beep begins at a whole second of the wall clock, and a picture carries the clock of its
    drawing. ``drawn`` wraps at 2**32 ms, which is no multiple of a second: it is unwrapped against
    today's clock first.
    """
    epoch = int(time.time() * 1000) & ~0xFFFFFFFF
    found = []
    for beep in tracks.beeps:
        at, reading = min(tracks.pictures, key=lambda picture: abs(picture[0] - beep))
        if abs(at - beep) > 0.5:
            continue
        clock_at_beep = epoch + reading.drawn + (beep - at) * 1000
        found.append((clock_at_beep + 500) % 1000 - 500)
    return found
