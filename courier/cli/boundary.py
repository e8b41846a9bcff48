"""The one place where errors become text on stderr and an exit code."""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from courier.cli.here import Here
    from courier.errors import CourierError

OK, FAILED, MISUSED, BUG, INTERRUPTED = 0, 1, 2, 3, 130


def guarded(command: Callable[[], object], here: "Here", argv: Sequence[str]) -> int:
    """Run a command and return its exit code; nothing it raises gets past.

    Args:
        command: Runs it; an int it returns is the exit code.
        here: Where it was started.
        argv: What the person typed, for the report of a bug.
    """
    try:
        code = command()
        sys.stdout.flush()
    except click.ClickException as wrong:
        wrong.show(file=here.console.err)
        return MISUSED
    except (click.Abort, KeyboardInterrupt):
        here.console.tell("Interrupted.")
        return INTERRUPTED
    except BrokenPipeError:
        return _hush()
    except SystemExit as asked:
        return asked.code if isinstance(asked.code, int) else OK
    except Exception as error:  # noqa: BLE001 - nothing but this stands between a bug and a person
        return _failed(error, here, argv)
    return code if isinstance(code, int) and not isinstance(code, bool) else OK


def _failed(error: Exception, here: "Here", argv: Sequence[str]) -> int:
    from courier.errors import CourierError, InvalidCatalog

    if isinstance(error, InvalidCatalog):
        from courier.cli.views.diagnostics import listed

        here.console.tell(listed(error.diagnostics, here.console.err_ink))
        if error.elsewhere:
            here.console.tell(told(error, here))
        return error.exit_code
    if isinstance(error, CourierError):
        here.console.tell(told(error, here))
        return error.exit_code
    from courier.cli.report import write_report

    here.console.tell(write_report(error, here, argv))
    return BUG


def told(error: "CourierError", here: "Here") -> str:
    """Return an error as people read it: what is wrong, the detail, and what to do next."""
    from courier.cli.views.ink import safe_lines

    ink = here.console.err_ink
    lines = [f"{ink.paint('Error:', 'red', 'bold')} {safe_lines(error.summary)}"]
    if error.detail:
        lines += [f"  {line}" for line in safe_lines(error.detail).splitlines()]
    if error.next_step:
        lines.append(f"{ink.paint('Next:', 'cyan', 'bold')} {safe_lines(error.next_step)}")
    return "\n".join(lines)


def _hush() -> int:
    """Keep Python quiet about the pipe when it closes stdout at exit."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED
