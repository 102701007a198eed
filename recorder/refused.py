"""Why the recorder does not do what it was asked."""

from recorder.control import RecorderFailed


class Refused(Exception):
    """Answered as RecorderFailed."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.reply = RecorderFailed(code, detail)
