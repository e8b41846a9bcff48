"""Serves the scripts of `scenarios` until interrupted: ``python -m tests.fakes.models [LOG]``."""

import sys
import threading
from contextlib import suppress
from pathlib import Path

from tests.fakes.models.scenarios import CLAUDE
from tests.fakes.models.server import ScriptedModels

with ScriptedModels(CLAUDE, log=Path(sys.argv[1]) if sys.argv[1:] else None) as models:
    for name in CLAUDE:
        print(models.base_url("by-hand", name))  # noqa: T201 - a tool for people
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):
        threading.Event().wait()
