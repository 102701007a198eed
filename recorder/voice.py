"""A voice on the recording's time line: packets that follow one another sound without seams; pure."""

SEAM_MS = 15.0
"""A drift of less than this is not worth a seam; a lost packet (20 ms) leaves its gap."""


class VoiceLine:
    """Gives each packet its start: right after the one before, unless its own time says otherwise."""

    def __init__(self) -> None:
        self.end: float | None = None

    def place(self, time: float, duration: float) -> float | None:
        """All in ms of recording time. Starts never overlap; None: leave this packet out, as the line
        has run ahead of its time."""
        start = time
        if self.end is not None:
            if self.end - time > SEAM_MS:
                return None
            if time - self.end <= SEAM_MS:
                start = self.end
        self.end = start + duration
        return start
