from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from courier.storage.mirror import Mirror
from courier.storage.state import StateBranch
from tests.contracts.scratch import Scratch, make_scratch


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    made = make_scratch(tmp_path)
    made.commit({"README.md": "hello\n"})
    made.push()
    return made


@pytest.fixture
async def mirror(scratch: Scratch) -> AsyncIterator[Mirror]:
    opened = await scratch.mirror().open()
    yield opened
    await opened.close()


@pytest.fixture
async def state(mirror: Mirror) -> AsyncIterator[StateBranch]:
    opened = StateBranch(mirror)
    yield opened
    await opened.close()
