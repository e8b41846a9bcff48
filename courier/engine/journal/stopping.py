"""Stopping what is open: asked again, since libraries lose some requests to stop."""

import asyncio
from typing import Any, Final

AGAIN_SECONDS: Final = 5.0
"""How long what was asked to stop may take to put things in order before it is asked again."""


def break_off(task: "asyncio.Future[Any]") -> None:
    """Cancel a task, and go on asking until it has ended.

    A library may take being cancelled for a fault of its own and try again, or be done in that very
    moment; without another request the task would go on for as long as it likes.
    """
    if task.done():
        return
    task.cancel()
    asyncio.get_running_loop().call_later(AGAIN_SECONDS, break_off, task)
