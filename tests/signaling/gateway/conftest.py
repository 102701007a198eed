from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.signaling.gateway.school import School, school_at


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[School]:
    async with school_at(tmp_path) as running:
        yield running
