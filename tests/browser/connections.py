"""What a page's own peer connections tell (``getStats``): of the voice and video it gets, of the screen it sends."""

from typing import NamedTuple

from tests.browser.pages import Person

TRACK_CONNECTIONS = """
window.connections = []
window.RTCPeerConnection = new Proxy(window.RTCPeerConnection, {
  construct(target, args) { const made = new target(...args); window.connections.push(made); return made },
})
"""
"""A script for ``School.person``, which the others need."""

_INBOUND = """async () => {
  const sum = { received: 0, lost: 0, bytes: 0 }
  for (const connection of window.connections)
    (await connection.getStats()).forEach(entry => {
      if (entry.type !== 'inbound-rtp') return
      if (entry.kind === 'audio') { sum.received += entry.packetsReceived; sum.lost += entry.packetsLost }
      else sum.bytes += entry.bytesReceived
    })
  return sum
}"""
_OUTBOUND = """async () => {
  const sum = { octets: 0, pictures: 0, key_frames: 0 }
  for (const connection of window.connections)
    (await connection.getStats()).forEach(entry => {
      if (entry.type !== 'outbound-rtp' || entry.kind !== 'video') return
      sum.octets += entry.bytesSent
      sum.pictures += entry.framesEncoded ?? 0
      sum.key_frames += entry.keyFramesEncoded ?? 0
    })
  return sum
}"""


class Voice(NamedTuple):
    """``received``, ``lost``: packets of all voices."""

    received: int
    lost: int
    video_bytes: int


class Sent(NamedTuple):
    """Of video: payload octets, pictures, key frames."""

    octets: int
    pictures: int
    key_frames: int

    def since(self, before: "Sent") -> "Sent":
        return Sent(*(now - then for now, then in zip(self, before, strict=True)))


async def voice(person: Person) -> Voice:
    row = await person.page.evaluate(_INBOUND)
    return Voice(row["received"], row["lost"], row["bytes"])


async def sent(person: Person) -> Sent:
    return Sent(**await person.page.evaluate(_OUTBOUND))
