"""Programmes played and sought in a real Chromium through HTTP byte ranges."""

import contextlib
import shutil

import pytest
from playwright.async_api import Page

from recorder import manifest
from recorder.control import CloseRecording, EndTrack, SetStage
from recorder.jobs.export import export
from recorder.jobs.request import ExportDetails
from tests.browser.chromium import chromium
from tests.recorder.conftest import EPOCH
from tests.recorder.kit.ranges import serve
from tests.recorder.kit.sender import Stream, VideoTrack, VoiceTrack, add_track

pytestmark = pytest.mark.browser

LOAD = """async (url) => {
  const video = document.querySelector('video');
  video.src = url;
  await new Promise((ok, bad) => {
    video.oncanplay = ok; video.onerror = () => bad(new Error(video.error.message)); });
  return [video.duration, video.videoWidth, video.videoHeight];
}"""

SEEK = """async (second) => {
  const video = document.querySelector('video');
  const begun = performance.now();
  // "seeked" comes before the picture can be drawn; a frame callback says that it is there. Where the
  // same picture stays no callback comes, and "seeked" with some patience has to do.
  await new Promise((ok, bad) => {
    video.onerror = () => bad(new Error(video.error.message));
    video.requestVideoFrameCallback(ok);
    video.onseeked = () => setTimeout(ok, 2000);
    video.currentTime = second; });
  const took = performance.now() - begun;
  while (video.seeking) await new Promise(requestAnimationFrame);
  const canvas = document.createElement('canvas');
  canvas.width = 320; canvas.height = 192;
  const context = canvas.getContext('2d', {willReadFrequently: true});
  context.drawImage(video, 0, 0, 320, 192);
  let counter = 0, clear = true;
  for (let bit = 0; bit < 16; bit++) {
    const top = context.getImageData(bit * 20 + 10, 48, 1, 1).data[0];
    const bottom = context.getImageData(bit * 20 + 10, 144, 1, 1).data[0];
    if (Math.abs(top - bottom) < 80) clear = false;
    if (top > bottom) counter += 1 << bit;
  }
  return [clear ? counter : null, video.currentTime, took];
}"""

PLAY = """async (milliseconds) => {
  const video = document.querySelector('video');
  const from = video.currentTime;
  await video.play();
  await new Promise((ok) => {
    const look = () => video.currentTime >= from + milliseconds / 1000 || video.ended ? ok() : setTimeout(look, 20);
    look(); });
  video.pause();
  return [video.currentTime, video.getVideoPlaybackQuality().totalVideoFrames];
}"""


@contextlib.asynccontextmanager
async def browser_page(directory, tmp_path):
    runner, url = await serve(directory)
    try:
        async with chromium() as browser:
            page = await browser.new_page()
            await page.goto(url)
            yield page
    finally:
        await runner.cleanup()


async def record(studio, opening, seconds, codec="vp8", width=320, height=192):
    await studio.recorder.handle(opening)
    screen, voice = VideoTrack(1, codec, fps=10, width=width, height=height), VoiceTrack(2)
    await studio.recorder.handle(add_track("r1", screen, share="s1", source="screen"))
    await studio.recorder.handle(add_track("r1", voice, share="s2", source="microphone"))
    await studio.recorder.handle(SetStage("r1", "s1"))
    stream = Stream([screen, voice], EPOCH)
    await studio.play(stream, seconds * 1000)
    return stream


async def check(page: Page, name: str, seconds: int, fps: float = 10) -> None:
    """The counter at a time is that time's, wherever one seeks to and in whatever order."""
    duration, width, _ = await page.evaluate(LOAD, f"/files/{name}")
    assert width == 320
    assert duration == pytest.approx(seconds, abs=0.3)
    for second in (seconds - 2, 1, seconds // 2, seconds - 1, 3, seconds - 3):
        counter, _, took = await page.evaluate(SEEK, second + 0.55)
        print(f"{name}: seek to {second}.55 s took {took:.0f} ms, counter {counter}")
        assert counter is not None
        assert abs(counter / fps - second - 0.55) < 0.35
    at, frames = await page.evaluate(PLAY, 1000)
    assert at > seconds - 3
    assert frames > 5


@pytest.mark.parametrize("codec", ["vp8", "vp9", "h264", "av1"])
async def test_programme_plays_and_seeks(studio, opening, tmp_path, codec):
    await record(studio, opening, 24, codec)
    await studio.recorder.handle(CloseRecording("r1"))
    async with browser_page(studio.directory / "r1", tmp_path) as page:
        await check(page, "programme.webm", 24)
        await page.evaluate(LOAD, f"/files/share-s1.{'mkv' if codec == 'h264' else 'webm'}")
        counter, *_ = await page.evaluate(SEEK, 5.05)
        assert counter is not None


async def test_unfinished_file_plays(studio, opening, tmp_path):
    await record(studio, opening, 6)
    left = tmp_path / "left"
    await studio.recorder._disk.flushed()
    shutil.copytree(studio.directory / "r1", left)
    async with browser_page(left, tmp_path) as page:
        await page.evaluate(LOAD, "/files/programme.webm")
        _, frames = await page.evaluate(PLAY, 1500)
        assert frames > 5
        counter, at, _ = await page.evaluate(SEEK, 3.55)
        assert counter is not None
        assert abs(counter / 10 - at) < 0.35


async def test_nothing_on_stage_for_long_still_plays_and_seeks(studio, opening, tmp_path):
    """Sound alone at first; then a picture of another size; then its share ends and the picture stays."""
    await studio.recorder.handle(opening)
    voice = VoiceTrack(2)
    await studio.recorder.handle(add_track("r1", voice, share="s2", source="microphone"))
    stream = Stream([voice], EPOCH)
    await studio.play(stream, 15_000)
    screen = VideoTrack(1, fps=10)
    await studio.recorder.handle(add_track("r1", screen, share="s1", source="screen"))
    await studio.recorder.handle(SetStage("r1", "s1"))
    stream.join(screen, 15_000)
    await studio.play(stream, 20_000)
    await studio.recorder.handle(EndTrack("r1", "s1"))
    await studio.recorder.handle(SetStage("r1", None))
    await studio.play(stream, 60_000)
    await studio.recorder.handle(CloseRecording("r1"))
    async with browser_page(studio.directory / "r1", tmp_path) as page:
        duration, *_ = await page.evaluate(LOAD, "/files/programme.webm")
        assert duration == pytest.approx(60, abs=0.3)
        assert (await page.evaluate(SEEK, 8.5))[0] is None
        counter, _, took = await page.evaluate(SEEK, 17.55)
        assert abs(counter / 10 - 2.55) < 0.35
        last, _, took = await page.evaluate(SEEK, 50.0)
        print(f"seek into the resting picture took {took:.0f} ms")
        assert last is not None
        assert abs(last - 49) <= 2


async def test_a_film_plays_and_seeks(studio, opening, tmp_path):
    await record(studio, opening, 6, width=640, height=360)
    await studio.recorder.handle(CloseRecording("r1"))
    directory = studio.directory / "r1"
    path = directory / "film.mp4"
    export(
        directory, manifest.load(directory), ExportDetails(), path, tell=lambda _: None, check=lambda: None
    )
    async with browser_page(directory, tmp_path) as page:
        duration, width, height = await page.evaluate(LOAD, "/files/film.mp4")
        assert (width, height) == (1920, 1080)
        assert duration == pytest.approx(6, abs=0.3)
        for second in (4, 1, 3):
            counter, _, took = await page.evaluate(SEEK, second + 0.55)
            print(f"film: seek to {second}.55 s took {took:.0f} ms, counter {counter}")
            assert abs(counter / 10 - second - 0.55) < 0.35
        _, frames = await page.evaluate(PLAY, 1000)
        assert frames > 5
