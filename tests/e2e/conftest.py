"""Which cells of the matrix are carried out each time: every agent and every form of work."""

import pytest

from tests.e2e.rows import ROWS

_EVERY = 3


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave two cells of three to whoever asks for all of them."""
    columns: dict[str, int] = {}
    rows = list(ROWS)
    for item in items:
        if isinstance(item, pytest.Function) and item.path.name == "test_matrix.py":
            column = columns.setdefault(item.originalname, len(columns))
            if (column + rows.index(str(item.callspec.params["row"]))) % _EVERY:
                item.add_marker(pytest.mark.exhaustive)
