"""What carries out a request: one method for each kind. Checks first, changes after: a refusal has changed nothing."""

from collections.abc import Awaitable, Callable
from typing import Any

from media import control

Method = Callable[[Any], Awaitable[control.Reply]]
"""Of one kind of request. Raises Refused, or ``negotiation.NotAcceptable``."""


class Refused(Exception):
    """Becomes ``control.Failed``."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
