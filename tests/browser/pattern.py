"""A moving picture that a program can read: a frame counter and the wall clock, drawn as blocks.

The whole picture is a grid of 16 by 5 blocks, white for one and black for zero, read row by row:
32 bits counter, 32 bits of the clock (milliseconds since the epoch, lowest bits), 16 bits checksum.
Each block is an eightieth of the picture, so that it outlives any sensible compression and scaling.

The same grid is read in a page from a ``<video>`` (``READER``) and in Python from a decoded frame
(``read_picture``). Sender and receiver run on one machine, so glass-to-glass latency is the
receiver's clock less the clock in the picture.
"""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Any

import numpy
from msgspec import Struct

COLUMNS = 16
ROWS = 5
TITLE = "Moving pattern"
ADDRESS = "http://pattern.invalid/"
FRAMES_PER_SECOND = 15


def checksum(counter: int, clock: int) -> int:
    """16 bits over both words; never all zero for an all-black picture."""
    mixed = (counter ^ (clock * 0x9E3779B1 & 0xFFFFFFFF)) & 0xFFFFFFFF
    return (mixed ^ (mixed >> 16) ^ 0x5A5A) & 0xFFFF


class Reading(Struct, frozen=True):
    """``drawn`` and ``seen``: milliseconds; ``drawn`` is the clock's lowest 32 bits as in the picture."""

    counter: int
    drawn: int
    seen: float

    @property
    def latency(self) -> float:
        """Milliseconds from drawing to being seen, where ``seen`` is the wall clock."""
        return (self.seen - self.drawn + 2**31) % 2**32 - 2**31


def read_picture(luma: Any, seen: float) -> Reading | None:
    """``luma``: a 2-D array of brightness. None when the picture is not (wholly) the pattern."""
    height, width = luma.shape
    bits = 0
    for row in range(ROWS):
        for column in range(COLUMNS):
            top, left = int((row + 0.3) * height / ROWS), int((column + 0.3) * width / COLUMNS)
            bottom, right = int((row + 0.7) * height / ROWS), int((column + 0.7) * width / COLUMNS)
            bits = bits << 1 | int(numpy.mean(luma[top:bottom, left:right]) > 127)
    counter, clock, check = bits >> 48, bits >> 16 & 0xFFFFFFFF, bits & 0xFFFF
    return Reading(counter, clock, seen) if check == checksum(counter, clock) else None


class Figures(Struct, frozen=True):
    """What a series of readings says. Times in milliseconds."""

    distinct: int
    in_order: bool
    seconds: float
    longest_gap: float
    median_latency: float

    @property
    def per_second(self) -> float:
        return self.distinct / self.seconds if self.seconds else 0.0


def figures(readings: Sequence[Reading]) -> Figures:
    """``distinct`` counts each counter once; ``longest_gap`` is between the arrivals of distinct ones."""
    first: list[Reading] = []
    for reading in readings:
        if not first or reading.counter != first[-1].counter:
            first.append(reading)
    counters = [reading.counter for reading in first]
    pairs = list(pairwise(first))
    return Figures(
        distinct=len(set(counters)),
        in_order=all(after > before for before, after in pairwise(counters)),
        seconds=(first[-1].seen - first[0].seen) / 1000 if first else 0.0,
        longest_gap=max((after.seen - before.seen for before, after in pairs), default=0.0),
        median_latency=median(reading.latency for reading in first) if first else float("nan"),
    )


# --- in the browser -------------------------------------------------------------------------------

_CODEC = f"""
const COLUMNS = {COLUMNS}, ROWS = {ROWS}
function checksum(counter, clock) {{
  const mixed = (counter ^ Math.imul(clock, 0x9E3779B1)) >>> 0
  return (mixed ^ (mixed >>> 16) ^ 0x5A5A) & 0xFFFF
}}
"""

_DRAW = """
function bit(word, width, index) { return (word >>> (width - 1 - index)) & 1 }
function drawPattern(canvas, pen, counter) {
  const clock = Date.now() % 2 ** 32 >>> 0
  const check = checksum(counter, clock), w = canvas.width / COLUMNS, h = canvas.height / ROWS
  for (let i = 0; i < COLUMNS * ROWS; i++) {
    const on = i < 32 ? bit(counter, 32, i) : i < 64 ? bit(clock, 32, i - 32) : bit(check, 16, i - 64)
    pen.fillStyle = on ? '#fff' : '#000'
    pen.fillRect(Math.floor(i % COLUMNS * w), Math.floor(Math.floor(i / COLUMNS) * h), Math.ceil(w), Math.ceil(h))
  }
}
"""

# A worker's timer draws on: a tab in the background is throttled, a worker is not.
_PAGE = f"""<!doctype html><html><head><meta charset="utf-8"><title>{TITLE}</title>
<style>html,body{{margin:0;height:100%;overflow:hidden;background:#000}}canvas{{width:100vw;height:100vh;display:block}}</style>
</head><body><canvas></canvas><script>
{_CODEC}
{_DRAW}
const canvas = document.querySelector('canvas'), pen = canvas.getContext('2d', {{alpha: false}})
let counter = 0
function draw() {{
  counter += 1
  if (canvas.width !== innerWidth || canvas.height !== innerHeight) {{
    canvas.width = innerWidth; canvas.height = innerHeight
  }}
  drawPattern(canvas, pen, counter)
}}
const timer = new Worker(URL.createObjectURL(new Blob(
  ['setInterval(() => postMessage(0), {1000 // FRAMES_PER_SECOND})'], {{type: 'text/javascript'}})))
timer.onmessage = draw
</script></body></html>"""

READER = f"""(() => {{
{_CODEC}
// Reads every new frame of a <video> until stop() is called; returns [[counter, drawn, seen], ...].
window.readPattern = video => {{
  const canvas = document.createElement('canvas'), step = 10
  canvas.width = COLUMNS * step; canvas.height = ROWS * step
  const pen = canvas.getContext('2d', {{willReadFrequently: true, alpha: false}})
  const readings = []
  let running = true, unreadable = 0
  function read() {{
    if (video.readyState < 2 || !video.videoWidth) return null
    pen.drawImage(video, 0, 0, canvas.width, canvas.height)
    const seen = Date.now(), pixels = pen.getImageData(0, 0, canvas.width, canvas.height).data
    const words = [0, 0, 0]
    for (let i = 0; i < COLUMNS * ROWS; i++) {{
      const x = i % COLUMNS * step + step / 2, y = Math.floor(i / COLUMNS) * step + step / 2
      const on = pixels[(y * canvas.width + x) * 4 + 1] > 127 ? 1 : 0, word = i < 32 ? 0 : i < 64 ? 1 : 2
      words[word] = (words[word] << 1 | on) >>> 0
    }}
    return checksum(words[0], words[1]) === words[2] ? [words[0], words[1], seen] : null
  }}
  function frame() {{
    if (!running) return
    const reading = read()
    if (reading) readings.push(reading); else unreadable += 1
    video.requestVideoFrameCallback(frame)
  }}
  video.requestVideoFrameCallback(frame)
  return {{now: read, readings, stop() {{ running = false; return readings }}, get unreadable() {{ return unreadable }}}}
}}
}})()"""

# Stands in for the camera: the pattern, so that its clock can be compared with the screen's.
CAMERA = f"""(() => {{
  {_CODEC}
  {_DRAW}
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
  navigator.mediaDevices.getUserMedia = async constraints => {{
    if (!constraints.video) return real(constraints)
    const canvas = Object.assign(document.createElement('canvas'), {{width: 640, height: 360}})
    const pen = canvas.getContext('2d', {{alpha: false}})
    let counter = 0
    setInterval(() => drawPattern(canvas, pen, counter += 1), {1000 // FRAMES_PER_SECOND})
    return canvas.captureStream({FRAMES_PER_SECOND})
  }}
}})()"""

# Stands in for the microphone: a tone of 100 ms at every whole second of the wall clock, so that the
# clock can be heard as it can be seen in the picture.
CLOCK_TONE = """(() => {
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
  navigator.mediaDevices.getUserMedia = async constraints => {
    const stream = await real(constraints)
    if (!constraints.audio) return stream
    for (const track of stream.getAudioTracks()) { stream.removeTrack(track); track.stop() }
    const context = new AudioContext({sampleRate: 48000}), tone = context.createOscillator()
    const gain = context.createGain(), out = context.createMediaStreamDestination()
    tone.frequency.value = 1000
    gain.gain.value = 0
    tone.connect(gain).connect(out)
    tone.start()
    await context.resume()
    let next = Math.ceil(Date.now() / 1000) * 1000 + 1000
    setInterval(() => {
      while (next - Date.now() < 1500) {
        const at = context.currentTime + (next - Date.now()) / 1000
        if (at > context.currentTime) {
          gain.gain.setValueAtTime(0.5, at)
          gain.gain.setValueAtTime(0, at + 0.1)
        }
        next += 1000
      }
    }, 200)
    stream.addTrack(out.stream.getAudioTracks()[0])
    return stream
  }
})()"""


async def watch(page: Any, selector: str, seconds: float) -> list[Reading]:
    """Read the ``<video>`` that the selector finds for so long (the measurement's length, not a wait)."""
    await page.evaluate(READER)
    rows = await page.locator(selector).first.evaluate(
        """async (video, seconds) => {
            const reader = window.readPattern(video)
            await new Promise(done => setTimeout(done, seconds * 1000))
            return reader.stop()
        }""",
        seconds,
    )
    return [Reading(*row) for row in rows]


async def open_pattern(context: Any) -> Any:
    """A tab with the pattern. Answered by the browser's own interception: no server, no port."""

    async def answer(route: Any) -> None:
        await route.fulfill(body=_PAGE, content_type="text/html; charset=utf-8")

    page = await context.new_page()
    await page.route(ADDRESS, answer)
    await page.goto(ADDRESS)
    return page
