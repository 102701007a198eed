"""The encoder behind ``Av1Encoder``: a line of JSON asks, pickled packets answer."""

import json
import pickle
import signal
import sys

import av

from tests.proc import without_real_time
from tests.recorder.kit.av1 import Asked
from tests.recorder.kit.material import new_context, picture


def main() -> None:
    without_real_time()
    # Who is interrupted at the keyboard ends this by ending.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    contexts: dict[int, av.VideoCodecContext] = {}
    for line in sys.stdin.buffer:
        asked = Asked(**json.loads(line))
        packets: list[bytes] = []
        if asked.do == "open":
            contexts[asked.encoder] = new_context("av1", asked.width, asked.height)
        elif asked.do == "frame":
            context = contexts[asked.encoder]
            shown = picture(asked.counter, context.width, context.height, asked.pts, key=asked.key)
            packets = [bytes(packet) for packet in context.encode(shown)]
        elif asked.do == "flush":
            packets = [bytes(packet) for packet in contexts.pop(asked.encoder).encode(None)]
        else:
            signal.pause()
        pickle.dump(packets, sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
