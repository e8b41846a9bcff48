from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from courier.storage.mirror import Mirror
from tests.contracts.scratch import Scratch, make_scratch


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    made = make_scratch(tmp_path)
    made.commit(
        {"README.md": "hello\n", ".courier/project.yaml": "title: x\n", "src/a.py": "a = 1\n"}
    )
    made.push()
    return made


@pytest.fixture
async def mirror(scratch: Scratch) -> AsyncIterator[Mirror]:
    opened = await scratch.mirror().open()
    await opened.fetch()
    yield opened
    await opened.close()
