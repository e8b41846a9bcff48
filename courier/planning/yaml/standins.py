"""Stand-ins for modules that a library asks for as it loads and hardly uses."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def standing_in(name: str, **members: object) -> Iterator[None]:
    """Let a library that loads meanwhile find these members instead of a module.

    The module would load twenty others, which takes longer than a small catalog. One that is
    there already is left there, and nothing is left of the stand-in.
    """
    if name in sys.modules:
        yield
        return
    stand_in = ModuleType(name)
    vars(stand_in).update(members)
    sys.modules[name] = stand_in
    try:
        yield
    finally:
        del sys.modules[name]
