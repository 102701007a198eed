from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.signaling.gateway.room import Room
from tests.signaling.gateway.school import School, school_at


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[School]:
    async with school_at(tmp_path) as running:
        yield running


@pytest.fixture
async def room(school: School) -> AsyncIterator[Room]:
    """A live lesson with the teacher and two students in it, media joined."""
    room = Room(school, await school.lesson())
    for username in ("teacher", "student1", "student2"):
        await room.enter(username)
    yield room
    await room.close()
