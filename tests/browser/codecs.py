"""Browsers that can do less, and what codecs a page sends and receives in, by its own statistics."""

from typing import Any

from playwright.async_api import Page

MANY_CORES = "Object.defineProperty(navigator, 'hardwareConcurrency', {get: () => 8})"
"""AV1 is published by larger computers only."""

# Keeps hold of the page's peer connections, for their statistics.
CONNECTIONS = """(() => {
  const Real = window.RTCPeerConnection
  window.connections = []
  window.RTCPeerConnection = class extends Real {
    constructor(...all) { super(...all); window.connections.push(this) }
  }
})()"""


def without(*codecs: str) -> str:
    """A script by which the browser neither sends nor receives these (``AV1``, ``VP9``)."""
    names = [f"video/{codec}".lower() for codec in codecs]
    return f"""(() => {{
  const names = {names!r}
  for (const one of [RTCRtpReceiver, RTCRtpSender]) {{
    const real = one.getCapabilities.bind(one)
    one.getCapabilities = kind => {{
      const found = real(kind)
      return {{...found, codecs: found.codecs.filter(codec => !names.includes(codec.mimeType.toLowerCase()))}}
    }}
  }}
  const add = RTCPeerConnection.prototype.addTransceiver
  RTCPeerConnection.prototype.addTransceiver = function (track, ...rest) {{
    const transceiver = add.call(this, track, ...rest)
    if (track === 'video' || track.kind === 'video')
      transceiver.setCodecPreferences(RTCRtpReceiver.getCapabilities('video').codecs)
    return transceiver
  }}
}})()"""


STREAMS = """async direction => {
  const found = []
  for (const connection of window.connections) {
    if (connection.connectionState === 'closed') continue
    const all = new Map()
    for (const entry of (await connection.getStats()).values()) all.set(entry.id, entry)
    for (const entry of all.values()) {
      if (entry.type !== direction + '-rtp' || entry.kind !== 'video') continue
      found.push({...entry, codec: all.get(entry.codecId)?.mimeType ?? null})
    }
  }
  return found
}"""


async def streams(page: Page, direction: str) -> list[dict[str, Any]]:
    """Video of ``outbound`` or ``inbound`` RTP, each with its codec's MIME type as ``codec``."""
    found: list[dict[str, Any]] = await page.evaluate(STREAMS, direction)
    return found


async def moving(page: Page, direction: str, milliseconds: int = 1000) -> dict[str, dict[str, Any]]:
    """Of the streams that carry pictures now, by codec, the one with most pixels; measured for so long."""
    count = "framesEncoded" if direction == "outbound" else "framesDecoded"
    before = {s["id"]: s.get(count, 0) for s in await streams(page, direction)}
    await page.wait_for_timeout(milliseconds)
    found: dict[str, dict[str, Any]] = {}
    for stream in await streams(page, direction):
        fresh = stream.get(count, 0) - before.get(stream["id"], 0)
        if fresh > 0 and stream["codec"]:
            best = found.get(stream["codec"])
            if best is None or stream.get("frameHeight", 0) > best.get("frameHeight", 0):
                found[stream["codec"]] = {**stream, "fresh": fresh}
    return found


# Looks at the front picture of a share on every animation frame: what the viewer sees, whichever element
# shows it. Needs pattern.READER. Each sample: [ms, counter or null, ready].
SAMPLER = """selector => {
  const readers = new Map(), samples = []
  let running = true
  const look = () => {
    if (!running) return
    const video = document.querySelector(selector)
    if (!video) samples.push([performance.now(), null, false])
    else {
      if (!readers.has(video)) { const made = window.readPattern(video); made.stop(); readers.set(video, made) }
      const reading = readers.get(video).now()
      samples.push([performance.now(), reading ? reading[0] : null, video.readyState >= 2 && video.videoWidth > 0])
    }
    requestAnimationFrame(look)
  }
  look()
  window.stopSampling = () => { running = false; return {samples, elements: readers.size} }
}"""
