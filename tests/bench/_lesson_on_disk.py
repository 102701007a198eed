"""A recorded lesson for benches: a 1080p screen of text that is written on and scrolled, a camera, a voice."""

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from recorder.jobs import chat
from recorder.manifest import Manifest
from recorder.programme import AUDIO, VIDEO
from tests.recorder.kit.material import ENCODERS, OPTIONS, tone_packets
from tests.recorder.kit.written import Block, WrittenRecording

SCREEN = (1920, 1080)
CAMERA = (1280, 720)
SCREEN_FPS = 15
CAMERA_FPS = 25
LOOP_SECONDS = 20
"""Of pictures that are encoded; they are repeated up to the length that is wanted."""


def lesson_on_disk(directory: Path, seconds: int, codec: str = "vp8") -> Manifest:
    """``seconds``: a multiple of LOOP_SECONDS."""
    os.environ.setdefault("SVT_LOG", "1")
    recording = WrittenRecording(directory)
    screen, camera = _screen_loop(codec), _camera_loop()
    voice = tone_packets(500)
    sound = [(AUDIO, index * 20, voice[index % 500], True) for index in range(seconds * 50)]
    programme = _repeat(screen, seconds, 1000 / SCREEN_FPS)
    recording.add("programme.webm", codec, programme + sound, size=SCREEN)
    facts = {"share": "c", "participant": "t", "source": "camera"}
    recording.add("share-c.webm", "vp8", _repeat(camera, seconds, 1000 / CAMERA_FPS), size=CAMERA, **facts)
    facts = {"share": "s", "participant": "t", "source": "screen"}
    recording.add("share-s.webm", codec, programme, size=SCREEN, **facts)
    return recording.save()


def _repeat(frames: list[tuple[bytes, bool]], seconds: int, interval: float) -> list[Block]:
    count = round(seconds * 1000 / interval)
    return [(VIDEO, round(index * interval), *frames[index % len(frames)]) for index in range(count)]


def _screen_loop(codec: str) -> list[tuple[bytes, bool]]:
    """Ten seconds of writing, a scroll of two, eight seconds of writing again."""
    font = ImageFont.truetype(str(chat._FONTS / "NotoSans-Regular.ttf"), 26)
    page = Image.new("RGB", (SCREEN[0], SCREEN[1] * 2), "white")
    pen = ImageDraw.Draw(page)
    for row in range(58):
        pen.text((60, 10 + row * 36), f"{row + 1}. Bài {row}: Phương trình bậc hai một ẩn có dạng "
                 "ax² + bx + c = 0 (a ≠ 0), với a, b, c là các số đã biết, gọi là các hệ số.", font=font, fill="black")  # fmt: skip
    frames = []
    for index in range(LOOP_SECONDS * SCREEN_FPS):
        scroll = min(30, max(0, index - 150)) * 30
        x, y = 60 + index * 11 % 1700, 500 + scroll + index // 155 * 40
        pen.rectangle((x, y, x + 9, y + 24), fill=(20, 20, 160))
        frames.append(np.asarray(page.crop((0, scroll, SCREEN[0], scroll + SCREEN[1]))))
    return _encode(frames, codec, SCREEN_FPS, 1_500_000)


def key_frames(count: int) -> list[bytes]:
    """VP8, of a screen of text; each another."""
    chance = np.random.default_rng(2)
    found = []
    for _ in range(count):
        page = np.full((SCREEN[1], SCREEN[0], 3), 250, np.uint8)
        for row in range(40, SCREEN[1] - 40, 36):
            ink = chance.random((20, chance.integers(300, SCREEN[0] - 120))) < 0.3
            page[row : row + 20, 60 : 60 + ink.shape[1]][ink] = 20
        found.append(_encode([page], "vp8", SCREEN_FPS, 1_500_000)[0][0])
    return found


def _camera_loop() -> list[tuple[bytes, bool]]:
    """Soft shapes that move, with a sensor's noise."""
    chance = np.random.default_rng(1)
    width, height = CAMERA
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    noise = [chance.normal(0, 3, (height, width, 1)) for _ in range(5)]
    frames = []
    for index in range(LOOP_SECONDS * CAMERA_FPS):
        turn = index / CAMERA_FPS
        light = 110 + 60 * np.sin(x / 150 + turn) * np.cos(y / 120 - turn / 2)
        head = 70 * np.exp(-(((x - 640 - 80 * np.sin(turn)) / 180) ** 2) - ((y - 360) / 220) ** 2)
        picture = np.stack((light + head, light * 0.8, light * 0.7), axis=-1) + noise[index % 5]
        frames.append(np.clip(picture, 0, 255).astype(np.uint8))
    return _encode(frames, "vp8", CAMERA_FPS, 1_000_000)


def _encode(frames: list[np.ndarray], codec: str, fps: int, bits: int) -> list[tuple[bytes, bool]]:
    context = av.CodecContext.create(ENCODERS[codec], "w")
    context.height, context.width = frames[0].shape[:2]
    context.pix_fmt, context.time_base, context.framerate = "yuv420p", Fraction(1, fps), Fraction(fps)
    if codec != "av1":
        context.bit_rate = bits
    context.thread_count = 2
    context.options = OPTIONS[codec]
    packets = []
    for index, pixels in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
        frame.pts = index
        packets += context.encode(frame)
    packets += context.encode(None)
    return [(bytes(packet), bool(packet.is_keyframe)) for packet in packets]
