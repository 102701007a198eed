"""What is in a recorded file, decoded with PyAV."""

from pathlib import Path

import av
import numpy as np

from tests.recorder.kit.material import read_counter


def pictures(path: Path) -> list[tuple[float, int | None]]:
    """(ms, counter)."""
    found = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            luma = frame.to_ndarray(format="gray")
            found.append((float(frame.pts * frame.time_base) * 1000, read_counter(luma)))
    return found


def counters(path: Path) -> list[int]:
    return [counter for _, counter in pictures(path) if counter is not None]


def sound(path: Path) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """(mono samples at 48 kHz one after the other, [(ms, duration)] of each packet)."""
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
        samples = np.concatenate([frame.to_ndarray().mean(axis=0) for frame in frames])
        times = [(float(frame.pts * frame.time_base) * 1000, frame.samples / 48) for frame in frames]
    return samples, times


def packet_times(path: Path, kind: str) -> list[float]:
    with av.open(str(path)) as container:
        stream = next(s for s in container.streams if s.type == kind)
        return [float(p.pts * p.time_base) * 1000 for p in container.demux(stream) if p.pts is not None]


def onsets(samples: np.ndarray, threshold: float = 0.05) -> list[float]:
    """ms at which something is heard after 100 ms of silence."""
    loud = np.flatnonzero(np.abs(samples) > threshold) / 48
    if not len(loud):
        return []
    return [float(loud[0]), *(float(at) for at in loud[1:][np.diff(loud) > 100])]
