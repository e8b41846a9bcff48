from collections.abc import Iterator
from pathlib import Path

import pytest

from courier.sandboxd.launcher import stop
from tests.cli.place import Place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A person's place; its sandboxes are ended afterwards."""
    try:
        yield Place(tmp_path)
    finally:
        stop(tmp_path / "state" / "sandboxd", kill_sandboxes=True)
