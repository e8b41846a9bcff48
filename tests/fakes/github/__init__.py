"""A GitHub of our own: stateful, on real bare repositories, over HTTP, with faults on demand."""

from tests.fakes.github.faults import Fault
from tests.fakes.github.hub import Access, Hub
from tests.fakes.github.wire import serving

__all__ = ["Access", "Fault", "Hub", "serving"]
