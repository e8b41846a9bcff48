"""What every test shares: golden files that can be accepted, and nothing of this machine."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="rewrite golden files as they are now")
